"""The target of a deployment: its function's alias, with what happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.traffic import lambda_target
from mlsystem.engine.durable.machine import Json
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.codedeploy.applications import DeploymentGroup
from mlsystem.engine.services.codedeploy.deployment import DeploymentRecord
from mlsystem.engine.services.codedeploy.deployments import find_deployment
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_codedeploy.type_defs import (
        BatchGetDeploymentTargetsInputTypeDef,
        GetDeploymentTargetInputTypeDef,
        ListDeploymentTargetsInputTypeDef,
    )


class DeploymentTargets(Part):
    """Get, batch get, list; and the group's memory of its last success."""

    def __init__(self, house: House):
        self._house = house

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"codedeploy.deployment.ended": self._on_ended}

    def _on_ended(self, tx: Transaction, topic: str, data: Json) -> None:
        group = tx.get(DeploymentGroup, data["group"])
        if group is not None and data["status"] == "Succeeded":
            tx.put(group.changed(last_successful=data["id"]))

    @operation("GetDeploymentTarget", accepts="deploymentId targetId")
    def get(self, request: GetDeploymentTargetInputTypeDef, call: Call) -> Mapping[str, object]:
        return {"deploymentTarget": self._target(call.tx, request["deploymentId"], request["targetId"])}

    @operation("BatchGetDeploymentTargets", accepts="deploymentId targetIds")
    def batch_get(self, request: BatchGetDeploymentTargetsInputTypeDef, call: Call) -> Mapping[str, object]:
        targets = [self._target(call.tx, request["deploymentId"], name) for name in request["targetIds"]]
        return {"deploymentTargets": targets}

    @operation("ListDeploymentTargets", accepts="deploymentId nextToken targetFilters")
    def list_targets(self, request: ListDeploymentTargetsInputTypeDef, call: Call) -> Mapping[str, object]:
        record = find_deployment(call.tx, request.get("deploymentId", ""))
        target = lambda_target(record.deployment)
        given: Mapping[str, Any] = request
        is_wanted = target["status"] in given.get("targetFilters", {}).get("TargetStatus", [target["status"]])
        return {"targetIds": [target["targetId"]] if is_wanted else []}

    def _target(self, tx: Transaction, deployment_id: str, target_id: str) -> dict[str, object]:
        record: DeploymentRecord = find_deployment(tx, deployment_id)
        target = lambda_target(record.deployment)
        if target_id != target["targetId"]:
            raise AwsError("DeploymentTargetDoesNotExistException", f"{deployment_id} has no target {target_id}.")
        events = [
            {name: _when(value) if name.endswith("Time") else value for name, value in event.items()}
            for event in target["lifecycleEvents"]
        ]
        arn = self._house.scope.arn("lambda", f"function:{target_id}")
        described = {"targetArn": arn, "lastUpdatedAt": _when(target["lastUpdatedAt"]), "lifecycleEvents": events}
        return {"deploymentTargetType": "LambdaTarget", "lambdaTarget": {**target, **described}}


def _when(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
