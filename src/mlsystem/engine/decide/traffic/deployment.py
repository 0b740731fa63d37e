"""A deployment of a Lambda function: its state as a value, and how the API shows it.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html#appspec-hooks-lambda
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from mlsystem.engine.decide.traffic.config import DeploymentConfig, TrafficStep, plan


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DeploymentStatus(StrEnum):
    """What GetDeployment says."""

    CREATED = "Created"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    # Failed by a hook, an alarm or an error; the traffic is back at the old version if the group rolls back.
    FAILED = "Failed"
    # Stopped by a person; likewise.
    STOPPED = "Stopped"

    @property
    def is_terminal(self) -> bool:
        return self in {DeploymentStatus.SUCCEEDED, DeploymentStatus.FAILED, DeploymentStatus.STOPPED}


class LifecycleEventStatus(StrEnum):
    """What GetDeploymentTarget says of each lifecycle event."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"


class RollbackEvent(StrEnum):
    """When a deployment group rolls back (AutoRollbackConfiguration)."""

    FAILURE = "DEPLOYMENT_FAILURE"
    ALARM = "DEPLOYMENT_STOP_ON_ALARM"
    REQUEST = "DEPLOYMENT_STOP_ON_REQUEST"


BEFORE = "BeforeAllowTraffic"
ALLOW = "AllowTraffic"
AFTER = "AfterAllowTraffic"


class LifecycleEvent(_Value):
    """One of the three, with the hook function that validates it (AllowTraffic has none)."""

    name: str
    hook: str | None = None
    status: LifecycleEventStatus = LifecycleEventStatus.PENDING
    started_at: float | None = None
    ended_at: float | None = None
    message: str = ""


class Ending(_Value):
    """How the deployment is going to end, once the traffic is back; without `rolls_back`, once the step that was asked for is done."""

    status: DeploymentStatus
    code: str
    message: str
    rolls_back: bool = True


class Deployment(_Value):
    """`percent` of the traffic is with the target version, as far as is known. Times are seconds since the epoch."""

    deployment_id: str
    function_name: str
    alias: str
    current_version: str
    target_version: str
    config: DeploymentConfig
    events: tuple[LifecycleEvent, ...]
    alarms: tuple[str, ...] = ()
    ignores_poll_failure: bool = False
    rolls_back_on: frozenset[RollbackEvent] = frozenset()
    status: DeploymentStatus = DeploymentStatus.CREATED
    # How many of the steps have been begun.
    steps_taken: int = 0
    percent: int = 0
    # Number of checks of the alarms asked for; an answer to an older one says nothing.
    checks: int = 0
    # The traffic is being brought back, and this is what follows.
    ending: Ending | None = None
    has_rolled_back: bool = False
    error_code: str = ""
    error_message: str = ""
    created_at: float
    started_at: float | None = None
    completed_at: float | None = None
    updated_at: float

    @property
    def steps(self) -> tuple[TrafficStep, ...]:
        return plan(self.config)

    def event(self, name: str) -> LifecycleEvent:
        return next(event for event in self.events if event.name == name)


def new_deployment(
    *,
    deployment_id: str,
    function_name: str,
    alias: str,
    current_version: str,
    target_version: str,
    config: DeploymentConfig,
    at: float,
    before_hook: str | None = None,
    after_hook: str | None = None,
    alarms: Collection[str] = (),
    ignores_poll_failure: bool = False,
    rolls_back_on: Collection[RollbackEvent] = (),
) -> Deployment:
    """A deployment that waits for its `Begun`. `alarms` are those of the group, if its alarm configuration is enabled."""
    events = (
        LifecycleEvent(name=BEFORE, hook=before_hook),
        LifecycleEvent(name=ALLOW),
        LifecycleEvent(name=AFTER, hook=after_hook),
    )
    return Deployment(
        deployment_id=deployment_id,
        function_name=function_name,
        alias=alias,
        current_version=current_version,
        target_version=target_version,
        config=config,
        events=events,
        alarms=tuple(alarms),
        ignores_poll_failure=ignores_poll_failure,
        rolls_back_on=frozenset(rolls_back_on),
        created_at=at,
        updated_at=at,
    )


def lambda_target(deployment: Deployment) -> dict[str, Any]:
    """The LambdaTarget of GetDeploymentTarget, without its ARN."""
    return {
        "deploymentId": deployment.deployment_id,
        "targetId": f"{deployment.function_name}:{deployment.alias}",
        "status": _target_status(deployment),
        "lastUpdatedAt": deployment.updated_at,
        "lifecycleEvents": [_shown(event) for event in deployment.events],
        "lambdaFunctionInfo": {
            "functionName": deployment.function_name,
            "functionAlias": deployment.alias,
            "currentVersion": deployment.current_version,
            "targetVersion": deployment.target_version,
            "targetVersionWeight": deployment.percent / 100,
        },
    }


def overview(deployment: Deployment) -> dict[str, int]:
    """The deploymentOverview of GetDeployment: its one target, counted."""
    status = _target_status(deployment)
    return {name: int(name == status) for name in ("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Ready")}


def _target_status(deployment: Deployment) -> str:
    shown = {DeploymentStatus.CREATED: "Pending", DeploymentStatus.STOPPED: "Skipped"}
    return shown.get(deployment.status, deployment.status.value)


def _shown(event: LifecycleEvent) -> dict[str, Any]:
    result: dict[str, Any] = {"lifecycleEventName": event.name, "status": event.status.value}
    if event.started_at is not None:
        result["startTime"] = event.started_at
    if event.ended_at is not None:
        result["endTime"] = event.ended_at
    if event.hook is not None and event.ended_at is not None:
        has_failed = event.status is LifecycleEventStatus.FAILED
        result["diagnostics"] = {
            "errorCode": "ScriptFailed" if has_failed else "Success",
            "scriptName": event.hook,
            "message": event.message,
        }
    return result
