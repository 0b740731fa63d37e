"""Metric data, made from single observations. Pure.

They have the shape of PutMetricData, with every single value in them, so that percentiles are exact, and time stamps in seconds.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypedDict

# PutMetricData takes this many values a datum.
VALUES_A_DATUM = 150

Dimensions = tuple[tuple[str, str], ...]


class Series(NamedTuple):
    """What is summed up in one row of data: a metric in one second."""

    namespace: str
    name: str
    unit: str
    dimensions: Dimensions
    second: int


class Dimension(TypedDict):
    Name: str
    Value: str


class Datum(TypedDict):
    MetricName: str
    Dimensions: list[Dimension]
    Timestamp: float
    Values: list[float]
    Counts: list[float]
    Unit: str
    StorageResolution: int


def metric_data(observations: Iterable[tuple[Series, float]]) -> dict[str, list[Datum]]:
    """Data by namespace."""
    return data_of_many((series, (value,)) for series, value in observations)


def data_of_many(observations: Iterable[tuple[Series, Iterable[float]]]) -> dict[str, list[Datum]]:
    """Data by namespace, where a series comes with several observations at once."""
    values: defaultdict[Series, Counter[float]] = defaultdict(Counter)
    for series, seen in observations:
        values[series].update(seen)
    data: dict[str, list[Datum]] = {}
    for series, counted in sorted(values.items()):
        data.setdefault(series.namespace, []).extend(_data(series, counted))
    return data


def _data(series: Series, counted: Counter[float]) -> Iterator[Datum]:
    values = sorted(counted)
    for start in range(0, len(values), VALUES_A_DATUM):
        chunk = values[start : start + VALUES_A_DATUM]
        yield {
            "MetricName": series.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
            "Timestamp": float(series.second),
            "Values": chunk,
            "Counts": [float(counted[value]) for value in chunk],
            "Unit": series.unit,
            "StorageResolution": 1,
        }
