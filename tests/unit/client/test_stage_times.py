"""Seconds of stages are those in which something but a person worked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mlsystem.client.pipeline import ActionView
from mlsystem.client.stage_times import side_by_side, stage_seconds

BEGIN = datetime(2026, 11, 24, tzinfo=UTC)


def run(name: str, begin: float, end: float, category: str = "Deploy") -> ActionView:
    return ActionView(
        name, "Succeeded", seconds=end - begin, category=category, started=BEGIN + timedelta(seconds=begin)
    )


RUNS = (
    run("Source/Git", 0, 2),
    run("Source/Data", 1, 4),
    run("Build/Templates", 5, 9),
    run("Build/Workflow", 9, 10),
    run("DeployDev/Model", 11, 12),
    run("DeployDev/Approve", 12, 100, "Approval"),
    run("DeployPrd/Model", 101, 103),
)


def test_actions_at_the_same_time_count_once_and_a_person_not_at_all() -> None:
    assert stage_seconds(RUNS) == {"Source": 4.0, "Build": 5.0, "DeployDev": 1.0, "DeployPrd": 2.0}


def test_actions_that_ran_at_the_same_time_stand_together() -> None:
    assert [[one.name for one in group] for group in side_by_side(RUNS)][:3] == [
        ["Source/Git", "Source/Data"],
        ["Build/Templates"],
        ["Build/Workflow"],
    ]


def test_an_execution_under_way_has_the_stages_that_it_has_reached() -> None:
    assert stage_seconds([*RUNS[:1], ActionView("Build/Templates", "InProgress")]) == {"Source": 2.0}
