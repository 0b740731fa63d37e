"""Deployment configurations: AWS's own, and custom ones.

https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentConfig.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.traffic import CONFIGS, DeploymentConfig, named_config, read_config
from mlsystem.engine.services.codedeploy.applications import DeploymentGroup, check_platform
from mlsystem.engine.services.codedeploy.pages import PAGES
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_codedeploy.type_defs import (
        CreateDeploymentConfigInputTypeDef,
        DeleteDeploymentConfigInputTypeDef,
        GetDeploymentConfigInputTypeDef,
        ListDeploymentConfigsInputTypeDef,
    )


class CustomConfig(Record):
    """`key` is the configuration's name."""

    kind: ClassVar[str] = "codedeploy.config"
    id: str
    config: DeploymentConfig


def find_config(tx: Transaction, name: str) -> DeploymentConfig:
    """A custom one, or AWS's own. Raises AwsError(DeploymentConfigDoesNotExistException)."""
    custom = tx.get(CustomConfig, name)
    return custom.config if custom is not None else named_config(name)


class DeploymentConfigs(Part):
    """Create, get, list, delete."""

    @operation("CreateDeploymentConfig", accepts="deploymentConfigName trafficRoutingConfig computePlatform")
    def create(self, request: CreateDeploymentConfigInputTypeDef, call: Call) -> Mapping[str, object]:
        name = request["deploymentConfigName"]
        check_platform(request.get("computePlatform"))
        if call.tx.get(CustomConfig, name) is not None:
            raise AwsError("DeploymentConfigAlreadyExistsException", f"Deployment config already exists: {name}")
        routing: Mapping[str, Any] = request.get("trafficRoutingConfig", {})
        config = read_config(name, routing)
        return {"deploymentConfigId": call.tx.add(CustomConfig(key=name, id=str(uuid.uuid4()), config=config)).id}

    @operation("GetDeploymentConfig", accepts="deploymentConfigName")
    def get(self, request: GetDeploymentConfigInputTypeDef, call: Call) -> Mapping[str, object]:
        name = request["deploymentConfigName"]
        custom = call.tx.get(CustomConfig, name)
        config = find_config(call.tx, name)
        answer: dict[str, object] = {
            "deploymentConfigId": custom.id if custom else str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
            "deploymentConfigName": name,
            "computePlatform": "Lambda",
            "trafficRoutingConfig": _routing(config),
        }
        if custom is not None:
            answer["createTime"] = datetime.fromtimestamp(custom.created_at, UTC)
        return {"deploymentConfigInfo": answer}

    @operation("ListDeploymentConfigs", accepts="nextToken")
    def list_configs(self, request: ListDeploymentConfigsInputTypeDef, call: Call) -> Mapping[str, object]:
        # AWS's own come first.
        marks = [(0, name) for name in sorted(CONFIGS)] + [
            (1, one.key) for one in call.tx.each(CustomConfig, by_key=True)
        ]
        return PAGES.page(marks, request, "deploymentConfigsList", lambda mark: mark, lambda mark: mark[1])

    @operation("DeleteDeploymentConfig", accepts="deploymentConfigName")
    def delete(self, request: DeleteDeploymentConfigInputTypeDef, call: Call) -> Mapping[str, object]:
        name = request["deploymentConfigName"]
        if name in CONFIGS:
            raise AwsError("InvalidOperationException", f"{name} is AWS's own and cannot be deleted")
        users = [
            group.key for group in call.tx.all(DeploymentGroup) if group.definition["deploymentConfigName"] == name
        ]
        if users:
            raise AwsError("DeploymentConfigInUseException", f"{name} is in use by {users[0]}")
        call.tx.remove(CustomConfig, name)
        return {}


def _routing(config: DeploymentConfig) -> dict[str, object]:
    if config.type == "TimeBasedCanary":
        times = {"canaryPercentage": config.percent, "canaryInterval": config.minutes}
        return {"type": config.type, "timeBasedCanary": times}
    if config.type == "TimeBasedLinear":
        times = {"linearPercentage": config.percent, "linearInterval": config.minutes}
        return {"type": config.type, "timeBasedLinear": times}
    return {"type": config.type}
