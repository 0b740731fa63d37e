"""A schedule: when it is due, and what it then does.

The invocation carries the target with it, so that a schedule which is deleted after its last one still has it carried out.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any, ClassVar

from mlsystem.engine.decide.schedule import Rate, read_schedule
from mlsystem.engine.durable.machine import Action, CancelTimer, Event, SetTimer, Step
from mlsystem.engine.store.records import Record

TIMER = "due"


class State(StrEnum):
    """AWS's states of a schedule."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


class Schedule(Record):
    """`key` is `group/name`, `parent` the group. `anchor` is when its rate began."""

    kind: ClassVar[str] = "scheduler.schedule"
    name: str
    arn: str
    expression: str
    timezone: str
    target: dict[str, Any]
    description: str = ""
    start: float | None = None
    end: float | None = None
    is_deleted_after: bool = False
    anchor: float = 0.0


class ScheduleMachine:
    """`set` starts or stops the timer, `timer` invokes the target. Rates are scaled, instants are not."""

    model = Schedule

    def __init__(self, time_scale: float):
        self._time_scale = time_scale

    def advance(self, record: Schedule, event: Event, at: float) -> Step[Schedule]:
        match event.name:
            case "set":
                started = record.changed(anchor=max(at, record.start or at))
                return Step(started, timers=(self._timer(started, at),))
            case "timer" if record.state == State.ENABLED:
                return self._invoke(record, float(event.data.get("due", at)), at)
            case _:
                return Step(record)

    def _invoke(self, record: Schedule, due: float, at: float) -> Step[Schedule]:
        data = {"schedule": record.arn, "target": record.target, "due": due}
        name = f"{record.key}@{due}"
        # A lane of its own: one that is tried again holds up no later one.
        action = Action("scheduler.invoke", name, data, lane=f"scheduler.invocation/{name}")
        timer = self._timer(record, at)
        is_last = isinstance(timer, CancelTimer)
        return Step(None if is_last and record.is_deleted_after else record, actions=(action,), timers=(timer,))

    def _timer(self, record: Schedule, at: float) -> SetTimer | CancelTimer:
        if record.state != State.ENABLED:
            return CancelTimer(TIMER)
        schedule = read_schedule(record.expression)
        if isinstance(schedule, Rate):
            schedule = replace(schedule, period_seconds=schedule.period_seconds / self._time_scale)
        # A start is a moment at which it may be due, not one after which it is.
        after = max(at, (record.start or at) - 0.001)
        due = schedule.next_after(after, anchor=record.anchor, timezone=record.timezone)
        if due is None or (record.end is not None and due > record.end):
            return CancelTimer(TIMER)
        return SetTimer(TIMER, at=due, data={"due": due})
