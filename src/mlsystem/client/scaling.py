"""How an endpoint's variants scale: their bounds, what they follow, and what was done lately. Application Auto Scaling's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlsystem.client.connection import Connection

NAMESPACE = {"ServiceNamespace": "sagemaker"}
DIMENSION = {"ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
ACTIVITIES = 20


@dataclass(frozen=True)
class Bounds:
    variant: str
    least: int
    most: int
    suspended: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """`target` is the value that a policy of target tracking holds; cool-downs in seconds."""

    variant: str
    name: str
    kind: str
    metric: str
    target: float | None
    scale_out_cooldown: int | None
    scale_in_cooldown: int | None


@dataclass(frozen=True)
class ScheduledAction:
    name: str
    schedule: str
    least: int | None
    most: int | None


@dataclass(frozen=True)
class Activity:
    began: datetime
    ended: datetime | None
    status: str
    description: str
    cause: str
    message: str


@dataclass(frozen=True)
class Scaling:
    """`token` leads to older activities."""

    bounds: tuple[Bounds, ...]
    policies: tuple[Policy, ...]
    scheduled: tuple[ScheduledAction, ...]
    activities: tuple[Activity, ...]
    token: str


def read_scaling(connection: Connection, endpoint: str, variant: str, token: str = "") -> Scaling:
    """Of one variant; each list as far as its first page goes, of the activities the page at `token`."""
    client = connection.client("application-autoscaling")
    resource = f"endpoint/{endpoint}/variant/{variant}"
    one = {**NAMESPACE, **DIMENSION, "ResourceId": resource}
    targets = client.describe_scalable_targets(**NAMESPACE, **DIMENSION, ResourceIds=[resource])["ScalableTargets"]
    policies = client.describe_scaling_policies(**one)["ScalingPolicies"]
    scheduled = client.describe_scheduled_actions(**one)["ScheduledActions"]
    more = {"NextToken": token} if token else {}
    told = client.describe_scaling_activities(**one, MaxResults=ACTIVITIES, **more)
    return Scaling(
        tuple(_bounds(item, variant) for item in targets),
        tuple(_policy(item, variant) for item in policies),
        tuple(_scheduled(item) for item in scheduled),
        tuple(_activity(item) for item in told["ScalingActivities"]),
        told.get("NextToken", ""),
    )


def _bounds(found: Mapping[str, Any], variant: str) -> Bounds:
    words = {
        "DynamicScalingInSuspended": "scaling in",
        "DynamicScalingOutSuspended": "scaling out",
        "ScheduledScalingSuspended": "scheduled scaling",
    }
    state = found.get("SuspendedState", {})
    return Bounds(
        variant, found["MinCapacity"], found["MaxCapacity"], tuple(words[name] for name in words if state.get(name))
    )


def _policy(found: Mapping[str, Any], variant: str) -> Policy:
    settings = found.get("TargetTrackingScalingPolicyConfiguration", {})
    own = settings.get("CustomizedMetricSpecification", {}).get("MetricName", "")
    return Policy(
        variant=variant,
        name=found["PolicyName"],
        kind=found["PolicyType"],
        metric=settings.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType", own),
        target=settings.get("TargetValue"),
        scale_out_cooldown=settings.get("ScaleOutCooldown"),
        scale_in_cooldown=settings.get("ScaleInCooldown"),
    )


def _scheduled(found: Mapping[str, Any]) -> ScheduledAction:
    action = found.get("ScalableTargetAction", {})
    return ScheduledAction(
        found["ScheduledActionName"], found["Schedule"], action.get("MinCapacity"), action.get("MaxCapacity")
    )


def _activity(found: Mapping[str, Any]) -> Activity:
    return Activity(
        found["StartTime"],
        found.get("EndTime"),
        found["StatusCode"],
        found["Description"],
        found["Cause"],
        found.get("StatusMessage", ""),
    )
