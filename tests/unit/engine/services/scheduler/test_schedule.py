"""When a schedule is due, and what follows."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.durable.machine import CancelTimer, Event, SetTimer
from mlsystem.engine.services.scheduler.schedule import Schedule, ScheduleMachine, State

MACHINE = ScheduleMachine(time_scale=60)
DUE = Event("timer", {"timer": "due", "due": 5.0})


def _schedule(expression: str, **members: Any) -> Schedule:
    base = {"key": "default/s", "state": State.ENABLED, "name": "s", "arn": "arn", "timezone": "UTC", "target": {}}
    return Schedule.model_validate({**base, "expression": expression, **members})


def test_a_rate_is_scaled_from_its_start_on() -> None:
    step = MACHINE.advance(_schedule("rate(5 minutes)", start=100.0), Event("set"), 0.0)
    assert step.timers == (SetTimer("due", at=105.0, data={"due": 105.0}),)


def test_the_invocation_carries_its_target_and_its_instant() -> None:
    step = MACHINE.advance(_schedule("rate(5 minutes)", target={"Arn": "a"}), DUE, 6.0)
    [action] = step.actions
    assert (action.key, action.data["target"], action.data["due"]) == ("default/s@5.0", {"Arn": "a"}, 5.0)
    assert step.timers == (SetTimer("due", at=10.0, data={"due": 10.0}),)


def test_the_last_invocation_ends_a_schedule_that_should_go() -> None:
    gone = MACHINE.advance(_schedule("at(1970-01-01T00:00:05)", is_deleted_after=True), DUE, 6.0)
    assert (gone.record, len(gone.actions)) == (None, 1)
    kept = MACHINE.advance(_schedule("at(1970-01-01T00:00:05)"), DUE, 6.0)
    assert kept.record is not None
    assert kept.timers == (CancelTimer("due"),)


def test_nothing_is_due_after_the_end_or_while_disabled() -> None:
    ending = _schedule("rate(5 minutes)", end=4.0)
    assert MACHINE.advance(ending, Event("set"), 0.0).timers == (CancelTimer("due"),)
    disabled = _schedule("rate(5 minutes)", state=State.DISABLED)
    assert MACHINE.advance(disabled, Event("set"), 0.0).timers == (CancelTimer("due"),)
    assert MACHINE.advance(disabled, DUE, 6.0).actions == ()
