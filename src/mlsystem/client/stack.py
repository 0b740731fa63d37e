"""One stack: put in place, followed until it has settled, and asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, RunFailed

CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
REVIEW, GONE = "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"
Pause = Callable[[], None]


@dataclass(frozen=True)
class StackEvent:
    logical_id: str
    type: str
    status: str
    reason: str


class Stack:
    """By its name; it need not exist."""

    def __init__(self, connection: Connection, name: str):
        self.name = name
        self._client = connection.client("cloudformation")

    def status(self) -> str | None:
        """None where there is none."""
        try:
            found = self._client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise
        status = str(found["StackStatus"])
        return None if status == GONE else status

    def apply(self, parameters: Mapping[str, str], tags: Mapping[str, str] | None = None, **template: str) -> bool:
        """Create or update it; False when there is nothing to update. Raises ClientFailure."""
        request = {"StackName": self.name, **template, **settings(parameters, tags or {})}
        try:
            status = self.status()
            if status == REVIEW:  # a preview that was cut off has left it, with nothing in it
                self._client.delete_stack(StackName=self.name)
                self._client.get_waiter("stack_delete_complete").wait(StackName=self.name)
            if status in (None, REVIEW):
                self._client.create_stack(**request, OnFailure="DELETE")
            else:
                self._client.update_stack(**request)
        except ClientError as error:
            message = error.response["Error"]["Message"]
            if "No updates are to be performed" in message:
                return False
            raise ClientFailure(f"the stack {self.name} was refused: {message}") from error
        return True

    def follow(self, pause: Pause) -> Iterator[StackEvent]:
        """New events until it has settled. Raises RunFailed with the first reason when it did not end well."""
        stack_id = str(self._client.describe_stacks(StackName=self.name)["Stacks"][0]["StackId"])
        seen: set[str] = set()
        reasons: list[str] = []
        while True:
            status = self._client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
            for event in self._new_events(stack_id, seen):
                if event.status.endswith("_FAILED") and event.reason and "cancelled" not in event.reason:
                    reasons.append(f"{event.logical_id}: {event.reason}")
                yield event
            if not status.endswith("_IN_PROGRESS"):
                break
            pause()
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise RunFailed(f"the stack {self.name} is {status}. {reasons[0] if reasons else ''}".strip())

    def outputs(self) -> dict[str, str]:
        """Empty when there is none."""
        try:
            found = self._client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError:
            return {}
        if found["StackStatus"] == GONE:
            return {}
        return {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", ())}

    def resource(self, logical_id: str) -> str:
        """The physical id of a resource. Raises ClientFailure."""
        try:
            detail = self._client.describe_stack_resource(StackName=self.name, LogicalResourceId=logical_id)
        except ClientError as error:
            raise ClientFailure(f"{logical_id}: {error.response['Error']['Message']}") from error
        return str(detail["StackResourceDetail"]["PhysicalResourceId"])

    def _new_events(self, stack_id: str, seen: set[str]) -> list[StackEvent]:
        fresh = []
        for page in self._client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
            fresh += [event for event in page["StackEvents"] if event["EventId"] not in seen]
        seen.update(event["EventId"] for event in fresh)
        return [
            StackEvent(
                event["LogicalResourceId"],
                event["ResourceType"],
                event["ResourceStatus"],
                event.get("ResourceStatusReason", ""),
            )
            for event in reversed(fresh)
        ]


def settings(parameters: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, Any]:
    """What a request to CloudFormation says beside the template."""
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    tagged = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"Parameters": given, "Capabilities": CAPABILITIES, "Tags": tagged}
