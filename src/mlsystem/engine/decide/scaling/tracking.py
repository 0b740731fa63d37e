"""Target tracking: how much capacity the metric asks for, and whether it may be changed now.

The capacity follows the metric in proportion: twice the target needs twice the capacity. Out is eager: a cooldown holds
back only what is no larger than the last step. In is careful: not within the cooldown, and not so far that the metric
would at once be above the target.
https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from pydantic import BaseModel, ConfigDict

from mlsystem.engine.decide.scaling.activity import Activity, alarm_cause, capacity_activity
from mlsystem.engine.decide.scaling.policy import TargetTrackingPolicy
from mlsystem.engine.decide.scaling.target import ScalableTarget


class Direction(Enum):
    """Which of the two alarms fires."""

    OUT = "High"
    IN = "Low"


class NotScaled(Enum):
    """Why nothing is done; the first three are codes of DescribeScalingActivities' NotScaledReasons."""

    AT_MAX = "AlreadyAtMaxCapacity"
    AT_MIN = "AlreadyAtMinCapacity"
    WOULD_FLAP = "AutoScalingAnticipatedFlapping"
    COOLDOWN = "the cooldown is not over"
    BUSY = "an activity is in progress"
    SUSPENDED = "scaling is suspended"
    DISABLED = "the policy does not scale in"


class Tracking(BaseModel):
    """What has been done of late. Times are seconds since the epoch, at which an activity was finished."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    capacity: int
    is_scaling: bool = False
    out_at: float | None = None
    # By how much the last scale-out raised the capacity.
    out_by: int = 0
    in_at: float | None = None


@dataclass(frozen=True)
class Decision:
    """Either a new capacity with its activity, or why there is none."""

    capacity: int | None = None
    activity: Activity | None = None
    not_scaled: NotScaled | None = None


def track(
    policy: TargetTrackingPolicy,
    target: ScalableTarget,
    tracking: Tracking,
    direction: Direction,
    metric: float,
    alarm: str,
    now: float,
) -> Decision:
    """Called while the alarm of `direction` is in ALARM; `metric` is the latest data point, `alarm` its name."""
    wanted = proportional(tracking.capacity, metric, policy.target_value)
    check = _out if direction is Direction.OUT else _in
    result = check(policy, target, tracking, wanted, now)
    if isinstance(result, NotScaled):
        return Decision(not_scaled=result)
    return Decision(result, capacity_activity(target, result, alarm_cause(alarm, policy.name)))


def proportional(capacity: int, metric: float, target: float) -> int:
    """The capacity at which the metric, per unit of capacity, would be at its target."""
    exact = capacity * metric / target
    # 2 * 750.0 / 750 must not become three by a rounding error.
    return math.ceil(round(exact, 9))


def finished(tracking: Tracking, capacity: int, now: float) -> Tracking:
    """An activity has ended with this capacity: its cooldown begins. A scale-out ends the cooldown of scaling in."""
    change = {"capacity": capacity, "is_scaling": False}
    if capacity > tracking.capacity:
        return tracking.model_copy(
            update={**change, "out_at": now, "out_by": capacity - tracking.capacity, "in_at": None}
        )
    if capacity < tracking.capacity:
        return tracking.model_copy(update={**change, "in_at": now})
    return tracking.model_copy(update=change)


def _out(
    policy: TargetTrackingPolicy, target: ScalableTarget, tracking: Tracking, wanted: int, now: float
) -> int | NotScaled:
    current = tracking.capacity
    if target.suspended.scaling_out:
        return NotScaled.SUSPENDED
    if tracking.is_scaling:
        return NotScaled.BUSY
    if current >= target.max_capacity:
        return NotScaled.AT_MAX
    new = target.clamped(max(wanted, current + 1))
    if _is_cooling(tracking.out_at, policy.scale_out_cooldown, now) and new - current <= tracking.out_by:
        return NotScaled.COOLDOWN
    return new


def _in(
    policy: TargetTrackingPolicy, target: ScalableTarget, tracking: Tracking, wanted: int, now: float
) -> int | NotScaled:
    current = tracking.capacity
    if policy.disables_scale_in:
        return NotScaled.DISABLED
    if target.suspended.scaling_in:
        return NotScaled.SUSPENDED
    if tracking.is_scaling:
        return NotScaled.BUSY
    if current <= target.min_capacity:
        return NotScaled.AT_MIN
    if wanted >= current:
        return NotScaled.WOULD_FLAP
    if _is_cooling(tracking.in_at, policy.scale_in_cooldown, now):
        return NotScaled.COOLDOWN
    return target.clamped(wanted)


def _is_cooling(since: float | None, cooldown: float, now: float) -> bool:
    return since is not None and now < since + cooldown
