"""Changes the capacity: because an alarm asks for it, or because the bounds do; and tells of it as activities.

An activity ends when the endpoint has settled: with the capacity that was wanted it was successful.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Paging, by_creation
from mlsystem.engine.decide.retention import SCALING_ACTIVITIES
from mlsystem.engine.decide.scaling import (
    Activity,
    Direction,
    ScheduledAction,
    apply_schedule,
    capacity_activity,
    read_policy,
    track,
)
from mlsystem.engine.durable.machine import Event, Json, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.services.application_autoscaling.notices import DUE
from mlsystem.engine.services.application_autoscaling.scope import all_of, check_scope, parent_prefix
from mlsystem.engine.services.application_autoscaling.target import (
    SET_CAPACITY,
    ActivityRecord,
    Policy,
    Target,
    TargetMachine,
    TargetState,
    target_key,
)
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.forgetting import forget_records

if TYPE_CHECKING:
    from types_boto3_application_autoscaling.type_defs import DescribeScalingActivitiesRequestTypeDef

SUCCESSFUL, FAILED, IN_PROGRESS = "Successful", "Failed", "InProgress"


class Scaling(Part):
    """The alarms' orders, the endpoints' answers, and DescribeScalingActivities."""

    def __init__(self, house: House, machine: TargetMachine):
        self._house = house
        self._machine = machine

    def tidy(self, now: float) -> None:
        since = SCALING_ACTIVITIES.since(now)
        forget_records(self._house.database, ActivityRecord, since, lambda _, one: (one.ended_at or now) < since)

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {SET_CAPACITY: self._set_capacity}

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {
            "cloudwatch.alarm.scaling": self._on_alarm,
            "sagemaker.endpoint.settled": self._on_settled,
            DUE: self._on_due,
        }

    @operation(
        "DescribeScalingActivities", accepts="ServiceNamespace ResourceId ScalableDimension MaxResults NextToken"
    )
    def describe(self, request: DescribeScalingActivitiesRequestTypeDef, call: Call) -> Mapping[str, object]:
        check_scope(request, request.get("ResourceId"))
        found = [
            activity
            for activity in all_of(call.tx, ActivityRecord, request, newest_first=True)
            if activity.parent.startswith(parent_prefix(request))
        ]
        return Paging(50).page(found, request, "ScalingActivities", by_creation, _described, descending=True)

    # ------------------------------------------------------------------ deciding
    def capacity_of(self, resource_id: str) -> int:
        """The desired instances of `endpoint/NAME/variant/NAME`. Raises AwsError(ValidationException) when there is no such variant."""
        _, endpoint, _, variant = resource_id.split("/")
        try:
            found = self._house.call("sagemaker", "DescribeEndpoint", {"EndpointName": endpoint})
        except AwsError:
            found = {}
        counts = {one["VariantName"]: one["DesiredInstanceCount"] for one in found.get("ProductionVariants", ())}
        if variant not in counts:
            raise AwsError(
                "ValidationException",
                f"No scalable resources found for service namespace: sagemaker, resource ID: {resource_id}",
            )
        return int(counts[variant])

    def fit(self, tx: Transaction, target: Target) -> None:
        """Bring the capacity between the bounds, if it is not."""
        capacity = self.capacity_of(target.resource_id)
        fitting = target.bounds.clamped(capacity)
        if fitting != capacity:
            side, bound = ("minimum", target.min_capacity) if fitting > capacity else ("maximum", target.max_capacity)
            self._begin(
                tx, target, fitting, capacity_activity(target.bounds, fitting, f"{side} capacity was set to {bound}")
            )

    def _on_alarm(self, tx: Transaction, topic: str, data: Json) -> None:
        policy = tx.get(Policy, data["policy"])
        target = tx.get(Target, policy.parent) if policy else None
        if policy is None or target is None or data["state"] != "ALARM" or data["value"] is None:
            return
        try:
            capacity = self.capacity_of(target.resource_id)
        except AwsError:
            return  # the endpoint is gone, its alarms will be, too
        rules = read_policy(policy.name, target.resource_id, policy.configuration)
        scale = self._house.clock.time_scale
        rules = replace(
            rules,
            scale_in_cooldown=rules.scale_in_cooldown / scale,
            scale_out_cooldown=rules.scale_out_cooldown / scale,
        )
        tracking = target.tracking.model_copy(update={"capacity": capacity})
        direction = Direction.OUT if "-AlarmHigh-" in data["alarm"] else Direction.IN
        decision = track(rules, target.bounds, tracking, direction, float(data["value"]), data["alarm"], tx.now)
        if decision.capacity is not None and decision.activity is not None:
            changed = tx.put(target.changed(tracking=tracking))
            self._begin(tx, changed, decision.capacity, decision.activity)

    def _on_due(self, tx: Transaction, topic: str, data: Json) -> None:
        """A scheduled action sets other bounds, and the capacity where that lies outside of them."""
        target = tx.get(Target, data["target"])
        if target is None:
            return
        action = ScheduledAction(data["name"], data["capacities"].get("min"), data["capacities"].get("max"))
        try:
            done = apply_schedule(action, target.bounds, self.capacity_of(target.resource_id))
        except AwsError as error:
            tx.add(_record(target, f"Setting bounds by {action.name}", action.name, FAILED, error.message, tx.now))
            return
        bounds = {"min_capacity": done.target.min_capacity, "max_capacity": done.target.max_capacity}
        changed = tx.put(target.changed(**bounds))
        for one in done.activities[:1]:
            tx.add(_record(target, one.description, one.cause, SUCCESSFUL, one.success, tx.now))
        if done.capacity is not None:
            self._begin(tx, changed, done.capacity, done.activities[-1])

    def _begin(self, tx: Transaction, target: Target, capacity: int, activity: Activity) -> None:
        if target.state != TargetState.IDLE:
            return
        activity_id = str(uuid.uuid4())
        record = ActivityRecord(
            key=activity_id,
            parent=target.key,
            state=IN_PROGRESS,
            description=activity.description,
            cause=activity.cause,
            message=activity.success,
        )
        tx.add(record)
        event = Event("scaling_decided", {"activity": activity_id, "capacity": capacity})
        self._house.worker.send(tx, Target, target.key, event)

    # ------------------------------------------------------------------ doing
    def _set_capacity(self, call: ActionCall) -> None:
        """Repeated after a crash it finds the endpoint on its way, or there already."""
        with self._house.database.transaction() as tx:
            target = tx.get(Target, call.owner_key)
            if target is None or target.activity != call.data["activity"]:
                return
            try:
                if self.capacity_of(target.resource_id) != target.wanted:
                    wanted = {"VariantName": target.variant, "DesiredInstanceCount": target.wanted}
                    request = {"EndpointName": target.endpoint, "DesiredWeightsAndCapacities": [wanted]}
                    self._house.call("sagemaker", "UpdateEndpointWeightsAndCapacities", request)
            except AwsError as error:
                self._end(tx, target, target.tracking.capacity, f"{error.code}: {error.message}")
                return
            self._see(tx, target)

    def _on_settled(self, tx: Transaction, topic: str, data: Json) -> None:
        for target in tx.all(Target, state=TargetState.SCALING):
            if target.endpoint == data["name"]:
                self._see(tx, target)

    def _see(self, tx: Transaction, target: Target) -> None:
        """End the activity, if the endpoint has settled."""
        try:
            found = self._house.call("sagemaker", "DescribeEndpoint", {"EndpointName": target.endpoint})
            capacity = self.capacity_of(target.resource_id)
        except AwsError as error:
            self._end(tx, target, target.tracking.capacity, error.message)
            return
        if found["EndpointStatus"] == "InService":
            reason = (
                "" if capacity == target.wanted else found.get("FailureReason", "the endpoint was changed meanwhile")
            )
            self._end(tx, target, capacity, reason)

    def _end(self, tx: Transaction, target: Target, capacity: int, failure: str) -> None:
        activity = tx.get(ActivityRecord, target.activity)
        if activity is not None:
            what = activity.description.removeprefix("Setting ").rstrip(".")
            message = f"Failed to set {what}. Reason: {failure}" if failure else activity.message
            state = FAILED if failure else SUCCESSFUL
            tx.put(activity.changed(state=state, message=message, ended_at=tx.now))
        event = Event("scaling_ended", {"activity": target.activity, "capacity": capacity})
        self._house.worker.send(tx, Target, target_key(target.resource_id, target.dimension), event)


def _record(target: Target, description: str, cause: str, state: str, message: str, at: float) -> ActivityRecord:
    """An activity that is over as soon as it begins."""
    return ActivityRecord(
        key=str(uuid.uuid4()),
        parent=target.key,
        state=state,
        description=description,
        cause=cause,
        message=message,
        ended_at=at,
    )


def _described(activity: ActivityRecord) -> dict[str, object]:
    resource_id, _, dimension = activity.parent.partition("|")
    told: dict[str, object] = {
        "ActivityId": activity.key,
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": datetime.fromtimestamp(activity.created_at, UTC),
        "StatusCode": activity.state,
    }
    if activity.ended_at is not None:
        told.update(EndTime=datetime.fromtimestamp(activity.ended_at, UTC), StatusMessage=activity.message)
    return told
