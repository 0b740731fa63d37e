"""Application Auto Scaling: target tracking, scheduled actions, and the activities that they lead to.

policy = read_policy(name, configuration)          two alarms watch it: `high_alarm(policy)`, `low_alarm(policy)`
decision = track(policy, target, tracking, alarm, metric, now)
decision = apply_schedule(action, target, capacity)
"""

from mlsystem.engine.decide.scaling.activity import Activity, bounds_activity, capacity_activity
from mlsystem.engine.decide.scaling.policy import (
    Metric,
    TargetTrackingPolicy,
    alarm_name,
    high_alarm,
    low_alarm,
    read_policy,
)
from mlsystem.engine.decide.scaling.scheduled import Rescheduled, ScheduledAction, apply_schedule
from mlsystem.engine.decide.scaling.target import ScalableTarget, Suspended
from mlsystem.engine.decide.scaling.tracking import (
    Decision,
    Direction,
    NotScaled,
    Tracking,
    finished,
    track,
)

__all__ = [
    "Activity",
    "Decision",
    "Direction",
    "Metric",
    "NotScaled",
    "Rescheduled",
    "ScalableTarget",
    "ScheduledAction",
    "Suspended",
    "TargetTrackingPolicy",
    "Tracking",
    "alarm_name",
    "apply_schedule",
    "bounds_activity",
    "capacity_activity",
    "finished",
    "high_alarm",
    "low_alarm",
    "read_policy",
    "track",
]
