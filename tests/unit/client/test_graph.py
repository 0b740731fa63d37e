"""Series as lines of blocks."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from mlsystem.cli.graph import drawn, spark
from mlsystem.client.dashboard.filled import AlarmStates, Figures, Filled, Graph, Line

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = SINCE + timedelta(hours=2)


def line(**values: float) -> Line:
    """Minutes after the begin, as m5, and values."""
    at = tuple(SINCE + timedelta(minutes=int(name[1:])) for name in values)
    return Line("requests", at, tuple(values.values()))


def printed(*widgets: Filled, width: int = 100) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    for one in drawn(widgets, SINCE, NOW, width):
        console.print(one)
    return console.export_text()


def test_a_block_is_as_high_as_the_largest_value_of_its_stretch() -> None:
    found = spark(line(m0=0, m31=4, m40=2, m119=8), SINCE, NOW, low=0, high=8, columns=4)
    assert found == "▁▅ █"


def test_a_graph_tells_the_last_least_and_most() -> None:
    said = printed(Graph("Requests", (line(m5=3, m60=7.5, m100=5), Line("none", (), ()))))
    assert "Requests" in said and "none" not in said
    [row] = [text for text in said.splitlines() if "requests" in text]
    assert row.split()[-4:-1] == ["5", "3", "7.5"]


def test_on_a_narrow_screen_a_graph_is_narrow_and_no_figure_is_cut_off() -> None:
    wide = Line("InvocationsPerInstance of a variant", (SINCE, NOW - timedelta(minutes=1)), (123456.7, 0.00012345))
    said = printed(Graph("Requests", (wide,)), width=80)
    assert "1.235e+05" in said and "0.0001234" in said and "…" not in said.replace(" … ", "")
    assert max(map(len, said.splitlines())) <= 80


def test_a_graph_without_data_says_so_and_alarms_say_their_state() -> None:
    assert "no data in this time" in printed(Graph("Requests", ()))
    said = printed(AlarmStates("Alarms", {"drift": "ALARM", "gone": None}))
    assert "ALARM" in said and "is not there" in said


def test_of_single_values_the_last_is_told_and_those_that_follow_each_other_share_a_frame() -> None:
    errors = Figures("Errors now", (line(m5=3, m60=7.5), Line("none", (), ())))
    said = printed(Graph("Before", ()), errors, Figures("Requests now", ()), Graph("After", ()))
    assert said.count("╭") == 3 and "none" not in said
    rows = [text.strip("│ ") for text in said.splitlines() if " now" in text]
    assert rows[0].split()[:4] == ["Errors", "now", "7.5", "requests"]
    assert rows[1].split(maxsplit=2) == ["Requests", "now", "no data in this time"]


def test_a_long_label_has_a_quarter_of_a_wide_screen() -> None:
    label = "feature_baseline_drift_dep_delay"
    graph = Graph("Drift", (Line(label, (SINCE,), (0.3,)),))
    assert label in printed(graph, width=160) and label not in printed(graph, width=80)
