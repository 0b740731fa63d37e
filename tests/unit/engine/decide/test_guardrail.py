"""Deployment guardrails: the steps of an update, and what SageMaker refuses."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.guardrail import Shifting, read_guardrail


def _percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def _count(value: int) -> dict[str, Any]:
    return {"Type": "INSTANCE_COUNT", "Value": value}


def _blue_green(kind: str, wait: int = 60, **members: Any) -> dict[str, Any]:
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, **members}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 30}}


def _rolling(size: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": 10, **members}}


@pytest.mark.parametrize(
    ("config", "count", "steps"),
    [
        ({}, 3, [3]),
        (_blue_green("ALL_AT_ONCE"), 3, [3]),
        (_blue_green("CANARY", CanarySize=_count(1)), 4, [1, 4]),
        (_blue_green("CANARY", CanarySize=_percent(10)), 4, [1, 4]),
        (_blue_green("CANARY", CanarySize=_percent(50)), 5, [3, 5]),
        (_blue_green("LINEAR", LinearStepSize=_percent(25)), 4, [1, 2, 3, 4]),
        (_blue_green("LINEAR", LinearStepSize=_count(2)), 5, [2, 4, 5]),
        (_rolling(_percent(50)), 4, [2, 4]),
        (_rolling(_count(1)), 3, [1, 2, 3]),
    ],
)
def test_traffic_is_turned_on_in_whole_instances(config: dict[str, Any], count: int, steps: list[int]) -> None:
    guardrail = read_guardrail(config, {"A": count})
    assert [step["A"] for step in guardrail.steps({"A": count})] == steps


def test_variants_of_different_sizes_end_in_the_same_step() -> None:
    guardrail = read_guardrail(_blue_green("LINEAR", LinearStepSize=_percent(50)), {"A": 4, "B": 2})
    assert guardrail.steps({"A": 4, "B": 2}) == [{"A": 2, "B": 1}, {"A": 4, "B": 2}]


def test_the_last_step_is_baked_for_the_termination_wait() -> None:
    guardrail = read_guardrail(_blue_green("CANARY", CanarySize=_count(1)), {"A": 2})
    assert [guardrail.bake_seconds(step, {"A": 2}) for step in (1, 2)] == [60, 30]


def test_a_rolling_update_returns_all_at_once_unless_told_otherwise() -> None:
    guardrail = read_guardrail(_rolling(_count(1)), {"A": 4})
    assert (guardrail.shifting, guardrail.rollback_batch(4)) == (Shifting.ROLLING, 4)
    slow = read_guardrail(_rolling(_count(1), RollbackMaximumBatchSize=_percent(50)), {"A": 4})
    assert slow.rollback_batch(4) == 2


@pytest.mark.parametrize(
    ("config", "count", "words"),
    [
        (_blue_green("CANARY"), 4, "TrafficRoutingConfiguration.CanarySize is needed"),
        (_blue_green("LINEAR"), 4, "TrafficRoutingConfiguration.LinearStepSize is needed"),
        (_blue_green("CANARY", CanarySize=_percent(51)), 4, "CanarySize must be from 0 to 50 percent"),
        (_blue_green("CANARY", CanarySize=_count(3)), 4, "but is 3 INSTANCE_COUNT of the 4 instance"),
        (_blue_green("CANARY", CanarySize=_percent(50)), 1, "of the 1 instance"),
        (_blue_green("LINEAR", LinearStepSize=_percent(9)), 20, "LinearStepSize must be from 10 to 50 percent"),
        (_blue_green("ALL_AT_ONCE", CanarySize=_percent(10)), 4, "CanarySize belongs to the Type CANARY"),
        (_rolling(_percent(4)), 50, "MaximumBatchSize must be from 5 to 50 percent"),
        ({**_blue_green("ALL_AT_ONCE"), **_rolling(_percent(50))}, 4, "are given both"),
        ({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}, {"AlarmName": "a"}]}}, 4, "an alarm twice"),
    ],
)
def test_what_sagemaker_refuses_is_named(config: dict[str, Any], count: int, words: str) -> None:
    with pytest.raises(AwsError, match="DeploymentConfig") as refused:
        read_guardrail(config, {"A": count})
    assert refused.value.code == "ValidationException"
    assert words in refused.value.message
