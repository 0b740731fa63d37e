"""A metric filter: metrics that are made of the events of a group as they come in.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from mlsystem.engine.decide.log_filter import parse_filter
from mlsystem.engine.decide.log_json_filter import MISSING, parsed, select
from mlsystem.engine.decide.metric_data import Datum, Series, metric_data
from mlsystem.engine.store.records import Record


class MetricFilter(Record):
    """`key` is `group:name`, `parent` the group; `transformations` as PutMetricFilter takes them."""

    kind: ClassVar[str] = "logs.metric_filter"
    name: str
    pattern: str
    transformations: tuple[dict[str, Any], ...]

    def matches(self, messages: Iterable[str]) -> Iterator[str]:
        wanted = parse_filter(self.pattern)
        return (message for message in messages if wanted.matches(message))


def measured(filters: Iterable[MetricFilter], events: Sequence[tuple[int, str]]) -> dict[str, list[Datum]]:
    """Metric data by namespace, of (milliseconds, message)."""
    return metric_data(found for one in filters for found in _observations(one, events))


def _observations(one: MetricFilter, events: Sequence[tuple[int, str]]) -> Iterator[tuple[Series, float]]:
    wanted = parse_filter(one.pattern)
    for at, message in events:
        if not wanted.matches(message):
            continue
        for transformation in one.transformations:
            dimensions = _dimensions(transformation, message)
            value = _value(str(transformation["metricValue"]), message)
            if value is not None and dimensions is not None:
                namespace, name = transformation["metricNamespace"], transformation["metricName"]
                yield Series(namespace, name, transformation.get("unit", "None"), dimensions, at // 1000), value


def _value(told: str, message: str) -> float | None:
    """A number, or what stands at a selector; None where that is no number."""
    found = select(told, parsed(message)) if told.startswith("$") else told
    try:
        return None if isinstance(found, bool) else float(found)
    except (TypeError, ValueError):
        return None


def _dimensions(transformation: Mapping[str, Any], message: str) -> tuple[tuple[str, str], ...] | None:
    """None where the message lacks one: then it is not counted."""
    document = parsed(message)
    pairs = [(name, select(told, document)) for name, told in transformation.get("dimensions", {}).items()]
    if any(value is MISSING or isinstance(value, dict | list) for _, value in pairs):
        return None
    return tuple((name, str(value)) for name, value in pairs)
