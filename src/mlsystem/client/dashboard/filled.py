"""The values of a dashboard's widgets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mlsystem.client.connection import Connection
from mlsystem.client.dashboard.widgets import AlarmWidget, MetricWidget, TextWidget, Widget, widgets

MOST_NAMES = 100  # of alarms in a request


@dataclass(frozen=True)
class Line:
    """A series, oldest first; only where there is a value."""

    label: str
    at: tuple[datetime, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Graph:
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Figures:
    """Of each line only the last value matters."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class AlarmStates:
    """State by name; None for an alarm that is not there."""

    title: str
    states: dict[str, str | None]


@dataclass(frozen=True)
class Words:
    markdown: str


Filled = Graph | Figures | AlarmStates | Words


def fill(connection: Connection, body: str, since: datetime, now: datetime) -> Iterator[Filled]:
    """Widget by widget. Raises ClientFailure."""
    for widget in widgets(body):
        yield fill_widget(connection, widget, since, now)


def fill_widget(connection: Connection, widget: Widget, since: datetime, now: datetime) -> Filled:
    """One of them, in as many requests as its lines need."""
    cloudwatch = connection.client("cloudwatch")
    match widget:
        case MetricWidget():
            lines = tuple(_lines(cloudwatch, widget, since, now))
            return Figures(widget.title, lines) if widget.is_single else Graph(widget.title, lines)
        case AlarmWidget():
            return AlarmStates(widget.title, _states(cloudwatch, widget.names))
        case TextWidget():
            return Words(widget.markdown)


def _lines(cloudwatch: Any, widget: MetricWidget, since: datetime, now: datetime) -> Iterator[Line]:
    if not widget.queries:
        return
    asked = {
        "MetricDataQueries": list(widget.queries),
        "StartTime": since,
        "EndTime": now + timedelta(minutes=1),
        "ScanBy": "TimestampAscending",
    }
    found: dict[tuple[str, str], tuple[list[datetime], list[float]]] = {}
    for page in cloudwatch.get_paginator("get_metric_data").paginate(**asked):
        for result in page["MetricDataResults"]:
            at, values = found.setdefault((result["Id"], result["Label"]), ([], []))
            at += result["Timestamps"]
            values += result["Values"]
    for (_, label), (at, values) in found.items():
        yield Line(label, tuple(at), tuple(values))


def _states(cloudwatch: Any, names: Sequence[str]) -> dict[str, str | None]:
    states: dict[str, str] = {}
    for first in range(0, len(names), MOST_NAMES):
        asked = {"AlarmNames": list(names[first : first + MOST_NAMES]), "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
        for page in cloudwatch.get_paginator("describe_alarms").paginate(**asked):
            for alarm in (*page["MetricAlarms"], *page.get("CompositeAlarms", ())):
                states[alarm["AlarmName"]] = str(alarm["StateValue"])
    return {name: states.get(name) for name in names}
