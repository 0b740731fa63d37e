#!/usr/bin/env python3
"""Later months as live traffic: each flight, in the order of its departure, as the body of a request.

    python replay.py --months 2 3 --rows 1 --limit 1000      one JSON object a line

Each line holds `body` (CSV, one or several rows), `inference_id` and `labels` (the ground truth of each row; null for
a flight that never arrived). The ground truth comes later in life: send the body, keep the rest.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice

from flights import Flight, flights_of


@dataclass(frozen=True)
class Request:
    """One request to the API and what will turn out to be true."""

    inference_id: str
    body: str
    labels: list[str | None]


def requests_of(months: Iterable[int], rows: int = 1) -> Iterator[Request]:
    """The flights of these months as requests of `rows` rows each; ids are unique and the same at each replay."""
    for month in months:
        flights = flights_of(month)
        for start in range(0, len(flights), rows):
            batch = flights[start : start + rows]
            yield Request(f"2013-{month:02d}-{start:05d}", _body(batch), [flight.late for flight in batch])


def _body(flights: Iterable[Flight]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(flight.values for flight in flights)
    return text.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Print the flights of some months as requests, one JSON object a line."
    )
    parser.add_argument("--months", type=int, nargs="+", default=list(range(2, 13)), choices=range(1, 13))
    parser.add_argument("--rows", type=int, default=1, help="rows a request (default: 1)")
    parser.add_argument("--limit", type=int, help="stop after so many requests")
    arguments = parser.parse_args()
    for request in islice(requests_of(arguments.months, arguments.rows), arguments.limit):
        print(json.dumps(asdict(request)))


if __name__ == "__main__":
    main()
