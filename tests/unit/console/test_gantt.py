"""The bars of an execution's actions show when each ran, in shares of the whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mlsystem.client.pipeline import ActionView
from mlsystem.console.gantt import THINNEST, gantt

AT = datetime(2026, 1, 1, tzinfo=UTC)


def run(name: str, begin: float, seconds: float, status: str = "Succeeded") -> ActionView:
    return ActionView(name, status, started=AT + timedelta(seconds=begin), seconds=seconds)


def test_bars_lie_where_actions_ran_and_what_took_no_time_is_seen() -> None:
    rows = gantt([run("A/one", 0, 50), run("B/two", 50, 50), run("B/three", 100, 0)], AT)
    assert [(row.stage, row.name, row.left, row.width) for row in rows] == [
        ("A", "one", 0.0, 50.0),
        ("B", "two", 50.0, 50.0),
        ("B", "three", 100 - THINNEST, THINNEST),
    ]


def test_what_runs_lasts_until_now() -> None:
    (row,) = gantt([run("A/one", 0, 1, "InProgress")], AT + timedelta(seconds=30))
    assert (row.seconds, row.width) == (30, 100.0)


def test_an_execution_without_actions_has_no_bars() -> None:
    assert gantt([], AT) == []
