"""A rule: what it matches or when it is due, and whom it tells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.pattern import (
    InputTransformer,
    Pattern,
    TransformFailed,
    extract,
    read_pattern,
    reserved_variables,
)
from mlsystem.engine.decide.pattern.path import NOTHING
from mlsystem.engine.decide.schedule import Rate, read_schedule
from mlsystem.engine.durable.machine import CancelTimer, Event, Notice, SetTimer, Step
from mlsystem.engine.store.records import Record

BUS = "default"
TIMER = "due"


class State(StrEnum):
    """AWS's states of a rule."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


class Rule(Record):
    """`key` is the name. `targets` are by their id, as PutTargets takes them; `anchor` is when its rate began."""

    kind: ClassVar[str] = "events.rule"
    arn: str
    pattern: str = ""
    schedule: str = ""
    description: str = ""
    role_arn: str = ""
    anchor: float = 0.0
    targets: dict[str, dict[str, Any]] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)

    def matches(self, event: Mapping[str, Any]) -> bool:
        return self.state == State.ENABLED and bool(self.pattern) and _pattern(self.pattern).matches(event)


@lru_cache(maxsize=512)
def _pattern(text: str) -> Pattern:
    return read_pattern(text)


class RuleMachine:
    """Keeps a rule's timer: `set` starts or stops it, `timer` says that it is due. Rates are scaled, instants are not."""

    model = Rule

    def __init__(self, time_scale: float):
        self._time_scale = time_scale

    def advance(self, record: Rule, event: Event, at: float) -> Step[Rule]:
        match event.name:
            case "set":
                record = record.changed(anchor=at)
                return Step(record, timers=(self._timer(record, at),))
            case "timer" if record.state == State.ENABLED:
                due = Notice("events.rule.due", {"rule": record.key})
                return Step(record, timers=(self._timer(record, at),), notices=(due,))
            case _:
                return Step(record)

    def _timer(self, rule: Rule, at: float) -> SetTimer | CancelTimer:
        if not rule.schedule or rule.state != State.ENABLED:
            return CancelTimer(TIMER)
        schedule = read_schedule(rule.schedule, has_at=False)
        if isinstance(schedule, Rate):
            schedule = replace(schedule, period_seconds=schedule.period_seconds / self._time_scale)
        due = schedule.next_after(at, anchor=rule.anchor)
        return CancelTimer(TIMER) if due is None else SetTimer(TIMER, at=due)


def target_input(rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any], now: float) -> str:
    """What a target is given of an event. Raises TransformFailed."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        found = extract(target["InputPath"], event)
        if found is NOTHING:
            raise TransformFailed(f"the event has nothing at {target['InputPath']}")
        return json.dumps(found, ensure_ascii=False)
    if "InputTransformer" in target:
        reserved = reserved_variables(event, rule_arn=rule.arn, rule_name=rule.key, ingestion_time=instant(now))
        return transformer_of(target).apply(event, reserved)
    return json.dumps(event, ensure_ascii=False)


def transformer_of(target: Mapping[str, Any]) -> InputTransformer:
    given = target["InputTransformer"]
    return InputTransformer(given["InputTemplate"], given.get("InputPathsMap", {}))


def instant(seconds: float) -> str:
    """`time` of an event."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def refuse_other_bus(request: Mapping[str, Any]) -> None:
    """There is the default bus, by its name or its ARN."""
    name = str(request.get("EventBusName", BUS)).rsplit("/", 1)[-1]
    if name != BUS:
        raise AwsError(
            "ResourceNotFoundException", f"Event bus {name} does not exist; the local engine has {BUS} only."
        )
