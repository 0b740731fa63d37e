"""The project's stacks. A stack that lost the role with which CloudFormation acts gets one of that name for as long as it takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import RunFailed
from mlsystem.client.teardown.removal import Removal

Pause = Callable[[], None]

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


class Stacks:
    """Of one project, by their names."""

    def __init__(self, connection: Connection, pause: Pause):
        self._client = connection.client("cloudformation")
        self._iam = connection.client("iam")
        self._pause = pause

    def removals(self, *names: str) -> Iterator[Removal]:
        """Those that exist, in this order."""
        for name in names:
            stack = self._find(name)
            if stack is not None:
                yield Removal("stack", name, lambda stack=stack: self._remove(stack))  # type: ignore[misc]

    def with_parameter(self, name: str, value: str) -> set[str]:
        """Names of all stacks of the account and region that have this parameter with this value."""
        pages = self._client.get_paginator("describe_stacks").paginate()
        wanted = (name, value)
        return {
            stack["StackName"]
            for page in pages
            for stack in page["Stacks"]
            if any((one["ParameterKey"], one["ParameterValue"]) == wanted for one in stack.get("Parameters", ()))
        }

    def parameters(self, name: str) -> dict[str, str]:
        """None where there is no such stack."""
        stack = self._find(name) or {}
        return {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", ())}

    def _remove(self, stack: dict[str, Any]) -> None:
        """Raises RunFailed, with CloudFormation's reasons, when it stays."""
        with self._role(stack):
            self._client.delete_stack(StackName=stack["StackId"])
            while (status := self._status(stack["StackId"])).endswith("_IN_PROGRESS"):
                self._pause()
        if status != "DELETE_COMPLETE":
            raise RunFailed(f"the stack {stack['StackName']} is {status}: {self._reasons(stack['StackId'])}")

    @contextmanager
    def _role(self, stack: dict[str, Any]) -> Iterator[None]:
        """The role with which CloudFormation acts on the stack, if it has one, is there."""
        name = stack.get("RoleARN", "").rpartition("/")[2]
        if not name or self._has_role(name):
            yield
            return
        self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        self._iam.attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
        try:
            yield
        finally:
            self._iam.detach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
            self._iam.delete_role(RoleName=name)

    def _has_role(self, name: str) -> bool:
        try:
            self._iam.get_role(RoleName=name)
        except self._iam.exceptions.NoSuchEntityException:
            return False
        return True

    def _find(self, name: str) -> dict[str, Any] | None:
        try:
            stack: dict[str, Any] = self._client.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise
        return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack

    def _status(self, stack_id: str) -> str:
        return str(self._client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"])

    def _reasons(self, stack_id: str) -> str:
        events = self._client.describe_stack_events(StackName=stack_id)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"] == "DELETE_FAILED"]
        return "; ".join(
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in reversed(failed)
        )
