"""Scheduled actions: other bounds at a time, and a capacity that fits into them at once.

https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scheduled-scaling.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.scaling.activity import Activity, bounds_activity, capacity_activity
from mlsystem.engine.decide.scaling.target import ScalableTarget


@dataclass(frozen=True)
class ScheduledAction:
    """ScalableTargetAction of a scheduled action; None leaves a bound as it is."""

    name: str
    min_capacity: int | None = None
    max_capacity: int | None = None

    def __post_init__(self) -> None:
        if self.min_capacity is None and self.max_capacity is None:
            raise AwsError(
                "ValidationException", f"the scheduled action {self.name} must set a minimum or a maximum capacity"
            )


@dataclass(frozen=True)
class Rescheduled:
    """The target with its new bounds, the capacity if it must change, and the activities."""

    target: ScalableTarget
    capacity: int | None
    activities: tuple[Activity, ...]


def apply_schedule(action: ScheduledAction, target: ScalableTarget, capacity: int) -> Rescheduled:
    """What the action does at its time; nothing while scheduled scaling is suspended.

    Raises AwsError if the bounds would contradict each other.
    """
    if target.suspended.scheduled:
        return Rescheduled(target, None, ())
    minimum = target.min_capacity if action.min_capacity is None else action.min_capacity
    maximum = target.max_capacity if action.max_capacity is None else action.max_capacity
    changed = replace(target, min_capacity=minimum, max_capacity=maximum)
    activities = [bounds_activity(minimum, maximum, action.name)]
    new = changed.clamped(capacity)
    if new == capacity:
        return Rescheduled(changed, None, tuple(activities))
    cause = f"minimum capacity was set to {minimum}" if new > capacity else f"maximum capacity was set to {maximum}"
    return Rescheduled(changed, new, (*activities, capacity_activity(changed, new, cause)))
