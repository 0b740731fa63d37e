"""Lambda's metrics, made from the requests that hosts wrote down. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlsystem.engine.decide.metric_data import Datum, Dimensions, Series, metric_data

NAMESPACE = "AWS/Lambda"


def function_metrics(function: str, version: str, requests: Iterable[Mapping[str, Any]]) -> dict[str, list[Datum]]:
    """`requests` are the host's records (see function_host.journal) of one version; data by namespace, one time stamp a second."""
    return metric_data(
        (Series(NAMESPACE, name, unit, dimensions, int(request["t"])), value)
        for request in requests
        for dimensions in _dimensions(function, version, request["r"])
        for name, unit, value in _observations(request)
    )


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
