"""The life of an alarm, as a row: a timer each evaluation interval, a verdict, and what follows when the state changes.

CloudWatch evaluates an alarm every minute, or every period if that is shorter; its periods end then, so they slide with it. Both are
divided by the time scale. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from mlsystem.engine.decide.alarm import INITIAL, AlarmRule, StateValue, evaluation_range
from mlsystem.engine.durable.machine import Action, Entry, Event, Notice, SetTimer, Step
from mlsystem.engine.services.cloudwatch.alarm_event import change_event
from mlsystem.engine.store.records import Record

MINUTE = 60.0
# Data of a period may come a little after it has ended. In real seconds, as it is the engine's own delay.
LATENESS_SECONDS = 2.0
# However fast time goes, an alarm costs no more than this.
SHORTEST_INTERVAL_SECONDS = 0.5
# The parent of composite alarms, which are few among many.
COMPOSITES = "composite"
# Actions by state, as PutMetricAlarm names them.
ACTION_MEMBERS = {
    StateValue.OK: "OKActions",
    StateValue.ALARM: "AlarmActions",
    StateValue.INSUFFICIENT_DATA: "InsufficientDataActions",
}
TIMER = "evaluate"


class Alarm(Record):
    """`key` is the alarm's name, `state` its StateValue, `definition` what PutMetricAlarm or PutCompositeAlarm took.

    `generation` counts the definitions, so that a verdict on an older one is told from one on this. `state_since` is when it came into
    its state, `told_at` when the state was told last.
    """

    kind: ClassVar[str] = "cloudwatch.alarm"
    arn: str
    definition: dict[str, Any]
    generation: int = 1
    reason: str = INITIAL
    reason_data: str = ""
    configured_at: float
    told_at: float
    state_since: float

    @property
    def is_composite(self) -> bool:
        return "AlarmRule" in self.definition

    @property
    def has_actions_enabled(self) -> bool:
        return bool(self.definition.get("ActionsEnabled", True))

    def action_arns(self, state: str) -> list[str]:
        return list(self.definition.get(ACTION_MEMBERS[StateValue(state)], ()))


def is_scaling_policy(arn: str) -> bool:
    return arn.startswith("arn:") and arn.split(":")[2] == "autoscaling" and ":scalingPolicy:" in arn


def interval_seconds(rule_period: float, time_scale: float) -> float:
    """Real seconds between two evaluations."""
    return max(min(rule_period, MINUTE) / time_scale, SHORTEST_INTERVAL_SECONDS)


def next_evaluation(period: float, time_scale: float, at: float) -> float:
    """The instant after `at` when the next interval has ended and its data have come."""
    interval = interval_seconds(period, time_scale)
    return (math.floor((at - LATENESS_SECONDS) / interval) + 1) * interval + LATENESS_SECONDS


def sliding_starts(rule: AlarmRule, time_scale: float, at: float) -> list[float]:
    """Starts, in real time, of the periods to look at, oldest first; the last one has ended with an interval before `at`."""
    interval, period = interval_seconds(rule.period, time_scale), rule.period / time_scale
    end = math.floor((at - LATENESS_SECONDS) / interval + 1e-6) * interval
    count = evaluation_range(rule)
    return [end - (count - position) * period for position in range(count)]


class AlarmMachine:
    """`timer` asks for an evaluation, `evaluated` and `state_set` may change the state, `notified` tells how an action went."""

    model = Alarm

    def __init__(self, time_scale: float):
        self._time_scale = time_scale

    def configure(self, record: Alarm, period: float, at: float, summary: str) -> Step[Alarm]:
        """A new definition: its state stays until it is evaluated."""
        timer = SetTimer(TIMER, at=next_evaluation(period, self._time_scale, at), data={"period": period})
        data = {"summary": summary, "definition": record.definition}
        return Step(record, timers=(timer,), history=(Entry("ConfigurationUpdate", data),))

    def configure_composite(self, record: Alarm, summary: str) -> Step[Alarm]:
        """As `configure`, of an alarm that no timer evaluates."""
        data = {"summary": summary, "definition": record.definition}
        return Step(record, history=(Entry("ConfigurationUpdate", data),))

    def advance(self, record: Alarm, event: Event, at: float) -> Step[Alarm]:
        match event.name:
            case "timer":
                return self._evaluate(record, event, at)
            case "evaluated" if event.data["generation"] == record.generation:
                return self._evaluated(record, event, at)
            case "state_set":
                return self._changed(record, event, at)
            case "notified":
                return Step(record, history=(Entry("Action", dict(event.data)),))
            case _:
                return Step(record)

    def _evaluate(self, record: Alarm, event: Event, at: float) -> Step[Alarm]:
        period = event.data["period"]
        timer = SetTimer(TIMER, at=next_evaluation(period, self._time_scale, at), data={"period": period})
        data = {"at": at, "generation": record.generation}
        action = Action("cloudwatch.evaluate", key=record.key, data=data, lane=f"cloudwatch.evaluate/{record.key}")
        return Step(record, timers=(timer,), actions=(action,))

    def _evaluated(self, record: Alarm, event: Event, at: float) -> Step[Alarm]:
        if event.data["state"] != record.state:
            return self._changed(record, event, at)
        return Step(record, notices=_scaling(record, record.state, event.data.get("value")))

    def _changed(self, record: Alarm, event: Event, at: float) -> Step[Alarm]:
        state = event.data["state"]
        changed = record.changed(
            state=state,
            reason=event.data["reason"],
            reason_data=event.data.get("reason_data", ""),
            told_at=at,
            state_since=at if state != record.state else record.state_since,
        )
        if state == record.state:
            return Step(changed)
        history = Entry("StateUpdate", {"old": _told(record), "new": _told(changed)})
        told = {"name": record.key, "arn": record.arn, "state": state, "previous": record.state}
        notices = (Notice("cloudwatch.alarm.changed", told), Notice("aws.event", change_event(record, changed)))
        if not changed.has_actions_enabled:
            return Step(changed, history=(history,), notices=notices)
        return Step(
            changed,
            history=(history,),
            actions=tuple(_notify(changed, record, arn, at) for arn in _topics(changed)),
            notices=(*notices, *_scaling(changed, state, event.data.get("value"))),
        )


def _topics(alarm: Alarm) -> list[str]:
    return [arn for arn in alarm.action_arns(alarm.state) if not is_scaling_policy(arn)]


def _notify(alarm: Alarm, before: Alarm, arn: str, at: float) -> Action:
    data = {
        "topic": arn,
        "previous": before.state,
        "state": alarm.state,
        "reason": alarm.reason,
        "at": at,
        "definition": alarm.definition,
        "configured_at": alarm.configured_at,
    }
    key = f"{alarm.key}/{alarm.state}/{at}/{arn}"
    return Action("cloudwatch.notify", key=key, data=data, lane=f"cloudwatch.notify/{alarm.key}")


def _scaling(alarm: Alarm, state: str, value: float | None) -> tuple[Notice, ...]:
    """Scaling policies are told again at each evaluation: they decide by how much to scale each time."""
    if not alarm.has_actions_enabled:
        return ()
    policies = [arn for arn in alarm.action_arns(state) if is_scaling_policy(arn)]
    return tuple(
        Notice("cloudwatch.alarm.scaling", {"alarm": alarm.key, "policy": arn, "state": state, "value": value})
        for arn in policies
    )


def _told(alarm: Alarm) -> dict[str, str]:
    return {"stateValue": alarm.state, "stateReason": alarm.reason, "stateReasonData": alarm.reason_data}
