"""Deployment configurations: in which steps, and after which times, the traffic moves.

https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-lambda
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from mlsystem.engine.decide.errors import AwsError

PREFIX = "CodeDeployDefault.Lambda"
# AWS's limits of a custom configuration: at most two days between steps.
MOST_MINUTES = 2880


class TrafficStep(NamedTuple):
    """From `offset_seconds` after the first step on, the new version gets `percent` of the traffic."""

    offset_seconds: float
    percent: int


class DeploymentConfig(BaseModel):
    """A configuration by its traffic routing. `percent` and `minutes` mean nothing for AllAtOnce."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: Literal["AllAtOnce", "TimeBasedCanary", "TimeBasedLinear"]
    percent: int = 100
    minutes: int = 0


def _defaults() -> dict[str, DeploymentConfig]:
    found = [DeploymentConfig(name=f"{PREFIX}AllAtOnce", type="AllAtOnce")]
    found += [
        DeploymentConfig(
            name=f"{PREFIX}Canary10Percent{minutes}Minutes", type="TimeBasedCanary", percent=10, minutes=minutes
        )
        for minutes in (5, 10, 15, 30)
    ]
    found += [
        DeploymentConfig(
            name=f"{PREFIX}Linear10PercentEvery{minutes}Minute{'' if minutes == 1 else 's'}",
            type="TimeBasedLinear",
            percent=10,
            minutes=minutes,
        )
        for minutes in (1, 2, 3, 10)
    ]
    return {config.name: config for config in found}


# AWS's own, by name.
CONFIGS: Mapping[str, DeploymentConfig] = _defaults()


def config_name(sam_type: str) -> str:
    """The full name of what SAM's DeploymentPreference calls `Canary10Percent5Minutes`; other names are custom ones."""
    return PREFIX + sam_type if PREFIX + sam_type in CONFIGS else sam_type


def named_config(name: str) -> DeploymentConfig:
    """Raises AwsError(DeploymentConfigDoesNotExistException) for a name that is not AWS's own."""
    if name not in CONFIGS:
        raise AwsError("DeploymentConfigDoesNotExistException", f"No Deployment Configuration found for name: {name}")
    return CONFIGS[name]


def read_config(name: str, routing: Mapping[str, Any]) -> DeploymentConfig:
    """A custom configuration from its TrafficRoutingConfig. Raises AwsError for what CodeDeploy refuses."""
    kind = routing.get("type")
    if name.startswith("CodeDeployDefault."):
        raise AwsError(
            "InvalidDeploymentConfigNameException", f"{name}: names beginning with CodeDeployDefault are AWS's own."
        )
    if kind == "AllAtOnce":
        return DeploymentConfig(name=name, type="AllAtOnce")
    if kind == "TimeBasedCanary":
        canary = routing.get("timeBasedCanary", {})
        return _timed(name, "TimeBasedCanary", canary.get("canaryPercentage"), canary.get("canaryInterval"))
    if kind == "TimeBasedLinear":
        linear = routing.get("timeBasedLinear", {})
        return _timed(name, "TimeBasedLinear", linear.get("linearPercentage"), linear.get("linearInterval"))
    raise AwsError(
        "InvalidTrafficRoutingConfigurationException",
        f"{name}: the type of traffic routing must be AllAtOnce, TimeBasedCanary or TimeBasedLinear, but is {kind}.",
    )


def _timed(
    name: str, kind: Literal["TimeBasedCanary", "TimeBasedLinear"], percent: int | None, minutes: int | None
) -> DeploymentConfig:
    if percent is None or not 1 <= percent <= 99 or minutes is None or not 1 <= minutes <= MOST_MINUTES:
        raise AwsError(
            "InvalidTrafficRoutingConfigurationException",
            f"{name}: {kind} needs a percentage from 1 to 99 and an interval from 1 to {MOST_MINUTES} minutes,"
            f" but has {percent} and {minutes}.",
        )
    return DeploymentConfig(name=name, type=kind, percent=percent, minutes=minutes)


def plan(config: DeploymentConfig) -> tuple[TrafficStep, ...]:
    """The steps; the last one gives all traffic to the new version."""
    if config.type == "AllAtOnce":
        return (TrafficStep(0, 100),)
    interval = config.minutes * 60
    if config.type == "TimeBasedCanary":
        return (TrafficStep(0, config.percent), TrafficStep(interval, 100))
    count = -(-100 // config.percent)
    return tuple(TrafficStep(number * interval, min(100, (number + 1) * config.percent)) for number in range(count))
