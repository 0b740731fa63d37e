"""Scalable targets, their policies and activities, as rows, and the life of one activity."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.decide.scaling import ScalableTarget, Tracking, finished
from mlsystem.engine.decide.scaling.target import read_suspended
from mlsystem.engine.durable.machine import Action, Event, Step
from mlsystem.engine.store.records import Record

SET_CAPACITY = "application-autoscaling.set_capacity"


class TargetState(StrEnum):
    """Whether something is being done."""

    IDLE = "Idle"  # the capacity may be changed
    SCALING = "Scaling"  # an activity is in progress, others wait for its end


class Target(Record):
    """`key` is the resource and the dimension; `activity` the id of what is in progress, and `wanted` its capacity."""

    kind: ClassVar[str] = "application-autoscaling.target"
    arn: str
    resource_id: str
    dimension: str
    role_arn: str
    min_capacity: int
    max_capacity: int
    suspended: dict[str, Any]
    tracking: Tracking
    activity: str = ""
    wanted: int = 0
    tags: dict[str, str] = Field(default_factory=dict)

    @property
    def bounds(self) -> ScalableTarget:
        return ScalableTarget(
            self.resource_id, self.dimension, self.min_capacity, self.max_capacity, read_suspended(self.suspended)
        )

    @property
    def endpoint(self) -> str:
        """endpoint/NAME/variant/NAME"""
        return self.resource_id.split("/")[1]

    @property
    def variant(self) -> str:
        return self.resource_id.split("/")[3]


class Policy(Record):
    """`key` is the ARN, `parent` the target's key."""

    kind: ClassVar[str] = "application-autoscaling.policy"
    name: str
    configuration: dict[str, Any] = Field(default_factory=dict)
    alarms: tuple[str, ...] = ()


class ActivityRecord(Record):
    """`key` is the activity's id, `parent` the target's key, `state` its StatusCode."""

    kind: ClassVar[str] = "application-autoscaling.activity"
    description: str
    cause: str
    message: str = ""
    ended_at: float | None = None


class TargetMachine:
    """`scaling_decided` begins an activity, `scaling_ended` ends it; a second one waits for the first."""

    model = Target

    def advance(self, record: Target, event: Event, at: float) -> Step[Target]:
        match event.name:
            case "scaling_decided" if record.state == TargetState.IDLE:
                return self._begin(record, event)
            case "scaling_ended" if event.data["activity"] == record.activity:
                tracking = finished(record.tracking, int(event.data["capacity"]), at)
                return Step(record.changed(state=TargetState.IDLE, activity="", tracking=tracking))
            case _:
                return Step(record)

    def _begin(self, record: Target, event: Event) -> Step[Target]:
        activity, capacity = str(event.data["activity"]), int(event.data["capacity"])
        scaling = record.changed(
            state=TargetState.SCALING,
            activity=activity,
            wanted=capacity,
            tracking=record.tracking.model_copy(update={"is_scaling": True}),
        )
        return Step(scaling, actions=(Action(SET_CAPACITY, key=activity, data={"activity": activity}),))


def target_key(resource_id: str, dimension: str) -> str:
    return f"{resource_id}|{dimension}"
