"""A deployment of CodeDeploy, the alarms that watch it, and an endpoint's update in place: AWS's answers as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mlsystem.client.releases import UNDER_WAY, shifted_versions


@dataclass(frozen=True)
class Deployment:
    """From the version `old` to `new`. `rolled_back_by` is the deployment that took it back, `rollback_of` the one that it takes back."""

    id: str
    status: str
    config: str
    old: str
    new: str
    created: datetime
    ended: datetime | None
    description: str
    error: str = ""
    rollback_of: str = ""
    rolled_back_by: str = ""

    @property
    def is_under_way(self) -> bool:
        return self.status in UNDER_WAY


@dataclass(frozen=True)
class LifecycleEvent:
    """`hook` is the function that it ran, if any."""

    name: str
    status: str
    began: datetime | None
    ended: datetime | None
    hook: str
    error: str


@dataclass(frozen=True)
class AlarmView:
    name: str
    state: str
    reason: str
    since: datetime | None


@dataclass(frozen=True)
class EndpointUpdate:
    """An update of an endpoint in place, by SageMaker's guardrails. `stages`: of each variant what is going on."""

    endpoint: str
    status: str
    config: str
    since: datetime | None
    stages: tuple[tuple[str, str, str], ...] = field(default=())


def read_deployment(info: Mapping[str, Any]) -> Deployment:
    old, new = shifted_versions(info)
    back = info.get("rollbackInfo", {})
    return Deployment(
        id=info["deploymentId"],
        status=info["status"],
        config=info["deploymentConfigName"],
        old=old,
        new=new,
        created=info["createTime"],
        ended=info.get("completeTime"),
        description=info.get("description", ""),
        error=info.get("errorInformation", {}).get("message", ""),
        rollback_of=back.get("rollbackTriggeringDeploymentId", ""),
        rolled_back_by=back.get("rollbackDeploymentId", ""),
    )


def read_event(item: Mapping[str, Any]) -> LifecycleEvent:
    told = item.get("diagnostics", {})
    failed = told.get("errorCode", "Success") != "Success"
    error = " ".join(filter(None, (told.get("errorCode"), told.get("message"), told.get("logTail")))) if failed else ""
    return LifecycleEvent(
        name=item["lifecycleEventName"],
        status=item["status"],
        began=item.get("startTime"),
        ended=item.get("endTime"),
        hook=told.get("scriptName", ""),
        error=error,
    )


def read_alarm(name: str, told: Mapping[str, Any] | None) -> AlarmView:
    if told is None:
        return AlarmView(name, "missing", "CloudWatch has no such alarm: the deployment cannot be watched by it", None)
    return AlarmView(name, told["StateValue"], told.get("StateReason", ""), told.get("StateTransitionedTimestamp"))


def read_update(told: Mapping[str, Any]) -> EndpointUpdate:
    pending = told.get("PendingDeploymentSummary", {})
    stages = tuple(
        (variant["VariantName"], status.get("Status", ""), status.get("StatusMessage", ""))
        for variant in pending.get("ProductionVariants", ())
        for status in variant.get("VariantStatus", ())
    )
    config = pending.get("EndpointConfigName", told.get("EndpointConfigName", ""))
    return EndpointUpdate(told["EndpointName"], told["EndpointStatus"], config, pending.get("StartTime"), stages)
