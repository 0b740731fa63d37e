"""Deployment groups. https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentGroup.html"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_itself
from mlsystem.engine.services.codedeploy.applications import DeploymentGroup, find_application, write_tags
from mlsystem.engine.services.codedeploy.configs import find_config
from mlsystem.engine.services.codedeploy.deployment import DeploymentRecord
from mlsystem.engine.services.codedeploy.pages import PAGES
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_codedeploy.type_defs import (
        BatchGetDeploymentGroupsInputTypeDef,
        CreateDeploymentGroupInputTypeDef,
        DeleteDeploymentGroupInputTypeDef,
        GetDeploymentGroupInputTypeDef,
        ListDeploymentGroupsInputTypeDef,
        UpdateDeploymentGroupInputTypeDef,
    )

DEFAULT_CONFIG = "CodeDeployDefault.LambdaAllAtOnce"
SETTINGS = """deploymentConfigName serviceRoleArn triggerConfigurations alarmConfiguration autoRollbackConfiguration
    deploymentStyle"""
STYLE = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}


class DeploymentGroups(Part):
    """Create, get, list, update, delete."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateDeploymentGroup", accepts=f"applicationName deploymentGroupName tags {SETTINGS}")
    def create(self, request: CreateDeploymentGroupInputTypeDef, call: Call) -> Mapping[str, object]:
        application, name = request["applicationName"], request["deploymentGroupName"]
        find_application(call.tx, application)
        key = f"{application}/{name}"
        if call.tx.get(DeploymentGroup, key) is not None:
            raise AwsError("DeploymentGroupAlreadyExistsException", f"Deployment group already exists: {name}")
        definition = {member: value for member, value in dict(request).items() if member in SETTINGS.split()}
        definition.setdefault("deploymentConfigName", DEFAULT_CONFIG)
        definition.setdefault("deploymentStyle", STYLE)
        check_settings(call.tx, definition)
        group = DeploymentGroup(key=key, parent=application, id=str(uuid.uuid4()), name=name, definition=definition)
        write_tags(call.tx, self._house.scope.arn("codedeploy", f"deploymentgroup:{key}"), request.get("tags", ()))
        return {"deploymentGroupId": call.tx.add(group).id}

    @operation("GetDeploymentGroup", accepts="applicationName deploymentGroupName")
    def get(self, request: GetDeploymentGroupInputTypeDef, call: Call) -> Mapping[str, object]:
        group = find_group(call.tx, request["applicationName"], request["deploymentGroupName"])
        return {"deploymentGroupInfo": _describe(call.tx, group)}

    @operation("BatchGetDeploymentGroups", accepts="applicationName deploymentGroupNames")
    def batch_get(self, request: BatchGetDeploymentGroupsInputTypeDef, call: Call) -> Mapping[str, object]:
        names = request["deploymentGroupNames"]
        found = [find_group(call.tx, request["applicationName"], name) for name in names]
        return {"deploymentGroupsInfo": [_describe(call.tx, group) for group in found]}

    @operation("ListDeploymentGroups", accepts="applicationName nextToken")
    def list_groups(self, request: ListDeploymentGroupsInputTypeDef, call: Call) -> Mapping[str, object]:
        application = find_application(call.tx, request["applicationName"]).key
        names = sorted(group.name for group in call.tx.all(DeploymentGroup, parent=application))
        return {**PAGES.page(names, request, "deploymentGroups", by_itself), "applicationName": application}

    @operation(
        "UpdateDeploymentGroup",
        accepts=f"applicationName currentDeploymentGroupName newDeploymentGroupName {SETTINGS}",
    )
    def update(self, request: UpdateDeploymentGroupInputTypeDef, call: Call) -> Mapping[str, object]:
        group = find_group(call.tx, request["applicationName"], request["currentDeploymentGroupName"])
        new = request.get("newDeploymentGroupName", group.name)
        changes = {member: value for member, value in dict(request).items() if member in SETTINGS.split()}
        definition = {**group.definition, **changes}
        check_settings(call.tx, definition)
        if new != group.name:
            if call.tx.get(DeploymentGroup, f"{group.parent}/{new}") is not None:
                raise AwsError("DeploymentGroupAlreadyExistsException", f"Deployment group already exists: {new}")
            call.tx.remove(DeploymentGroup, group.key)
        call.tx.put(group.changed(key=f"{group.parent}/{new}", name=new, definition=definition))
        return {"hooksNotCleanedUp": []}

    @operation("DeleteDeploymentGroup", accepts="applicationName deploymentGroupName")
    def delete(self, request: DeleteDeploymentGroupInputTypeDef, call: Call) -> Mapping[str, object]:
        call.tx.remove(DeploymentGroup, f"{request['applicationName']}/{request['deploymentGroupName']}")
        return {"hooksNotCleanedUp": []}


def find_group(tx: Transaction, application: str, name: str) -> DeploymentGroup:
    find_application(tx, application)
    group = tx.get(DeploymentGroup, f"{application}/{name}")
    if group is None:
        raise AwsError("DeploymentGroupDoesNotExistException", f"No Deployment Group found for name: {name}")
    return group


def check_settings(tx: Transaction, definition: Mapping[str, Any]) -> None:
    """Refuse what CodeDeploy refuses of a group, and what is not there."""
    find_config(tx, definition["deploymentConfigName"])
    style = definition["deploymentStyle"]
    if {**STYLE, **style} != STYLE:
        raise AwsError(
            "InvalidDeploymentStyleException", "A Lambda deployment is BLUE_GREEN, WITH_TRAFFIC_CONTROL; nothing else."
        )
    alarms = definition.get("alarmConfiguration", {})
    if alarms.get("enabled") and not alarms.get("alarms"):
        raise AwsError("InvalidAlarmConfigException", "An alarm configuration that is enabled needs alarms.")
    rollback = definition.get("autoRollbackConfiguration", {})
    if rollback.get("enabled") and not rollback.get("events"):
        raise AwsError("InvalidAutoRollbackConfigException", "An automatic rollback that is enabled needs events.")
    for trigger in definition.get("triggerConfigurations", ()):
        target = trigger.get("triggerTargetArn", "")
        if target.split(":")[2:3] != ["sns"]:
            raise AwsError("InvalidTriggerConfigException", f"The trigger target {target!r} is no topic of SNS.")
        unknown = [event for event in trigger.get("triggerEvents", ()) if event.startswith("Instance")]
        if unknown:
            raise NotImplementedHere(f"the codedeploy trigger event {unknown[0]}", "Lambda has no instances")


def _describe(tx: Transaction, group: DeploymentGroup) -> dict[str, object]:
    answer: dict[str, object] = {
        **group.definition,
        "applicationName": group.parent,
        "deploymentGroupId": group.id,
        "deploymentGroupName": group.name,
        "computePlatform": "Lambda",
    }
    for member, key in (
        ("lastSuccessfulDeployment", group.last_successful),
        ("lastAttemptedDeployment", group.last_attempted),
    ):
        deployment = tx.get(DeploymentRecord, key) if key else None
        if deployment is not None:
            answer[member] = _last(deployment)
            if member == "lastSuccessfulDeployment":
                answer["targetRevision"] = deployment.revision
    return answer


def _last(record: DeploymentRecord) -> dict[str, object]:
    answer: dict[str, object] = {
        "deploymentId": record.key,
        "status": record.state,
        "createTime": datetime.fromtimestamp(record.created_at, UTC),
    }
    if record.deployment.completed_at is not None:
        answer["endTime"] = datetime.fromtimestamp(record.deployment.completed_at, UTC)
    return answer
