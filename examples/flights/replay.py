#!/usr/bin/env python3
"""Later months as live traffic: each flight, in the order of its departure, as the body of a request.

    python replay.py --months 2 3 --rows 1 --limit 1000      one JSON object a line
    python replay.py --months 7 --ground-truth               what turned out, as the system takes it

Each line holds `body` (CSV, one or several rows), `inference_id` and `labels` (the ground truth of each row; null for
a flight that never arrived). The ground truth comes later in life: send the body, keep the rest.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice

from flights import Flight, flights_of


@dataclass(frozen=True)
class Request:
    """One request to the API and what will turn out to be true."""

    inference_id: str
    body: str
    labels: list[str | None]


def requests_of(months: Iterable[int], rows: int = 1, every: int = 1) -> Iterator[Request]:
    """Every so many flights of these months as requests of `rows` rows each; ids are unique and the same at each replay."""
    for month in months:
        yield from batches(flights_of(month)[::every], f"2013-{month:02d}", rows)


def batches(flights: Sequence[Flight], name: str, rows: int) -> Iterator[Request]:
    """Flights as requests of `rows` rows each; their ids begin with the name."""
    for start in range(0, len(flights), rows):
        batch = flights[start : start + rows]
        yield Request(f"{name}-{start:05d}", _body(batch), [flight.late for flight in batch])


def ground_truth(request: Request) -> str | None:
    """The line that tells what turned out, as SageMaker merges it with captured data; None where a flight never arrived."""
    labels = [label for label in request.labels if label is not None]
    if len(labels) < len(request.labels):
        return None
    truth = {"data": "\n".join(labels), "encoding": "CSV"}
    return json.dumps(
        {"groundTruthData": truth, "eventMetadata": {"eventId": request.inference_id}, "eventVersion": "0"}
    )


def ground_truths(requests: Iterable[Request]) -> list[str]:
    """The lines of these requests, but for those with a flight that never arrived."""
    return [line for request in requests if (line := ground_truth(request))]


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
    parser.add_argument("--every", type=int, default=1, help="take one flight in so many (default: 1)")
    parser.add_argument("--limit", type=int, help="stop after so many requests")
    parser.add_argument("--ground-truth", action="store_true", help="print what turned out, not what was asked")
    arguments = parser.parse_args()
    for request in islice(requests_of(arguments.months, arguments.rows, arguments.every), arguments.limit):
        line = ground_truth(request) if arguments.ground_truth else json.dumps(asdict(request))
        if line is not None:
            print(line)


if __name__ == "__main__":
    main()
