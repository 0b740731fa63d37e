"""Deployments: the operations. https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html"""

from __future__ import annotations

import heapq
import secrets
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.retention import DEPLOYMENTS
from mlsystem.engine.decide.traffic import (
    Deployment,
    DeploymentStatus,
    LifecycleEventStatus,
    RollbackEvent,
    new_deployment,
    overview,
)
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.services.codedeploy.applications import DeploymentGroup
from mlsystem.engine.services.codedeploy.appspec import AppSpec, read_appspec, revision_content
from mlsystem.engine.services.codedeploy.configs import find_config
from mlsystem.engine.services.codedeploy.deployment import DeploymentMachine, DeploymentRecord
from mlsystem.engine.services.codedeploy.deployment_actions import lifecycle_event_of
from mlsystem.engine.services.codedeploy.groups import find_group
from mlsystem.engine.services.codedeploy.pages import PAGES
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.forgetting import forget_records

if TYPE_CHECKING:
    from types_boto3_codedeploy.type_defs import (
        BatchGetDeploymentsInputTypeDef,
        CreateDeploymentInputTypeDef,
        GetDeploymentInputTypeDef,
        ListDeploymentsInputTypeDef,
        PutLifecycleEventHookExecutionStatusInputTypeDef,
        StopDeploymentInputTypeDef,
    )

CREATE = """applicationName deploymentGroupName revision deploymentConfigName description autoRollbackConfiguration
    overrideAlarmConfiguration"""
ID_LETTERS = string.ascii_uppercase + string.digits


def _is_past(tx: Transaction, record: DeploymentRecord) -> bool:
    group = tx.get(DeploymentGroup, record.parent)
    known = (group.last_successful, group.last_attempted) if group is not None else ()
    return DeploymentStatus(record.state).is_terminal and record.key not in known


class Deployments(Part):
    """Create, get, list, stop, and what hooks report."""

    def __init__(self, house: House, machine: DeploymentMachine):
        self._house = house
        self._machine = machine

    def tidy(self, now: float) -> None:
        """A group tells of its last deployments, and goes back to the last good one."""
        since = DEPLOYMENTS.since(now)
        forget_records(self._house.database, DeploymentRecord, since, _is_past)

    @operation("CreateDeployment", accepts=CREATE)
    def create(self, request: CreateDeploymentInputTypeDef, call: Call) -> Mapping[str, object]:
        given: Mapping[str, Any] = request
        if "deploymentGroupName" not in given:
            raise AwsError("DeploymentGroupNameRequiredException", "Deployment Group name is missing")
        if "revision" not in given:
            raise AwsError("RevisionRequiredException", "The revision is missing")
        group = find_group(call.tx, given["applicationName"], given["deploymentGroupName"])
        _check_no_other(call.tx, group)
        appspec = read_appspec(revision_content(given["revision"]))
        deployment_id = f"d-{''.join(secrets.choice(ID_LETTERS) for _ in range(9))}"
        settings = {**group.definition, **given}
        record = DeploymentRecord(
            key=deployment_id,
            parent=group.key,
            state=DeploymentStatus.CREATED,
            deployment=_plan(call, deployment_id, appspec, settings),
            application=group.parent,
            group=group.name,
            group_id=group.id,
            role_arn=group.definition["serviceRoleArn"],
            revision=dict(given["revision"]),
            description=given.get("description", ""),
            rollback=settings.get("autoRollbackConfiguration", {}),
            triggers=tuple(group.definition.get("triggerConfigurations", ())),
        )
        call.tx.put(group.changed(last_attempted=deployment_id))
        added = call.tx.add(record)
        self._house.worker.commit_step(call.tx, added, self._machine.begin(added, call.now))
        return {"deploymentId": deployment_id}

    @operation("GetDeployment", accepts="deploymentId")
    def get(self, request: GetDeploymentInputTypeDef, call: Call) -> Mapping[str, object]:
        return {"deploymentInfo": _describe(find_deployment(call.tx, request["deploymentId"]))}

    @operation("BatchGetDeployments", accepts="deploymentIds")
    def batch_get(self, request: BatchGetDeploymentsInputTypeDef, call: Call) -> Mapping[str, object]:
        ids = request["deploymentIds"]
        return {"deploymentsInfo": [_describe(find_deployment(call.tx, name)) for name in ids]}

    @operation(
        "ListDeployments",
        accepts="applicationName deploymentGroupName includeOnlyStatuses createTimeRange nextToken",
    )
    def list_deployments(self, request: ListDeploymentsInputTypeDef, call: Call) -> Mapping[str, object]:
        given: Mapping[str, Any] = request
        if ("applicationName" in given) != ("deploymentGroupName" in given):
            raise AwsError("InvalidInputException", "applicationName and deploymentGroupName go together.")
        parent = None
        if "applicationName" in given:
            parent = find_group(call.tx, given["applicationName"], given["deploymentGroupName"]).key
        statuses = given.get("includeOnlyStatuses") or [str(status) for status in DeploymentStatus]
        # Each status apart: of those that go on there are few among very many that have ended.
        lists = (call.tx.each_key(DeploymentRecord, parent=parent, state=one) for one in set(statuses))
        within = given.get("createTimeRange", {})
        found = (one for one in heapq.merge(*lists, reverse=True) if _is_within(one[0], within))
        return PAGES.page(found, given, "deployments", lambda one: one, lambda one: one[1], descending=True)

    @operation("StopDeployment", accepts="deploymentId autoRollbackEnabled")
    def stop_deployment(self, request: StopDeploymentInputTypeDef, call: Call) -> Mapping[str, object]:
        record = find_deployment(call.tx, request["deploymentId"])
        if record.deployment.status.is_terminal:
            raise AwsError("DeploymentAlreadyCompletedException", f"The deployment {record.key} is {record.state}.")
        event = Event("stop_requested", {"rolls_back": request.get("autoRollbackEnabled")})
        self._house.worker.send(call.tx, DeploymentRecord, record.key, event)
        is_over = find_deployment(call.tx, record.key).deployment.status.is_terminal
        if is_over:
            return {"status": "Succeeded", "statusMessage": "No more traffic is shifted."}
        return {"status": "Pending", "statusMessage": "The deployment is being stopped."}

    @operation("PutLifecycleEventHookExecutionStatus", accepts="deploymentId lifecycleEventHookExecutionId status")
    def put_hook_status(
        self, request: PutLifecycleEventHookExecutionStatusInputTypeDef, call: Call
    ) -> Mapping[str, object]:
        record = find_deployment(call.tx, request.get("deploymentId", ""))
        execution_id, status = request.get("lifecycleEventHookExecutionId", ""), request.get("status")
        name = lifecycle_event_of(execution_id, record.key)
        if name is None:
            raise AwsError(
                "InvalidLifecycleEventHookExecutionIdException",
                f"{execution_id!r} is not the id of a hook execution of {record.key}.",
            )
        if status not in {"Succeeded", "Failed"}:
            raise AwsError(
                "InvalidLifecycleEventHookExecutionStatusException", f"The status must be Succeeded or Failed: {status}"
            )
        if record.deployment.event(name).status is not LifecycleEventStatus.IN_PROGRESS:
            raise AwsError("LifecycleEventAlreadyCompletedException", f"{name} of {record.key} has ended already.")
        data = {"lifecycle_event": name, "succeeded": status == "Succeeded"}
        if status == "Failed":
            data["reason"] = "it reported Failed"
        self._house.worker.send(call.tx, DeploymentRecord, record.key, Event("hook_ended", data))
        return {"lifecycleEventHookExecutionId": execution_id}


def find_deployment(tx: Transaction, deployment_id: str) -> DeploymentRecord:
    if not deployment_id:
        raise AwsError("DeploymentIdRequiredException", "The deploymentId is missing.")
    record = tx.get(DeploymentRecord, deployment_id)
    if record is None:
        message = f"The deployment {deployment_id} could not be found"
        raise AwsError("DeploymentDoesNotExistException", message)
    return record


def _check_no_other(tx: Transaction, group: DeploymentGroup) -> None:
    for status in (DeploymentStatus.CREATED, DeploymentStatus.IN_PROGRESS):
        others = [one.key for one in tx.all(DeploymentRecord, state=status) if one.parent == group.key]
        if others:
            raise AwsError(
                "DeploymentLimitExceededException",
                f"The Deployment Group '{group.name}' already has an active Deployment '{others[0]}'",
            )


def _plan(call: Call, deployment_id: str, appspec: AppSpec, settings: Mapping[str, Any]) -> Deployment:
    """`settings`: the group's, with what this deployment overrides."""
    alarms = settings.get("overrideAlarmConfiguration") or settings.get("alarmConfiguration", {})
    rollback = settings.get("autoRollbackConfiguration", {})
    events = rollback.get("events", ()) if rollback.get("enabled") else ()
    return new_deployment(
        deployment_id=deployment_id,
        function_name=appspec.function_name,
        alias=appspec.alias,
        current_version=appspec.current_version,
        target_version=appspec.target_version,
        config=find_config(call.tx, settings["deploymentConfigName"]),
        at=call.now,
        before_hook=appspec.before_hook,
        after_hook=appspec.after_hook,
        alarms=[alarm["name"] for alarm in alarms.get("alarms", ())] if alarms.get("enabled") else (),
        ignores_poll_failure=bool(alarms.get("ignorePollAlarmFailure", False)),
        rolls_back_on=[RollbackEvent(event) for event in events],
    )


def _describe(record: DeploymentRecord) -> dict[str, object]:
    deployment = record.deployment
    answer: dict[str, object] = {
        "applicationName": record.application,
        "deploymentGroupName": record.group,
        "deploymentConfigName": deployment.config.name,
        "deploymentId": record.key,
        "revision": record.revision,
        "status": record.state,
        "createTime": datetime.fromtimestamp(deployment.created_at, UTC),
        "deploymentOverview": overview(deployment),
        "creator": record.creator,
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "computePlatform": "Lambda",
    }
    if record.description:
        answer["description"] = record.description
    if record.rollback:
        answer["autoRollbackConfiguration"] = record.rollback
    for member, at in (("startTime", deployment.started_at), ("completeTime", deployment.completed_at)):
        if at is not None:
            answer[member] = datetime.fromtimestamp(at, UTC)
    if deployment.error_code:
        answer["errorInformation"] = {"code": deployment.error_code, "message": deployment.error_message}
    if deployment.has_rolled_back:
        message = f"The traffic is back at version {deployment.current_version}."
        answer["rollbackInfo"] = {"rollbackMessage": message}
    return answer


def _is_within(at: float, time_range: Mapping[str, Any]) -> bool:
    created = datetime.fromtimestamp(at, UTC)
    return ("start" not in time_range or created >= time_range["start"]) and (
        "end" not in time_range or created <= time_range["end"]
    )
