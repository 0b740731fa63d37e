"""One deployment of the drill: the production stack is updated with a fault, and followed until it has settled."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.drill.case import Ending
from mlsystem.client.drill.verdict import Outcome
from mlsystem.client.errors import ClientFailure
from mlsystem.client.stack import CAPABILITIES, Stack

ALIAS = "live"
# A release's name has at most 63 characters, and ends as all of production do.
LONGEST_JOB, STAGE = 40, "-prd"
UNDER_WAY = ("Created", "Queued", "InProgress", "Baking", "Ready")
ALARMS = re.compile(r"<([^>]*)>")


class Rollouts:
    """Of the production stack of one project."""

    def __init__(self, connection: Connection, stack: Stack):
        self._cloudformation = connection.client("cloudformation")
        self._codedeploy = connection.client("codedeploy")
        self._cloudwatch = connection.client("cloudwatch")
        self._lambda = connection.client("lambda")
        self._stack = stack
        self._is_under_way = False
        outputs = stack.outputs()
        self._function = outputs["ApiFunctionName"]
        self._group = {
            "applicationName": outputs["DeploymentApplication"],
            "deploymentGroupName": outputs["DeploymentGroup"],
        }

    def parameters(self) -> dict[str, str]:
        found = self._cloudformation.describe_stacks(StackName=self._stack.name)["Stacks"][0]
        return {item["ParameterKey"]: item["ParameterValue"] for item in found["Parameters"]}

    def alarms_on(self) -> list[str]:
        """Of those that stop a deployment, the ones in ALARM."""
        group = self._codedeploy.get_deployment_group(**self._group)["deploymentGroupInfo"]
        names = [alarm["name"] for alarm in group["alarmConfiguration"]["alarms"]]
        found = self._cloudwatch.describe_alarms(AlarmNames=names, StateValue="ALARM")["MetricAlarms"] if names else []
        return [alarm["AlarmName"] for alarm in found]

    def serves_what_the_stack_deployed(self) -> bool:
        """It does not after `mlsystem rollback`, or while a deployment is under way."""
        serving = self._lambda.get_function_configuration(FunctionName=self._function, Qualifier=self._serving())
        variables = serving.get("Environment", {}).get("Variables", {})
        return bool(variables.get("ENDPOINT_NAME") == self._stack.outputs().get("EndpointName"))

    def stop(self, pause: Callable[[], None]) -> None:
        """Take back the drill's own deployment that is under way, if one is, and wait until the stack has settled."""
        while self._is_under_way and str(self._stack.status()).endswith("_IN_PROGRESS"):
            for name in self._deployments()[:1]:
                if self._codedeploy.get_deployment(deploymentId=name)["deploymentInfo"]["status"] in UNDER_WAY:
                    self._codedeploy.stop_deployment(deploymentId=name, autoRollbackEnabled=True)
            pause()
        self._is_under_way = False

    def deploy(self, fault: str, pause: Callable[[], None]) -> Outcome:
        """A new version with `fault`, until the stack has settled. Raises ClientFailure where it was refused."""
        known, before = set(self._deployments()), self._serving()
        parameters = self.parameters()
        job = parameters["TrainingExecutionArn"].rsplit(":", 1)[1]
        name = f"{job[:LONGEST_JOB].rstrip('-')}-drill-{secrets.token_hex(3)}{STAGE}"
        changes = {"Fault": fault, "ReleaseName": name, "ReleaseSha256": secrets.token_hex(32), "GoesBack": "false"}
        self._update(parameters, changes)
        self._is_under_way = True
        ended = self._follow(before, pause)
        self._is_under_way = False
        return self._outcome(name, [item for item in self._deployments() if item not in known], ended)

    def _update(self, parameters: Mapping[str, str], changes: Mapping[str, str]) -> None:
        kept = [{"ParameterKey": key, "UsePreviousValue": True} for key in parameters if key not in changes]
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in changes.items()]
        try:
            self._cloudformation.update_stack(
                StackName=self._stack.name,
                UsePreviousTemplate=True,
                Parameters=[*kept, *given],
                Capabilities=CAPABILITIES,
            )
        except ClientError as error:
            message = error.response["Error"]["Message"]
            raise ClientFailure(f"the stack {self._stack.name} was refused: {message}") from error

    def _follow(self, before: str, pause: Callable[[], None]) -> float:
        """Until the stack has settled; when traffic was last seen to move."""
        moved = time.monotonic()
        share = 1.0
        while True:
            now = self._share(before)
            if now != share:
                moved, share = time.monotonic(), now
            if not str(self._stack.status()).endswith("_IN_PROGRESS"):
                return moved
            pause()

    def _outcome(self, name: str, deployments: list[str], ended: float) -> Outcome:
        if self._stack.status() == "UPDATE_COMPLETE":
            return Outcome(Ending.PROMOTED, "", "", name, ended)
        if not deployments:
            logical_id, reason = self._first_failure()
            return Outcome(Ending.REFUSED, f"stack, {logical_id}", reason, name, ended)
        # The stack may have gone back by a deployment of its own: the first one is ours.
        info = self._codedeploy.get_deployment(deploymentId=deployments[-1])["deploymentInfo"]
        error = info.get("errorInformation", {})
        target = self._codedeploy.get_deployment_target(
            deploymentId=deployments[-1], targetId=f"{self._function}:{ALIAS}"
        )["deploymentTarget"]["lambdaTarget"]
        statuses = {event["lifecycleEventName"]: event["status"] for event in target["lifecycleEvents"]}
        has_shifted = statuses.get("AllowTraffic") not in ("Pending", "Skipped", None)
        ending = Ending.ROLLED_BACK if has_shifted else Ending.REFUSED
        return Outcome(ending, _detected_by(error, statuses), error.get("message", ""), name, ended)

    def _first_failure(self) -> tuple[str, str]:
        """Of the stack's newest events."""
        failed: tuple[str, str] = ("", "")
        for event in self._cloudformation.describe_stack_events(StackName=self._stack.name)["StackEvents"]:
            if event["ResourceStatus"] == "UPDATE_IN_PROGRESS" and event["LogicalResourceId"] == self._stack.name:
                break
            reason = event.get("ResourceStatusReason", "")
            if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason:
                failed = event["LogicalResourceId"], reason
        return failed

    def _deployments(self) -> list[str]:
        """Newest first."""
        pages = self._codedeploy.get_paginator("list_deployments").paginate(**self._group)
        return [name for page in pages for name in page["deployments"]]

    def _serving(self) -> str:
        return str(self._lambda.get_alias(FunctionName=self._function, Name=ALIAS)["FunctionVersion"])

    def _share(self, version: str) -> float:
        alias = self._lambda.get_alias(FunctionName=self._function, Name=ALIAS)
        others: Mapping[str, Any] = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        if alias["FunctionVersion"] == version:
            return 1 - float(sum(others.values()))
        return float(others.get(version, 0.0))


def _detected_by(error: Mapping[str, str], statuses: Mapping[str, str]) -> str:
    named = ALARMS.search(error.get("message", ""))
    if named:
        return f"alarm {named[1]}"
    failed = [name for name, status in statuses.items() if status == "Failed"]
    return f"hook {failed[0]}" if failed else error.get("code", "")
