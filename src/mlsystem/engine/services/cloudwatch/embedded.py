"""Metrics that are embedded in log messages. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

MOST_VALUES = 100


def embedded_data(document: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Data in the shape of PutMetricData by namespace.

    What does not keep to the specification gives no metric, as on AWS: the message stays a message.
    """
    data: dict[str, list[dict[str, Any]]] = {}
    header = document["_aws"]
    directives = header.get("CloudWatchMetrics", ()) if isinstance(header, Mapping) else ()
    for directive in directives if isinstance(directives, list) else ():
        if isinstance(directive, Mapping) and isinstance(directive.get("Namespace"), str):
            data.setdefault(directive["Namespace"], []).extend(_directive(document, header, directive))
    return {namespace: found for namespace, found in data.items() if found}


def _directive(
    document: Mapping[str, Any], header: Mapping[str, Any], directive: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """One datum for each metric and each set of dimensions."""
    stamp = header.get("Timestamp")
    at = {"Timestamp": stamp / 1000} if _is_number(stamp) else {}
    for names in _list(directive.get("Dimensions", [[]])):
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            continue
        dimensions = [{"Name": name, "Value": str(document[name])} for name in names if name in document]
        if len(dimensions) != len(names):
            continue
        for metric in filter(_is_metric, _list(directive.get("Metrics"))):
            values = _values(document.get(metric["Name"]))
            if values:
                yield {
                    "MetricName": metric["Name"],
                    "Dimensions": dimensions,
                    "Unit": metric.get("Unit", "None"),
                    "StorageResolution": metric.get("StorageResolution", 60),
                    "Values": values,
                    **at,
                }


def _values(target: Any) -> list[float]:
    """A number, or an array of at most a hundred."""
    found = target if isinstance(target, list) else [target]
    if len(found) > MOST_VALUES or not all(map(_is_number, found)):
        return []
    return [float(one) for one in found]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_number(value: Any) -> TypeGuard[float]:
    """One that is also a number of a computer: JSON's may have any number of digits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _is_metric(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("Name"), str)
        and isinstance(value.get("Unit", ""), str)
        and isinstance(value.get("StorageResolution", 60), int)
    )
