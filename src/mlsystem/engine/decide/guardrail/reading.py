"""A DeploymentConfig as a guardrail, or SageMaker's refusal of it.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeploymentConfig.html
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-linear.html
https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-rolling.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.guardrail.capacity import CapacitySize
from mlsystem.engine.decide.guardrail.guardrail import Guardrail, Shifting

BLUE_GREEN, ROLLING = "BlueGreenUpdatePolicy", "RollingUpdatePolicy"
ROUTING = f"{BLUE_GREEN}.TrafficRoutingConfiguration"
# The member with a step's size, and its least and greatest percentage of the new fleet.
SIZES = {
    Shifting.CANARY: ("CanarySize", 0.0, 50.0),
    Shifting.LINEAR: ("LinearStepSize", 10.0, 50.0),
    Shifting.ROLLING: ("MaximumBatchSize", 5.0, 50.0),
}


def read_guardrail(config: Mapping[str, Any], counts: Mapping[str, int]) -> Guardrail:
    """`counts`: the instances of the new fleet by variant. Raises AwsError(ValidationException), naming the member."""
    if BLUE_GREEN in config and ROLLING in config:
        raise _refused(f"{BLUE_GREEN} and {ROLLING} are given both; an update follows one of them")
    alarms = tuple(str(alarm["AlarmName"]) for alarm in config.get("AutoRollbackConfiguration", {}).get("Alarms", ()))
    if len(set(alarms)) < len(alarms):
        raise _refused("AutoRollbackConfiguration.Alarms names an alarm twice")
    policy, read = (config[ROLLING], _rolling) if ROLLING in config else (config.get(BLUE_GREEN, {}), _blue_green)
    guardrail = read(policy, counts)
    return guardrail.model_copy(update={"alarms": alarms})


def _blue_green(policy: Mapping[str, Any], counts: Mapping[str, int]) -> Guardrail:
    routing: Mapping[str, Any] = policy.get("TrafficRoutingConfiguration", {})
    shifting = Shifting(routing.get("Type", "ALL_AT_ONCE"))
    for other in (Shifting.CANARY, Shifting.LINEAR):
        member = SIZES[other][0]
        if member in routing and other is not shifting:
            raise _refused(f"{ROUTING}.{member} belongs to the Type {other}, not to {shifting}")
    return Guardrail(
        shifting=shifting,
        size=_size(shifting, routing, ROUTING, counts),
        wait_seconds=routing.get("WaitIntervalInSeconds", 0),
        last_wait_seconds=policy.get("TerminationWaitInSeconds", 0),
        limit_seconds=policy.get("MaximumExecutionTimeoutInSeconds"),
    )


def _rolling(policy: Mapping[str, Any], counts: Mapping[str, int]) -> Guardrail:
    back = policy.get("RollbackMaximumBatchSize")
    return Guardrail(
        shifting=Shifting.ROLLING,
        size=_size(Shifting.ROLLING, policy, ROLLING, counts),
        rollback_size=_read(back) if back else None,
        wait_seconds=policy["WaitIntervalInSeconds"],
        last_wait_seconds=policy["WaitIntervalInSeconds"],
        limit_seconds=policy.get("MaximumExecutionTimeoutInSeconds"),
    )


def _size(shifting: Shifting, given: Mapping[str, Any], path: str, counts: Mapping[str, int]) -> CapacitySize | None:
    if shifting not in SIZES:
        return None
    member, least, most = SIZES[shifting]
    if member not in given:
        raise _refused(f"{path}.{member} is needed for the Type {shifting}")
    size = _read(given[member])
    for variant, count in counts.items():
        percent = size.percent(count)
        if not least <= percent <= most or size.instances(count) >= count:
            raise _refused(
                f"{path}.{member} must be from {least:g} to {most:g} percent of the new fleet and leave some of it for "
                f"later, but is {size.value} {size.type} of the {count} instance(s) of variant {variant}"
            )
    return size


def _read(given: Mapping[str, Any]) -> CapacitySize:
    return CapacitySize(type=given["Type"], value=given["Value"])


def _refused(message: str) -> AwsError:
    return AwsError("ValidationException", f"DeploymentConfig: {message}.")
