"""Lambda's metrics, made from the requests that hosts wrote down. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
The shape is PutMetricData's, with every single value in it and time stamps in seconds, one a second.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

NAMESPACE = "AWS/Lambda"
_VALUES_A_DATUM = 150

Dimensions = tuple[tuple[str, str], ...]


def metric_data(function: str, version: str, requests: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`requests` are the host's records (see function_host.journal) of one version."""
    values: defaultdict[tuple[str, str, Dimensions, int], Counter[float]] = defaultdict(Counter)
    for request in requests:
        second = int(request["t"])
        for dimensions in _dimensions(function, version, request["r"]):
            for name, unit, value in _observations(request):
                values[(name, unit, dimensions, second)][value] += 1
    return [datum for series, counted in sorted(values.items()) for datum in _datums(series, counted)]


def _dimensions(function: str, version: str, resource: str) -> Iterator[Dimensions]:
    """By function, by the name that it was called under, and for an alias also by the version that ran."""
    yield (("FunctionName", function),)
    yield (("FunctionName", function), ("Resource", resource))
    qualifier = resource.partition(":")[2]
    if qualifier and qualifier != version:
        yield (("FunctionName", function), ("Resource", resource), ("ExecutedVersion", version))


def _observations(request: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    if request["k"] == "throttled":
        yield "Throttles", "Count", 1
        return
    yield "Invocations", "Count", 1
    yield "Errors", "Count", int(request["k"] != "ok")
    yield "Throttles", "Count", 0
    yield "Duration", "Milliseconds", request["d"]
    yield "ConcurrentExecutions", "Count", request["c"]


def _datums(series: tuple[str, str, Dimensions, int], counted: Counter[float]) -> Iterator[dict[str, Any]]:
    name, unit, dimensions, second = series
    values = sorted(counted)
    for start in range(0, len(values), _VALUES_A_DATUM):
        chunk = values[start : start + _VALUES_A_DATUM]
        yield {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
            "Timestamp": float(second),
            "Values": chunk,
            "Counts": [counted[value] for value in chunk],
            "Unit": unit,
            "StorageResolution": 1,
        }
