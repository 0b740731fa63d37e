"""Application Auto Scaling: when capacity changes, by how much, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsystem.engine.decide.alarm import Point, evaluate, period_starts
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.scaling import (
    Decision,
    Direction,
    Metric,
    NotScaled,
    ScalableTarget,
    ScheduledAction,
    Suspended,
    Tracking,
    alarm_name,
    apply_schedule,
    finished,
    high_alarm,
    low_alarm,
    read_policy,
    track,
)
from mlsystem.engine.decide.scaling.target import read_suspended

RESOURCE = "endpoint/flights/variant/AllTraffic"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
CONFIGURATION: dict[str, Any] = {
    "TargetValue": 750.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    "ScaleOutCooldown": 60,
    "ScaleInCooldown": 120,
}
POLICY = read_policy("per-instance", RESOURCE, CONFIGURATION)
TARGET = ScalableTarget(RESOURCE, DIMENSION, 2, 10)
ALARM = alarm_name(RESOURCE, "High", "abc")


def decided(
    direction: Direction, metric: float, now: float = 1000.0, target: ScalableTarget = TARGET, **tracking: Any
) -> Decision:
    return track(POLICY, target, Tracking(**{"capacity": 4, **tracking}), direction, metric, ALARM, now)


# The policy and its alarms


def test_a_policy_watches_the_invocations_of_each_instance() -> None:
    assert POLICY.metric == Metric(
        "AWS/SageMaker",
        "InvocationsPerInstance",
        (("EndpointName", "flights"), ("VariantName", "AllTraffic")),
        "Sum",
    )
    assert (POLICY.scale_out_cooldown, POLICY.scale_in_cooldown, POLICY.disables_scale_in) == (60, 120, False)


def test_cooldowns_have_a_default() -> None:
    policy = read_policy(
        "p", RESOURCE, {key: CONFIGURATION[key] for key in ("TargetValue", "PredefinedMetricSpecification")}
    )
    assert (policy.scale_out_cooldown, policy.scale_in_cooldown) == (300, 300)


def test_a_customized_metric_is_named_in_full() -> None:
    specification = {
        "Namespace": "Own",
        "MetricName": "Busy",
        "Dimensions": [{"Name": "A", "Value": "b"}],
        "Statistic": "Average",
        "Unit": "Percent",
    }
    policy = read_policy("p", RESOURCE, {"TargetValue": 70, "CustomizedMetricSpecification": specification})
    assert policy.metric == Metric("Own", "Busy", (("A", "b"),), "Average", "Percent")


@pytest.mark.parametrize(
    ("configuration", "resource_id", "message"),
    [
        ({**CONFIGURATION, "TargetValue": 0}, RESOURCE, "must be greater than 0"),
        ({"TargetValue": 1}, RESOURCE, "either PredefinedMetricSpecification or CustomizedMetricSpecification"),
        (CONFIGURATION, "service/a/b", "goes with endpoint/<name>/variant/<name>"),
    ],
)
def test_a_wrong_policy_is_refused(configuration: dict[str, Any], resource_id: str, message: str) -> None:
    with pytest.raises(AwsError, match=message):
        read_policy("p", resource_id, configuration)


def test_other_services_are_refused_by_name() -> None:
    with pytest.raises(NotImplementedHere, match="ECSServiceAverageCPUUtilization"):
        read_policy(
            "p",
            RESOURCE,
            {
                "TargetValue": 1,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            },
        )
    with pytest.raises(NotImplementedHere, match="ecs:service:DesiredCount"):
        ScalableTarget("service/a/b", "ecs:service:DesiredCount", 1, 2)


@pytest.mark.parametrize(
    ("values", "fires"),
    [([800, 800, 800], True), ([800, 750, 800], False), ([800, 800], False)],
)
def test_three_minutes_above_the_target_fire_the_high_alarm(values: list[float], fires: bool) -> None:
    rule = high_alarm(POLICY)
    starts = period_starts(rule, 6000.0)
    points = [Point(start) for start in starts[: -len(values)]]
    points += [Point(start, float(value)) for start, value in zip(starts[-len(values) :], values, strict=True)]
    verdict = evaluate(rule, points, 6000.0)
    assert (verdict is not None and verdict.state == "ALARM") is fires


@pytest.mark.parametrize(("value", "count", "fires"), [(674.0, 15, True), (675.0, 15, False), (674.0, 14, False)])
def test_a_quarter_of_an_hour_below_nine_tenths_fires_the_low_alarm(value: float, count: int, fires: bool) -> None:
    rule = low_alarm(POLICY)
    starts = period_starts(rule, 6000.0)
    points = [Point(start, 900.0) for start in starts[:-count]] + [Point(start, value) for start in starts[-count:]]
    verdict = evaluate(rule, points, 6000.0)
    assert (verdict is not None and verdict.state == "ALARM") is fires


# Out


@pytest.mark.parametrize(
    ("metric", "capacity"), [(751.0, 5), (900.0, 5), (938.0, 6), (1500.0, 8), (5000.0, 10), (750.0, 5)]
)
def test_out_is_in_proportion_and_at_least_one_and_at_most_the_maximum(metric: float, capacity: int) -> None:
    assert decided(Direction.OUT, metric).capacity == capacity


def test_the_activity_reads_as_aws_writes_it() -> None:
    activity = decided(Direction.OUT, 1500.0).activity
    assert activity is not None
    assert activity.description == "Setting desired instance count to 8."
    assert activity.cause == (
        "monitor alarm TargetTracking-endpoint/flights/variant/AllTraffic-AlarmHigh-abc in state ALARM triggered policy"
        " per-instance"
    )
    assert activity.success == (
        "Successfully set desired instance count to 8. Change successfully fulfilled by sagemaker."
    )
    assert activity.failure("no room") == "Failed to set desired instance count to 8. Reason: no room"


@pytest.mark.parametrize(
    ("metric", "now", "expected"),
    [
        (900.0, 1059.0, NotScaled.COOLDOWN),
        (900.0, 1060.0, 5),
        (1500.0, 1010.0, 8),
    ],
)
def test_a_cooldown_holds_back_what_is_no_larger_than_the_last_step(metric: float, now: float, expected: Any) -> None:
    decision = decided(Direction.OUT, metric, now, out_at=1000.0, out_by=2)
    assert (decision.capacity or decision.not_scaled) == expected


# In


@pytest.mark.parametrize(
    ("metric", "expected"),
    [(374.0, 2), (375.0, 2), (376.0, 3), (560.0, 3), (570.0, NotScaled.WOULD_FLAP), (0.0, 2)],
)
def test_in_is_in_proportion_and_never_so_far_that_it_must_come_back(metric: float, expected: Any) -> None:
    decision = decided(Direction.IN, metric)
    assert (decision.capacity or decision.not_scaled) == expected


def test_in_waits_for_its_cooldown_which_a_scale_out_ends() -> None:
    assert decided(Direction.IN, 100.0, now=1119.0, in_at=1000.0).not_scaled is NotScaled.COOLDOWN
    assert decided(Direction.IN, 100.0, now=1120.0, in_at=1000.0).capacity == 2
    assert finished(Tracking(capacity=4, in_at=1000.0), 6, 1010.0) == Tracking(capacity=6, out_at=1010.0, out_by=2)
    assert finished(Tracking(capacity=4), 3, 1010.0) == Tracking(capacity=3, in_at=1010.0)


@pytest.mark.parametrize(
    ("direction", "options", "reason"),
    [
        (Direction.OUT, {"capacity": 10}, NotScaled.AT_MAX),
        (Direction.IN, {"capacity": 2}, NotScaled.AT_MIN),
        (Direction.OUT, {"is_scaling": True}, NotScaled.BUSY),
        (Direction.IN, {"is_scaling": True}, NotScaled.BUSY),
    ],
)
def test_why_nothing_is_done_is_told(direction: Direction, options: dict[str, Any], reason: NotScaled) -> None:
    metric = 5000.0 if direction is Direction.OUT else 1.0
    assert decided(direction, metric, **options).not_scaled is reason


def test_each_direction_can_be_suspended() -> None:
    suspended = read_suspended({"DynamicScalingInSuspended": True})
    target = ScalableTarget(RESOURCE, DIMENSION, 2, 10, suspended)
    assert decided(Direction.IN, 1.0, target=target).not_scaled is NotScaled.SUSPENDED
    assert decided(Direction.OUT, 900.0, target=target).capacity == 5
    target = ScalableTarget(RESOURCE, DIMENSION, 2, 10, Suspended(scaling_out=True))
    assert decided(Direction.OUT, 900.0, target=target).not_scaled is NotScaled.SUSPENDED


def test_a_policy_may_only_scale_out() -> None:
    policy = read_policy("p", RESOURCE, {**CONFIGURATION, "DisableScaleIn": True})
    decision = track(policy, TARGET, Tracking(capacity=4), Direction.IN, 1.0, ALARM, 0.0)
    assert decision.not_scaled is NotScaled.DISABLED


@given(st.integers(2, 10), st.floats(0, 1e5), st.sampled_from(list(Direction)))
def test_a_new_capacity_lies_within_the_bounds_and_in_the_right_direction(
    capacity: int, metric: float, direction: Direction
) -> None:
    new = decided(direction, metric, capacity=capacity).capacity
    if new is not None:
        assert 2 <= new <= 10
        assert (new > capacity) is (direction is Direction.OUT)


# Scheduled actions


@pytest.mark.parametrize(
    ("minimum", "maximum", "capacity", "new", "cause"),
    [
        (5, 10, 3, 5, "minimum capacity was set to 5"),
        (1, 2, 3, 2, "maximum capacity was set to 2"),
        (1, None, 3, None, None),
        (None, 4, 3, None, None),
    ],
)
def test_a_scheduled_action_moves_the_bounds_and_the_capacity_into_them(
    minimum: int | None, maximum: int | None, capacity: int, new: int | None, cause: str | None
) -> None:
    result = apply_schedule(ScheduledAction("night", minimum, maximum), TARGET, capacity)
    assert result.capacity == new
    first, *more = result.activities
    bounds = f"min capacity to {result.target.min_capacity} and max capacity to {result.target.max_capacity}"
    assert (first.description, first.cause) == (f"Setting {bounds}", "scheduled action name night was triggered")
    assert first.success == f"Successfully set {bounds}"
    assert [activity.cause for activity in more] == ([cause] if cause else [])


def test_suspended_schedules_do_nothing() -> None:
    target = ScalableTarget(RESOURCE, DIMENSION, 2, 10, Suspended(scheduled=True))
    result = apply_schedule(ScheduledAction("night", 5), target, 3)
    assert (result.target, result.capacity, result.activities) == (target, None, ())


def test_bounds_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(AwsError, match="Minimum capacity cannot be greater than maximum capacity: 11 and 10"):
        apply_schedule(ScheduledAction("night", 11), TARGET, 3)
    with pytest.raises(AwsError, match="must set a minimum or a maximum capacity"):
        ScheduledAction("night")
