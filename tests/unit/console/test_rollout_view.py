"""What is drawn of a rollout: its own time, all traffic, and no fall where a period is only not over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mlsystem.client.deployment_course import Deployment, LifecycleEvent
from mlsystem.client.missing import Missing
from mlsystem.client.rollout import Course
from mlsystem.client.version_figures import Series, VersionFigures
from mlsystem.console.rollout_view import serving_since, shares, traffic_chart, window

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MISSING = Missing("not read")


def _seconds(count: int) -> datetime:
    return NOW + timedelta(seconds=count)


def _deployment(ended: datetime | None, status: str = "Succeeded") -> Deployment:
    return Deployment("d-1", status, "Canary", "1", "2", _seconds(-60), ended, "")


def test_what_counts_is_the_time_in_which_traffic_shifted() -> None:
    event = LifecycleEvent("AllowTraffic", "Succeeded", _seconds(-50), _seconds(-20), "", "")
    course = Course(_deployment(_seconds(-10)), (event,), 1.0, MISSING, MISSING, MISSING, None)
    found = window(course, NOW)
    assert found.counted == (_seconds(-50), _seconds(-20))
    assert found.drawn == (_seconds(-180), NOW)
    assert window(None, NOW).counted == window(None, NOW).drawn


def test_shares_lie_beside_each_other_and_no_version_with_traffic_is_left_out() -> None:
    found = shares({"1": 0.9, "3": 0.1}, ["1", "2"])
    assert [(one.version, one.share, one.start) for one in found] == [
        ("1", 0.9, 0.0),
        ("2", 0.0, 90.0),
        ("3", 0.1, 90.0),
    ]


def test_gaps_are_drawn_as_no_requests_and_the_period_that_is_not_over_is_left_out() -> None:
    at = (_seconds(-60), _seconds(-45), _seconds(-2))
    one = VersionFigures("1", 3, 0, None, None, None, Series(at, (2.0, 1.0, 9.0)))
    none = VersionFigures("2", 0, 0, None, None, None, Series((), ()))
    chart = traffic_chart({"1": one, "2": none}, (_seconds(-300), NOW), NOW)
    drawn = [[value for _, value in series["data"]] for series in chart.options["series"]]
    assert drawn == [[0.0, 2.0, 0.0, 0.0, 1.0, 0.0], [0.0] * 6]


def test_a_version_serves_since_its_newest_good_deployment_ended() -> None:
    known = [_deployment(None, "InProgress"), _deployment(_seconds(-10)), _deployment(_seconds(-500))]
    assert serving_since("2", known) == _seconds(-10)
    assert serving_since("7", known) is None
