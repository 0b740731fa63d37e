"""Deployments and stages: what of an API is served."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.durable.machine import Event, Notice
from mlsystem.engine.services.apigateway.api import STAGE_PUBLISHED, DeploymentRecord, StageRecord
from mlsystem.engine.services.apigateway.rest_apis import PAGES, new_id, require_api, when
from mlsystem.engine.services.apigateway.throttles import burst_of, rate_of
from mlsystem.engine.store.database import AlreadyExists, Transaction

# API Gateway's defaults of an account.
METHOD_DEFAULTS: dict[str, Any] = {
    "metricsEnabled": False,
    "dataTraceEnabled": False,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "cachingEnabled": False,
}
METHOD_SETTINGS: dict[str, tuple[str, Any]] = {
    "metrics/enabled": ("metricsEnabled", lambda text: text == "true"),
    "logging/loglevel": ("loggingLevel", str),
    "logging/dataTrace": ("dataTraceEnabled", lambda text: text == "true"),
    "throttling/burstLimit": ("throttlingBurstLimit", burst_of),
    "throttling/rateLimit": ("throttlingRateLimit", rate_of),
}

# It becomes part of the name of a file.
STAGE_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Stages(Part):
    """CreateDeployment, CreateStage, UpdateStage, GetStage(s), DeleteStage and their like."""

    def __init__(self, house: House):
        self._house = house

    # ------------------------------------------------------------------ deployments
    @operation("CreateDeployment", accepts="restApiId stageName stageDescription description variables tracingEnabled")
    def deploy(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        api = require_api(call.tx, self._house, request["restApiId"])
        if not api.methods:
            raise AwsError("BadRequestException", "The REST API doesn't contain any methods")
        deployment = call.tx.add(
            DeploymentRecord(
                key=f"{api.key}:{new_id(6)}",
                parent=api.key,
                description=request.get("description", ""),
                methods=api.methods,
                binary_media_types=tuple(api.settings.get("binaryMediaTypes") or ()),
            )
        )
        if "stageName" in request:
            self._deploy_to(call.tx, deployment, request)
        return _respond_deployment(deployment)

    @operation("GetDeployment", accepts="restApiId deploymentId")
    def get_deployment(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return _respond_deployment(self._deployment(call.tx, request["restApiId"], request["deploymentId"]))

    @operation("GetDeployments", accepts="restApiId position limit")
    def list_deployments(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        require_api(call.tx, self._house, request["restApiId"])
        found = call.tx.each(DeploymentRecord, parent=request["restApiId"])
        return PAGES.page(found, request, "items", by_creation, _respond_deployment)

    @operation("UpdateDeployment", accepts="restApiId deploymentId patchOperations")
    def update_deployment(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        deployment = self._deployment(call.tx, request["restApiId"], request["deploymentId"])
        for patch in request.get("patchOperations", ()):
            if (patch["op"], patch["path"]) != ("replace", "/description"):
                raise NotImplementedHere(f"apigateway:UpdateDeployment with {patch['op']} {patch['path']}")
            deployment = deployment.changed(description=patch.get("value", ""))
        call.tx.put(deployment)
        return _respond_deployment(deployment)

    @operation("DeleteDeployment", accepts="restApiId deploymentId")
    def delete_deployment(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        deployment = self._deployment(call.tx, request["restApiId"], request["deploymentId"])
        if any(stage.deployment_id == deployment.id for stage in call.tx.all(StageRecord, parent=deployment.parent)):
            raise AwsError("BadRequestException", "Active stages pointing to this deployment must be moved or deleted")
        call.tx.remove(DeploymentRecord, deployment.key)
        return {}

    # ------------------------------------------------------------------ stages
    @operation("CreateStage", accepts="restApiId stageName deploymentId description variables tracingEnabled tags")
    def create(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        deployment = self._deployment(call.tx, request["restApiId"], request["deploymentId"])
        return self._respond(self._add(call.tx, deployment, request["stageName"], request))

    @operation("UpdateStage", accepts="restApiId stageName patchOperations")
    def update(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        stage = self._stage(call.tx, request)
        for patch in request.get("patchOperations", ()):
            stage = _patched(stage, patch)
        deployment = self._deployment(call.tx, stage.parent, stage.deployment_id)
        return self._respond(self._change(call.tx, stage, deployment))

    @operation("GetStage", accepts="restApiId stageName")
    def get(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return self._respond(self._stage(call.tx, request))

    @operation("GetStages", accepts="restApiId deploymentId")
    def list(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        require_api(call.tx, self._house, request["restApiId"])
        wanted = request.get("deploymentId")
        found = call.tx.all(StageRecord, parent=request["restApiId"])
        return {"item": [self._respond(stage) for stage in found if wanted in (None, stage.deployment_id)]}

    @operation("DeleteStage", accepts="restApiId stageName")
    def delete(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        stage = self._stage(call.tx, request)
        call.tx.remove(StageRecord, stage.key)
        self._house.worker.notify(call.tx, stage.kind, stage.key, Notice(STAGE_PUBLISHED, {"stage": stage.key}))
        return {}

    # ------------------------------------------------------------------ inner
    def _deploy_to(self, tx: Transaction, deployment: DeploymentRecord, request: Mapping[str, Any]) -> None:
        stage = tx.get(StageRecord, f"{deployment.parent}:{request['stageName']}")
        if stage is None:
            described = {**request, "description": request.get("stageDescription", "")}
            self._add(tx, deployment, request["stageName"], described)
            return
        variables = {**stage.variables, **request.get("variables", {})}
        self._change(tx, stage.changed(deployment_id=deployment.id, variables=variables), deployment)

    def _add(self, tx: Transaction, deployment: DeploymentRecord, name: str, request: Mapping[str, Any]) -> StageRecord:
        if not STAGE_NAME.fullmatch(name):
            raise AwsError("BadRequestException", "Stage name only allows a-zA-Z0-9_-, at most 128 of them")
        stage = StageRecord(
            key=f"{deployment.parent}:{name}",
            parent=deployment.parent,
            deployment_id=deployment.id,
            description=request.get("description", ""),
            variables=request.get("variables", {}),
            settings={"tracingEnabled": request.get("tracingEnabled", False)},
            tags=request.get("tags", {}),
        )
        try:
            stage = tx.add(stage)
        except AlreadyExists as error:
            raise AwsError("ConflictException", "Stage already exists") from error
        return self._change(tx, stage, deployment)

    def _change(self, tx: Transaction, stage: StageRecord, deployment: DeploymentRecord) -> StageRecord:
        """Write it down and have it published."""
        targets = sorted({method.target for method in deployment.methods})
        stage = tx.put(stage.changed(targets=tuple(targets)))
        self._house.worker.send(tx, StageRecord, stage.key, Event("changed"))
        return stage

    def _deployment(self, tx: Transaction, api_id: str, deployment_id: str) -> DeploymentRecord:
        require_api(tx, self._house, api_id)
        deployment = tx.get(DeploymentRecord, f"{api_id}:{deployment_id}")
        if deployment is None:
            raise AwsError("NotFoundException", "Invalid Deployment identifier specified")
        return deployment

    def _stage(self, tx: Transaction, request: Mapping[str, Any]) -> StageRecord:
        require_api(tx, self._house, request["restApiId"])
        stage = tx.get(StageRecord, f"{request['restApiId']}:{request['stageName']}")
        if stage is None:
            raise AwsError("NotFoundException", "Invalid stage identifier specified")
        return stage

    def _respond(self, stage: StageRecord) -> dict[str, Any]:
        answer = {
            "deploymentId": stage.deployment_id,
            "stageName": stage.name,
            "description": stage.description,
            "variables": stage.variables,
            "methodSettings": {path: {**METHOD_DEFAULTS, **given} for path, given in stage.method_settings.items()},
            "cacheClusterEnabled": False,
            "cacheClusterStatus": "NOT_AVAILABLE",
            "createdDate": when(stage),
            "lastUpdatedDate": datetime.fromtimestamp(stage.updated_at, UTC),
            **stage.settings,
        }
        return {**answer, "tags": stage.tags} if stage.tags else answer


def _respond_deployment(deployment: DeploymentRecord) -> dict[str, Any]:
    return {"id": deployment.id, "description": deployment.description, "createdDate": when(deployment)}


def _patched(stage: StageRecord, patch: Mapping[str, Any]) -> StageRecord:
    op, path, value = patch["op"], patch["path"], patch.get("value", "")
    parts = path[1:].split("/")
    if op == "replace" and path in ("/deploymentId", "/description"):
        return stage.changed(**{"deployment_id" if path == "/deploymentId" else "description": value})
    if op == "replace" and path == "/tracingEnabled":
        return stage.changed(settings={**stage.settings, "tracingEnabled": value == "true"})
    if parts[0] == "variables" and len(parts) == 2:
        others = {name: known for name, known in stage.variables.items() if name != parts[1]}
        return stage.changed(variables=others if op == "remove" else {**others, parts[1]: value})
    if len(parts) == 2 and op == "remove":
        kept = {name: given for name, given in stage.method_settings.items() if name != path[1:]}
        return stage.changed(method_settings=kept)
    setting = "/".join(parts[2:])
    if op == "replace" and len(parts) == 4 and setting in METHOD_SETTINGS:
        name, read = METHOD_SETTINGS[setting]
        method = "/".join(parts[:2])
        given = {**stage.method_settings.get(method, {}), name: read(value)}
        return stage.changed(method_settings={**stage.method_settings, method: given})
    raise NotImplementedHere(f"apigateway:UpdateStage with {op} {path}")
