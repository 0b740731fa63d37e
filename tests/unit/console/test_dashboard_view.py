"""A dashboard shows what is now, and what is raised first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mlsystem.client.dashboard.filled import AlarmStates, Figures, Graph, Line, Words
from mlsystem.client.dashboard.widgets import MetricWidget, Place, TextWidget
from mlsystem.console.dashboard_view import figures, frames, graph, hidden_lines, states, text

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def line(label: str, ago: timedelta, value: float = 1.0) -> Line:
    return Line(label, (NOW - ago,), (value,))


def test_the_last_value_of_what_ended_long_ago_is_not_shown_as_now() -> None:
    found = figures(Figures("t", (line("gone", timedelta(hours=2)), line("serves", timedelta(minutes=1), 7))))
    assert found == [("serves", 7)]


def test_raised_alarms_come_first_and_missing_ones_are_named() -> None:
    found = states(AlarmStates("t", {"a": "OK", "b": None, "c": "ALARM"}))
    assert found == [("c", "ALARM"), ("a", "OK"), ("b", "not there")]


def test_a_graph_draws_no_more_lines_than_can_be_told_apart() -> None:
    found = Graph("t", tuple(line(f"l{number}", timedelta()) for number in range(25)))
    drawn = graph(found, MetricWidget("t", (), threshold=3.0), NOW - timedelta(hours=1), NOW)
    assert drawn is not None
    assert len(drawn.options["series"]) == 20
    assert drawn.options["series"][0]["markLine"]["data"][0]["yAxis"] == 3.0
    assert hidden_lines(found) == 5
    assert graph(Graph("t", (Line("l", (), ()),)), MetricWidget("t", ()), NOW, NOW) is None


def test_widgets_stand_in_their_own_widths() -> None:
    found = frames([MetricWidget("t", (), place=Place(8, 3)), TextWidget("x", place=Place(99, 6))])
    assert [(one.style, one.height) for one in found] == [("w8 metric", "low"), ("w24 text", "middle")]


def test_markdown_is_shown_as_text() -> None:
    found = text(Words("# Title\n\n- an **item** with [a link](https://example.com)\n<script>"))
    assert [(one.text, one.is_heading, one.is_item) for one in found] == [
        ("Title", True, False),
        ("an item with a link", False, True),
        ("<script>", False, False),
    ]
