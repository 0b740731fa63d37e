"""Does in the world what a deployment decided: moves the alias, invokes hooks, looks at alarms, tells topics. All may be repeated."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.contract import House, Part, Principal
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.decide.traffic import Deployment, DeploymentStatus
from mlsystem.engine.durable.machine import Event, Json, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.services.codedeploy.deployment import (
    ALARMS,
    HOOK,
    NOTIFY,
    TRAFFIC,
    DeploymentMachine,
    DeploymentRecord,
)
from mlsystem.engine.store.database import Transaction

# What a repetition may mend.
TRANSIENT = {"ResourceConflictException", "TooManyRequestsException", "ServiceException", "PreconditionFailedException"}
LONGEST_SUBJECT = 100


class DeploymentActions(Part):
    """The actions, and the alarms that come unasked."""

    def __init__(self, house: House, machine: DeploymentMachine):
        self._house = house
        self._machine = machine

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {
            TRAFFIC: self._set_traffic,
            HOOK: self._invoke_hook,
            ALARMS: self._check_alarms,
            NOTIFY: self._notify,
        }

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"cloudwatch.alarm.changed": self._on_alarm}

    def _on_alarm(self, tx: Transaction, topic: str, data: Json) -> None:
        if data["state"] != "ALARM":
            return
        for record in tx.all(DeploymentRecord, state=DeploymentStatus.IN_PROGRESS):
            if data["name"] in record.deployment.alarms:
                event = Event("alarms_checked", {"active": [data["name"]], "check": None})
                self._house.worker.send(tx, DeploymentRecord, record.key, event)

    # ------------------------------------------------------------------ actions
    def _set_traffic(self, call: ActionCall) -> Event:
        """Whether the traffic may still move is decided in the transaction that moves it.

        So a step that was overtaken by a rollback or by the end of its deployment moves nothing, however late it comes.
        """
        record = self._record(call)
        with self._house.database.transaction() as tx:
            now = tx.get(DeploymentRecord, record.key) or record
            if is_due(now.deployment, call.data["key"]):
                self._check_alias(now.deployment, self._role(record))
                request = alias_request(now.deployment, call.data["percent"])
                self._ask("lambda", "UpdateAlias", request, self._role(record))
        return Event("traffic_set", {"key": call.data["key"]})

    def _check_alias(self, deployment: Deployment, principal: Principal) -> None:
        """An alias that somebody else has moved meanwhile is left alone. Raises ActionFailed."""
        request = {"FunctionName": deployment.function_name, "Name": deployment.alias}
        alias = self._ask("lambda", "GetAlias", request, principal)
        weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        ours = {deployment.current_version, deployment.target_version}
        if alias["FunctionVersion"] not in ours or not set(weights) <= ours:
            raise ActionFailed(
                f"The alias {deployment.alias} of {deployment.function_name} points to version"
                f" {alias['FunctionVersion']}, not to the CurrentVersion {deployment.current_version}.",
                "INVALID_LAMBDA_CONFIGURATION",
            )

    def _invoke_hook(self, call: ActionCall) -> None:
        record = self._record(call)
        payload = {
            "DeploymentId": record.key,
            "LifecycleEventHookExecutionId": hook_execution_id(record.key, call.data["lifecycle_event"]),
        }
        request = {
            "FunctionName": call.data["function"],
            "InvocationType": "Event",
            "Payload": json.dumps(payload).encode(),
        }
        self._ask("lambda", "Invoke", request, self._role(record))

    def _check_alarms(self, call: ActionCall) -> Event:
        wanted, check = call.data["alarms"], call.data["check"]
        try:
            request = {"AlarmNames": wanted, "MaxRecords": 100}
            answer = self._house.call("cloudwatch", "DescribeAlarms", request, self._role(self._record(call)))
        except AwsError as error:
            return Event("alarm_poll_failed", {"reason": error.message, "check": check})
        states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in answer["MetricAlarms"]}
        missing = [name for name in wanted if name not in states]
        active = [name for name in wanted if states.get(name) == "ALARM"]
        if missing and not active:
            return Event("alarm_poll_failed", {"reason": f"there is no alarm {missing[0]}", "check": check})
        return Event("alarms_checked", {"active": active, "check": check})

    def _notify(self, call: ActionCall) -> Event | None:
        """A topic that is gone does not hold a deployment up; that is written into the deployment's history."""
        message = call.data["message"]
        where = f"in {message['region']} to {message['applicationName']}"
        subject = f"{message['status']}: AWS CodeDeploy {message['deploymentId']} {where}"
        request = {
            "TopicArn": call.data["topic"],
            "Subject": subject[:LONGEST_SUBJECT],
            "Message": json.dumps(message),
        }
        try:
            self._house.call("sns", "Publish", request, self._role(self._record(call)))
        except AwsError as error:
            return Event("notification_failed", {"topic": call.data["topic"], "error": str(error)})
        return None

    def _ask(self, service: str, name: str, request: Mapping[str, Any], principal: Principal) -> dict[str, Any]:
        try:
            return self._house.call(service, name, request, principal)
        except AwsError as error:
            if error.code in TRANSIENT:
                raise
            raise ActionFailed(error.message, error.code) from error

    def _record(self, call: ActionCall) -> DeploymentRecord:
        with self._house.database.reading() as tx:
            record = tx.get(DeploymentRecord, call.owner_key)
        if record is None:
            raise ActionFailed(f"the deployment {call.owner_key} is not there any more")
        return record

    def _role(self, record: DeploymentRecord) -> Principal:
        return self._house.session_of(record.role_arn, record.key, "codedeploy")


def is_due(deployment: Deployment, key: str) -> bool:
    """Whether the traffic action with this key may still act."""
    if deployment.status.is_terminal:
        return False
    goes_back = deployment.ending is not None and deployment.ending.rolls_back
    return key.endswith("/back") == goes_back


def alias_request(deployment: Deployment, percent: int) -> dict[str, Any]:
    """UpdateAlias that gives so much of the traffic to the target version, and all the rest to the current one."""
    request: dict[str, Any] = {"FunctionName": deployment.function_name, "Name": deployment.alias}
    if percent == 100:
        return {
            **request,
            "FunctionVersion": deployment.target_version,
            "RoutingConfig": {"AdditionalVersionWeights": {}},
        }
    weights = {deployment.target_version: percent / 100} if percent else {}
    return {
        **request,
        "FunctionVersion": deployment.current_version,
        "RoutingConfig": {"AdditionalVersionWeights": weights},
    }


def hook_execution_id(deployment_id: str, lifecycle_event: str) -> str:
    """A token that names both, so that it needs no place of its own."""
    return base64.urlsafe_b64encode(f"{deployment_id}:{lifecycle_event}".encode()).decode()


def lifecycle_event_of(execution_id: str, deployment_id: str) -> str | None:
    """Back from `hook_execution_id`; None for one that is not of this deployment."""
    try:
        found, _, name = base64.urlsafe_b64decode(execution_id.encode()).decode().partition(":")
    except ValueError:
        return None
    return name if found == deployment_id else None
