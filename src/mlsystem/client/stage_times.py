"""How long the stages of an execution took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from mlsystem.client.pipeline import ActionView

APPROVAL = "Approval"


def side_by_side(runs: Sequence[ActionView]) -> list[list[ActionView]]:
    """The actions of an execution in their order, those that ran at the same time together."""
    groups: list[list[ActionView]] = []
    for run in sorted((run for run in runs if run.started is not None), key=begin_of):
        if groups and begin_of(run) < max(map(end_of, groups[-1])):
            groups[-1].append(run)
        else:
            groups.append([run])
    return groups


def stage_seconds(runs: Sequence[ActionView]) -> dict[str, float]:
    """By stage; a person who approves is not counted."""
    found: dict[str, float] = {}
    for group in side_by_side([run for run in runs if run.category != APPROVAL]):
        stage = group[0].name.partition("/")[0]
        found[stage] = found.get(stage, 0.0) + group_seconds(group)
    return found


def group_seconds(group: Sequence[ActionView]) -> float:
    """From the first begin to the last end."""
    return (max(map(end_of, group)) - min(map(begin_of, group))).total_seconds()


def begin_of(run: ActionView) -> datetime:
    assert run.started is not None, f"{run.name} is an action of an execution"
    return run.started


def end_of(run: ActionView) -> datetime:
    return begin_of(run) + timedelta(seconds=run.seconds or 0.0)
