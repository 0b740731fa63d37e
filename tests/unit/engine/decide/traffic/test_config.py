"""Deployment configurations and their steps."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.traffic import CONFIGS, config_name, named_config, plan, read_config


def test_all_of_aws_s_own_are_there() -> None:
    assert [name.removeprefix("CodeDeployDefault.Lambda") for name in CONFIGS] == [
        "AllAtOnce",
        "Canary10Percent5Minutes",
        "Canary10Percent10Minutes",
        "Canary10Percent15Minutes",
        "Canary10Percent30Minutes",
        "Linear10PercentEvery1Minute",
        "Linear10PercentEvery2Minutes",
        "Linear10PercentEvery3Minutes",
        "Linear10PercentEvery10Minutes",
    ]


def test_sam_s_short_names_are_aws_s_long_ones() -> None:
    assert config_name("Canary10Percent5Minutes") == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    assert config_name("MyOwn") == "MyOwn"


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("AllAtOnce", [(0, 100)]),
        ("Canary10Percent5Minutes", [(0, 10), (300, 100)]),
        ("Canary10Percent30Minutes", [(0, 10), (1800, 100)]),
        ("Linear10PercentEvery1Minute", [(60 * n, 10 * (n + 1)) for n in range(10)]),
        ("Linear10PercentEvery10Minutes", [(600 * n, 10 * (n + 1)) for n in range(10)]),
    ],
)
def test_the_steps_of_a_named_configuration(name: str, steps: list[tuple[int, int]]) -> None:
    assert list(plan(named_config(config_name(name)))) == steps


@pytest.mark.parametrize(
    ("routing", "steps"),
    [
        ({"type": "AllAtOnce"}, [(0, 100)]),
        (
            {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 25, "canaryInterval": 2}},
            [(0, 25), (120, 100)],
        ),
        (
            {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 30, "linearInterval": 1}},
            [(0, 30), (60, 60), (120, 90), (180, 100)],
        ),
    ],
)
def test_the_steps_of_a_custom_configuration(routing: dict[str, Any], steps: list[tuple[int, int]]) -> None:
    assert list(plan(read_config("Mine", routing))) == steps


@pytest.mark.parametrize(
    ("name", "routing", "code"),
    [
        ("Mine", {"type": "Blue"}, "InvalidTrafficRoutingConfigurationException"),
        ("Mine", {"type": "TimeBasedCanary"}, "InvalidTrafficRoutingConfigurationException"),
        (
            "Mine",
            {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 100, "canaryInterval": 5}},
            "InvalidTrafficRoutingConfigurationException",
        ),
        (
            "Mine",
            {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 10, "linearInterval": 2881}},
            "InvalidTrafficRoutingConfigurationException",
        ),
        ("CodeDeployDefault.Mine", {"type": "AllAtOnce"}, "InvalidDeploymentConfigNameException"),
    ],
)
def test_a_wrong_configuration_is_refused(name: str, routing: dict[str, Any], code: str) -> None:
    with pytest.raises(AwsError) as refusal:
        read_config(name, routing)
    assert refusal.value.code == code


def test_an_unknown_configuration_is_refused_by_name() -> None:
    with pytest.raises(AwsError, match="No Deployment Configuration found for name: CodeDeployDefault"):
        named_config("CodeDeployDefault.LambdaCanary5Percent")
