"""Composite alarms: their states follow from those of other alarms, at the moment at which one of these changes.

A composite alarm is an alarm's row whose definition has a rule in place of a metric.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-combining.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.alarm import StateValue
from mlsystem.engine.decide.alarm.composite import CompositeRule, parse_composite
from mlsystem.engine.decide.alarm.reason import moment
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.durable.machine import Event, Json
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.cloudwatch.alarm import ACTION_MEMBERS, COMPOSITES, Alarm, AlarmMachine
from mlsystem.engine.services.cloudwatch.tags import write_tags
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import PutCompositeAlarmInputTypeDef

MEMBERS = "AlarmName AlarmRule AlarmDescription ActionsEnabled OKActions AlarmActions InsufficientDataActions Tags"


class CompositeAlarms(Part):
    """PutCompositeAlarm, and what follows from other alarms' changes."""

    def __init__(self, house: House, machine: AlarmMachine):
        self._house = house
        self._machine = machine

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"cloudwatch.alarm.changed": self._on_changed}

    @operation("PutCompositeAlarm", accepts=MEMBERS)
    def put(self, request: PutCompositeAlarmInputTypeDef, call: Call) -> Mapping[str, object]:
        given: Mapping[str, Any] = request
        name, rule = request["AlarmName"], parse_composite(request["AlarmRule"])
        known = call.tx.get(Alarm, name)
        if known is not None and not known.is_composite:
            raise AwsError("ValidationError", f"The alarm {name} is a metric alarm already.", status=400)
        _check(call.tx, name, rule, given)
        definition: dict[str, Any] = {member: value for member, value in given.items() if member != "Tags"}
        alarm = self._configured(known, name, definition, call.now)
        if known is None:
            write_tags(call.tx, alarm.arn, given.get("Tags", ()))
        verb = "updated" if known else "created"
        step = self._machine.configure_composite(alarm, f'Alarm "{name}" {verb}')
        self._house.worker.commit_step(call.tx, alarm, step)
        state = _state(call.tx, rule)
        self._send(call.tx, alarm, state, f"{alarm.arn} was {verb} and its alarm rule evaluates to {state}", [])
        return {}

    def _configured(self, known: Alarm | None, name: str, definition: dict[str, Any], now: float) -> Alarm:
        if known is not None:
            return known.changed(definition=definition, generation=known.generation + 1, configured_at=now)
        return Alarm(
            key=name,
            parent=COMPOSITES,
            state=StateValue.INSUFFICIENT_DATA,
            arn=self._house.scope.arn("cloudwatch", f"alarm:{name}"),
            definition=definition,
            configured_at=now,
            told_at=now,
            state_since=now,
        )

    def _on_changed(self, tx: Transaction, topic: str, data: Json) -> None:
        for alarm in parents(tx, data["name"]):
            state = _state(tx, parse_composite(alarm.definition["AlarmRule"]))
            if state == alarm.state:
                continue
            child = tx.get(Alarm, data["name"])
            at = child.state_since if child else tx.now
            reason = f"{data['arn']} transitioned to {data['state']} at {_day(at)}"
            triggering = {"arn": data["arn"], "state": {"value": data["state"], "timestamp": moment(at)}}
            self._send(tx, alarm, state, reason, [triggering])

    def _send(self, tx: Transaction, alarm: Alarm, state: str, reason: str, triggering: list[dict[str, Any]]) -> None:
        data = {
            "generation": alarm.generation,
            "state": state,
            "reason": reason,
            "reason_data": json.dumps({"triggeringAlarms": triggering}) if triggering else "",
        }
        self._house.worker.send(tx, Alarm, alarm.key, Event("evaluated", data))


def parents(tx: Transaction, name: str) -> Iterator[Alarm]:
    """The composite alarms whose rules speak of an alarm."""
    for alarm in tx.all(Alarm, parent=COMPOSITES):
        if name in parse_composite(alarm.definition["AlarmRule"]).alarms:
            yield alarm


def _state(tx: Transaction, rule: CompositeRule) -> str:
    found = (tx.get(Alarm, name) for name in rule.alarms)
    states = {alarm.key: alarm.state for alarm in found if alarm is not None}
    return str(StateValue.ALARM if rule.holds(states) else StateValue.OK)


def _check(tx: Transaction, name: str, rule: CompositeRule, request: Mapping[str, Any]) -> None:
    missing = [alarm for alarm in rule.alarms if alarm != name and tx.get(Alarm, alarm) is None]
    if missing:
        message = f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do not exist"
        raise AwsError("ValidationError", message, status=400)
    if name in _below(tx, rule):
        raise AwsError("ValidationError", f"The alarm {name} would depend on itself.", status=400)
    for member in ACTION_MEMBERS.values():
        for arn in request.get(member, ()):
            if arn.split(":")[2:3] != ["sns"]:
                raise NotImplementedHere(f"the action {arn} of a composite alarm", "topics of SNS are")


def _below(tx: Transaction, rule: CompositeRule) -> set[str]:
    """Every alarm that the rule rests on."""
    found: set[str] = set()
    waiting = list(rule.alarms)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        alarm = tx.get(Alarm, name)
        if alarm is not None and alarm.is_composite:
            waiting += parse_composite(alarm.definition["AlarmRule"]).alarms
    return found


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%A %d %B, %Y %H:%M:%S} UTC"
