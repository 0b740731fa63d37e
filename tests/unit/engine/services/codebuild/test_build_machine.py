"""How a build lives: the pure part."""

from __future__ import annotations

import pytest

from mlsystem.engine.durable.machine import Event
from mlsystem.engine.services.codebuild.build import BuildMachine, BuildRecord, BuildStatus, Phase

MACHINE = BuildMachine()
NEW = BuildRecord(key="p:1", parent="p", plan={}, number=1, initiator="me")


def _exited(reason: str, code: int | None) -> Event:
    return Event("exited", {"reason": reason, "exit_code": code, "phases": [], "exported": []})


def _running() -> BuildRecord:
    begun = MACHINE.begin(NEW).record
    assert begun is not None
    running = MACHINE.advance(begun, Event("staged"), 1.0).record
    assert running is not None
    return running


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (_exited("time_limit", None), BuildStatus.TIMED_OUT),
        (_exited("exited", 3), BuildStatus.FAILED),
        (_exited("lost", None), BuildStatus.FAULT),
    ],
)
def test_the_end_of_the_program_decides_the_status(event: Event, status: BuildStatus) -> None:
    step = MACHINE.advance(_running(), event, 2.0)
    assert step.record is not None
    assert (step.record.state, step.record.phase, step.record.ended_at) == (status, Phase.COMPLETED, 2.0)
    assert step.notices[0].data["status"] == status


def test_a_stop_before_the_start_starts_nothing() -> None:
    begun = MACHINE.begin(NEW).record
    assert begun is not None
    stopping = MACHINE.advance(begun, Event("stop_requested"), 1.0).record
    assert stopping is not None
    step = MACHINE.advance(stopping, Event("staged"), 2.0)
    assert step.record is not None
    assert step.record.state == BuildStatus.STOPPED
    assert "codebuild.start_process" not in [action.name for action in step.actions]


def test_what_comes_after_the_end_changes_nothing() -> None:
    ended = MACHINE.advance(_running(), _exited("exited", 3), 2.0).record
    assert ended is not None
    for event in (_exited("exited", 0), Event("staged"), Event("stop_requested")):
        step = MACHINE.advance(ended, event, 3.0)
        assert (step.record, step.actions, step.notices) == (ended, (), ())


def test_a_build_is_stopped_and_forgotten_in_the_order_in_which_that_was_decided() -> None:
    """In one lane: a stop that came after all else was removed would leave a folder for ever."""
    stopping = MACHINE.advance(_running(), Event("stop_requested"), 2.0)
    assert stopping.record is not None
    ended = MACHINE.advance(stopping.record, _exited("stopped", None), 3.0)
    lanes = {action.name: action.lane for action in (*stopping.actions, *ended.actions)}
    assert lanes == {"codebuild.stop_process": None, "codebuild.clear_folder": None}
