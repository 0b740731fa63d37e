"""Target tracking policies: the figure to keep, and the two alarms that watch it.

https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlsystem.engine.decide.alarm import AlarmRule
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere

PERIOD_SECONDS = 60
# Three minutes above the target add capacity; fifteen below nine tenths of it take some away.
HIGH_PERIODS = 3
LOW_PERIODS = 15
LOW_SHARE = 0.9
# SageMaker's variants wait this long unless the policy says otherwise.
COOLDOWN_SECONDS = 300
VARIANT = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")
PER_INSTANCE = "SageMakerVariantInvocationsPerInstance"


@dataclass(frozen=True)
class Metric:
    """The metric that a policy watches."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    unit: str | None = None


@dataclass(frozen=True)
class TargetTrackingPolicy:
    """TargetTrackingScalingPolicyConfiguration, with the name of its policy."""

    name: str
    target_value: float
    metric: Metric
    scale_out_cooldown: float = COOLDOWN_SECONDS
    scale_in_cooldown: float = COOLDOWN_SECONDS
    disables_scale_in: bool = False


def read_policy(name: str, resource_id: str, configuration: Mapping[str, Any]) -> TargetTrackingPolicy:
    """Raises AwsError(ValidationException), NotImplementedHere for metrics of other services."""
    target = float(configuration["TargetValue"])
    if target <= 0:
        raise AwsError(
            "ValidationException", f"TargetValue of the policy {name} must be greater than 0, but is {target}"
        )
    return TargetTrackingPolicy(
        name=name,
        target_value=target,
        metric=_metric(name, resource_id, configuration),
        scale_out_cooldown=float(configuration.get("ScaleOutCooldown", COOLDOWN_SECONDS)),
        scale_in_cooldown=float(configuration.get("ScaleInCooldown", COOLDOWN_SECONDS)),
        disables_scale_in=bool(configuration.get("DisableScaleIn", False)),
    )


def high_alarm(policy: TargetTrackingPolicy) -> AlarmRule:
    """Above the target, three times out of three: add capacity."""
    return AlarmRule(
        comparison="GreaterThanThreshold",
        threshold=policy.target_value,
        period=PERIOD_SECONDS,
        evaluation_periods=HIGH_PERIODS,
        datapoints_to_alarm=HIGH_PERIODS,
        statistic=policy.metric.statistic,
        unit=policy.metric.unit,
    )


def low_alarm(policy: TargetTrackingPolicy) -> AlarmRule:
    """Below nine tenths of the target, fifteen times out of fifteen: take capacity away."""
    return AlarmRule(
        comparison="LessThanThreshold",
        threshold=round(policy.target_value * LOW_SHARE, 10),
        period=PERIOD_SECONDS,
        evaluation_periods=LOW_PERIODS,
        datapoints_to_alarm=LOW_PERIODS,
        statistic=policy.metric.statistic,
        unit=policy.metric.unit,
    )


def alarm_name(resource_id: str, side: str, unique_id: str) -> str:
    """`side` is High or Low."""
    return f"TargetTracking-{resource_id}-Alarm{side}-{unique_id}"


def _metric(name: str, resource_id: str, configuration: Mapping[str, Any]) -> Metric:
    predefined = configuration.get("PredefinedMetricSpecification")
    customized = configuration.get("CustomizedMetricSpecification")
    if (predefined is None) == (customized is None):
        raise AwsError(
            "ValidationException",
            f"the policy {name} needs either PredefinedMetricSpecification or CustomizedMetricSpecification",
        )
    return _predefined(resource_id, predefined) if predefined is not None else _customized(customized or {})


def _predefined(resource_id: str, specification: Mapping[str, Any]) -> Metric:
    kind = specification["PredefinedMetricType"]
    if kind != PER_INSTANCE:
        raise NotImplementedHere(f"the predefined metric {kind}", f"it has {PER_INSTANCE}")
    found = VARIANT.fullmatch(resource_id)
    if found is None:
        raise AwsError(
            "ValidationException", f"{kind} goes with endpoint/<name>/variant/<name>, not with {resource_id}"
        )
    dimensions = (("EndpointName", found[1]), ("VariantName", found[2]))
    return Metric("AWS/SageMaker", "InvocationsPerInstance", dimensions, "Sum")


def _customized(specification: Mapping[str, Any]) -> Metric:
    if "Metrics" in specification:
        raise NotImplementedHere("metric math in CustomizedMetricSpecification", "name one metric")
    return Metric(
        namespace=specification["Namespace"],
        name=specification["MetricName"],
        dimensions=tuple((item["Name"], item["Value"]) for item in specification.get("Dimensions", ())),
        statistic=specification["Statistic"],
        unit=specification.get("Unit"),
    )
