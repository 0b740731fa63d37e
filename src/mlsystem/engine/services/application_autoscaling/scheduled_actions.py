"""Scheduled actions: other bounds at a time.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Paging, by_creation
from mlsystem.engine.decide.scaling import ScheduledAction
from mlsystem.engine.decide.schedule import Rate, check_timezone, read_schedule
from mlsystem.engine.durable.machine import CancelTimer, Event, Json, Machine, SetTimer, Step
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.application_autoscaling.notices import DEREGISTERED, due
from mlsystem.engine.services.application_autoscaling.scope import all_of, check_scope
from mlsystem.engine.services.application_autoscaling.target import Target, target_key
from mlsystem.engine.services.application_autoscaling.targets import find_target
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_application_autoscaling.type_defs import (
        DeleteScheduledActionRequestTypeDef,
        DescribeScheduledActionsRequestTypeDef,
        PutScheduledActionRequestTypeDef,
    )

TIMER = "due"


class ActionRecord(Record):
    """`key` is `target/name`, `parent` the target's key; times are seconds since the epoch."""

    kind: ClassVar[str] = "application_autoscaling.scheduled_action"
    name: str
    arn: str
    resource: str
    dimension: str
    schedule: str
    timezone: str = "UTC"
    starts_at: float | None = None
    ends_at: float | None = None
    capacities: dict[str, int]
    anchor: float

    def next_after(self, at: float, time_scale: float) -> float | None:
        """None: never again. Only a rate is a duration, which the time scale divides."""
        schedule = read_schedule(self.schedule)
        if isinstance(schedule, Rate):
            schedule = Rate(schedule.period_seconds / time_scale)
        due = schedule.next_after(max(at, self.starts_at or at), anchor=self.anchor, timezone=self.timezone)
        return None if due is None or (self.ends_at is not None and due > self.ends_at) else due


class ActionMachine:
    """Its timer tells the target, and is set again."""

    model = ActionRecord

    def __init__(self, time_scale: float):
        self._time_scale = time_scale

    def begin(self, record: ActionRecord, at: float) -> Step[ActionRecord]:
        next_at = record.next_after(at, self._time_scale)
        return Step(record, timers=(SetTimer(TIMER, at=next_at) if next_at is not None else CancelTimer(TIMER),))

    def advance(self, record: ActionRecord, event: Event, at: float) -> Step[ActionRecord]:
        if event.name != "timer":
            return Step(record)
        step = self.begin(record, at)
        return Step(record, timers=step.timers, notices=(due(record.parent, record.name, record.capacities),))


class ScheduledActions(Part):
    """Put, describe, delete."""

    def __init__(self, house: House):
        self._house = house
        self._machine = ActionMachine(house.clock.time_scale)

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {DEREGISTERED: self._on_deregistered}

    def _on_deregistered(self, tx: Transaction, topic: str, data: Json) -> None:
        for record in tx.all(ActionRecord, parent=data["target"]):
            tx.remove(ActionRecord, record.key)

    @operation(
        "PutScheduledAction",
        accepts="""ServiceNamespace Schedule Timezone ScheduledActionName ResourceId ScalableDimension StartTime EndTime
            ScalableTargetAction""",
    )
    def put(self, request: PutScheduledActionRequestTypeDef, call: Call) -> Mapping[str, object]:
        given: Mapping[str, Any] = request
        target = find_target(call.tx, given)
        name = given["ScheduledActionName"]
        key = f"{target.key}/{name}"
        known = call.tx.get(ActionRecord, key)
        record = _updated(known or self._new(given, target, call.now), given)
        call.tx.put(record)
        self._house.worker.commit_step(call.tx, record, self._machine.begin(record, call.now))
        return {}

    def _new(self, given: Mapping[str, Any], target: Target, at: float) -> ActionRecord:
        if "Schedule" not in given or "ScalableTargetAction" not in given:
            raise AwsError("ValidationException", "A new scheduled action needs Schedule and ScalableTargetAction.")
        name = given["ScheduledActionName"]
        path = f"scheduledAction:{self._house.new_id(32)}:resource/sagemaker/{target.resource_id}:scheduledActionName/{name}"
        return ActionRecord(
            key=f"{target.key}/{name}",
            parent=target.key,
            name=name,
            arn=self._house.scope.arn("autoscaling", path),
            resource=target.resource_id,
            dimension=target.dimension,
            schedule=given["Schedule"],
            capacities={},
            anchor=at,
        )

    @operation(
        "DescribeScheduledActions",
        accepts="ScheduledActionNames ServiceNamespace ResourceId ScalableDimension MaxResults NextToken",
    )
    def describe(self, request: DescribeScheduledActionsRequestTypeDef, call: Call) -> Mapping[str, object]:
        names, resource = request.get("ScheduledActionNames"), request.get("ResourceId")
        check_scope(request, resource)
        found = [
            record
            for record in all_of(call.tx, ActionRecord, request)
            if (names is None or record.name in names) and resource in (None, record.resource)
        ]
        return Paging(50).page(found, request, "ScheduledActions", by_creation, _describe)

    @operation("DeleteScheduledAction", accepts="ServiceNamespace ScheduledActionName ResourceId ScalableDimension")
    def delete(self, request: DeleteScheduledActionRequestTypeDef, call: Call) -> Mapping[str, object]:
        target = target_key(request["ResourceId"], request["ScalableDimension"])
        if not call.tx.remove(ActionRecord, f"{target}/{request['ScheduledActionName']}"):
            message = f"No scheduled action found for the name {request['ScheduledActionName']}"
            raise AwsError("ObjectNotFoundException", message)
        return {}


def _updated(record: ActionRecord, given: Mapping[str, Any]) -> ActionRecord:
    changes: dict[str, Any] = {}
    if "Schedule" in given:
        read_schedule(given["Schedule"])
        changes["schedule"] = given["Schedule"]
    if "Timezone" in given:
        check_timezone(given["Timezone"])
        changes["timezone"] = given["Timezone"]
    # Start and end are the only ones that are taken away where they are not given.
    for member, name in (("StartTime", "starts_at"), ("EndTime", "ends_at")):
        changes[name] = given[member].timestamp() if member in given else None
    if "ScalableTargetAction" in given:
        action = given["ScalableTargetAction"]
        bounds = {"min": action.get("MinCapacity"), "max": action.get("MaxCapacity")}
        # Building it checks that one of them is there.
        ScheduledAction(record.name, bounds["min"], bounds["max"])
        changes["capacities"] = {name: value for name, value in bounds.items() if value is not None}
    return record.changed(**changes)


def _describe(record: ActionRecord) -> dict[str, object]:
    names = {"min": "MinCapacity", "max": "MaxCapacity"}
    answer: dict[str, object] = {
        "ScheduledActionName": record.name,
        "ScheduledActionARN": record.arn,
        "ServiceNamespace": "sagemaker",
        "Schedule": record.schedule,
        "Timezone": record.timezone,
        "ResourceId": record.resource,
        "ScalableDimension": record.dimension,
        "ScalableTargetAction": {names[name]: value for name, value in record.capacities.items()},
        "CreationTime": _when(record.created_at),
    }
    for member, at in (("StartTime", record.starts_at), ("EndTime", record.ends_at)):
        if at is not None:
            answer[member] = _when(at)
    return answer


def _when(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
