"""What a dashboard's widgets look like. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlsystem.client.dashboard.filled import AlarmStates, Figures, Filled, Graph, Line, Words
from mlsystem.client.dashboard.fitted import drawn_period
from mlsystem.client.dashboard.widgets import AlarmWidget, MetricWidget, TextWidget, Widget
from mlsystem.console import charts
from mlsystem.console.charts import Chart, Series

COLUMNS, LOW, HIGH = 24, 4, 9
MOST_LINES = 20  # in one graph: more are no longer told apart
CURRENT = timedelta(minutes=10)
MARKS = re.compile(r"\*\*|__|`")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True)
class Frame:
    """Where a widget stands: its number, its title, and classes of the style sheet; `period` is that of its graph in seconds."""

    number: int
    title: str
    style: str
    height: str
    period: int


@dataclass(frozen=True)
class TextLine:
    text: str
    is_heading: bool
    is_item: bool


def frames(widgets: Sequence[Widget]) -> list[Frame]:
    return [_frame(number, widget) for number, widget in enumerate(widgets)]


def _frame(number: int, widget: Widget) -> Frame:
    width = min(max(widget.place.width, 1), COLUMNS)
    kind = {MetricWidget: "metric", AlarmWidget: "alarm", TextWidget: "text"}[type(widget)]
    height = "low" if widget.place.height <= LOW else "high" if widget.place.height >= HIGH else "middle"
    is_graph = isinstance(widget, MetricWidget) and not widget.is_single
    title = "" if isinstance(widget, TextWidget) else widget.title
    period = drawn_period(widget) if is_graph and isinstance(widget, MetricWidget) else 0
    return Frame(number, title, f"w{width} {kind if is_graph or kind != 'metric' else 'single'}", height, period)


def graph(found: Graph, widget: MetricWidget, since: datetime, until: datetime) -> Chart | None:
    """None where no line has a value in this time."""
    lines = _drawn_lines(found)
    if not lines:
        return None
    series = [Series(one.label, one.at, one.values) for one in lines]
    words = f"{found.title}: {len(lines)} {'line' if len(lines) == 1 else 'lines'} over time"
    full = until.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return charts.lines(words, series, "", widget.threshold, since, full, stacked=widget.is_stacked)


def _drawn_lines(found: Graph) -> list[Line]:
    """Where there are too many, those that go on."""
    having = [one for one in found.lines if one.values]
    if len(having) <= MOST_LINES:
        return having
    return sorted(having, key=lambda one: one.at[-1], reverse=True)[:MOST_LINES]


def hidden_lines(found: Filled) -> int:
    """How many lines a graph has that are not drawn."""
    return max(sum(bool(one.values) for one in found.lines) - MOST_LINES, 0) if isinstance(found, Graph) else 0


def figures(found: Figures) -> list[tuple[str, float]]:
    """The last value of each line. One that ended while another goes on, such as that of an endpoint which is gone, says nothing of now."""
    having: list[Line] = [one for one in found.lines if one.values]
    newest = max((one.at[-1] for one in having), default=None)
    current = [one for one in having if newest is not None and newest - one.at[-1] <= CURRENT]
    return [(one.label, one.values[-1]) for one in current[:MOST_LINES]]


def states(found: AlarmStates) -> list[tuple[str, str]]:
    """Raised ones first."""
    order = {"ALARM": 0, "INSUFFICIENT_DATA": 1, "OK": 2}
    named = [(name, state or "not there") for name, state in found.states.items()]
    return sorted(named, key=lambda one: (order.get(one[1], 3), one[0]))


def text(found: Words) -> list[TextLine]:
    """Markdown as lines of text: headings and items are known, all else is shown as it stands, without its marks."""
    lines = []
    for line in found.markdown.splitlines():
        bare = LINK.sub(r"\1", MARKS.sub("", line)).strip()
        is_item = bare.startswith(("- ", "* "))
        words = bare.lstrip("#").strip() if bare.startswith("#") else bare[2:] if is_item else bare
        if words:
            lines.append(TextLine(words, bare.startswith("#"), is_item))
    return lines
