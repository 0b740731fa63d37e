"""What a deployment would change, asked of CloudFormation itself: a change set that is made, read, and taken away again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.stack import REVIEW, Stack
from mlsystem.client.template import MOST_BYTES, compact, holds, values_of

SIGNS = {"Add": "+", "Modify": "~", "Replace": "±", "Remove": "-"}
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")

# Puts a template where CloudFormation finds it for a while, and gives its URL.
Place = Callable[[str], AbstractContextManager[str]]


@dataclass(frozen=True)
class PlannedChange:
    """Of one resource. `is_certain` False: only if another one comes out differently."""

    action: str
    logical_id: str
    type: str
    properties: tuple[str, ...] = ()
    is_certain: bool = True

    def __str__(self) -> str:
        words = f"{SIGNS[self.action]} {self.action} {self.logical_id} ({self.type})"
        words += f": {', '.join(self.properties)}" if self.properties else ""
        return words if self.is_certain else f"{words}, perhaps"


class Preview:
    """Of one stack. `pause` waits between two looks at AWS."""

    def __init__(self, connection: Connection, stack: Stack, place: Place, pause: Callable[[], None]):
        self._stacks = connection.client("cloudformation")
        self._stack = stack
        self._name = stack.name
        self._place = place
        self._pause = pause

    def changes(self, template: Mapping[str, Any], **request: Any) -> list[PlannedChange]:
        """`request` are members of CreateChangeSet beside the template. Raises ClientFailure for what would be refused."""
        body = compact(template)
        is_new = self._stack.status() in (None, REVIEW)
        if len(body.encode()) <= MOST_BYTES:
            return self._asked(is_new, {**request, "TemplateBody": body})
        if is_new:
            given = {item["ParameterKey"]: item["ParameterValue"] for item in request["Parameters"]}
            return list(_resources(template, values_of(template, given)))
        with self._place(body) as url:
            return self._asked(is_new, {**request, "TemplateURL": url})

    def _asked(self, is_new: bool, request: Mapping[str, Any]) -> list[PlannedChange]:
        name = f"mlsystem-plan-{uuid.uuid4().hex[:8]}"
        try:
            self._stacks.create_change_set(
                StackName=self._name,
                ChangeSetName=name,
                ChangeSetType="CREATE" if is_new else "UPDATE",
                **request,
            )
        except ClientError as error:
            raise ClientFailure(
                f"the stack {self._name} would be refused: {error.response['Error']['Message']}"
            ) from error
        try:
            return self._read(name)
        finally:
            self._stacks.delete_change_set(StackName=self._name, ChangeSetName=name)
            if is_new:
                self._stacks.delete_stack(StackName=self._name)

    def _read(self, name: str) -> list[PlannedChange]:
        asked = {"StackName": self._name, "ChangeSetName": name}
        while (found := self._stacks.describe_change_set(**asked))["Status"] in (
            "CREATE_PENDING",
            "CREATE_IN_PROGRESS",
        ):
            self._pause()
        if found["Status"] != "CREATE_COMPLETE":
            if any(words in found.get("StatusReason", "") for words in NO_CHANGES):
                return []
            raise ClientFailure(
                f"the stack {self._name} would be refused: {found.get('StatusReason', found['Status'])}"
            )
        changes = [_change(item["ResourceChange"]) for item in found["Changes"]]
        while token := found.get("NextToken"):
            found = self._stacks.describe_change_set(**asked, NextToken=token)
            changes += [_change(item["ResourceChange"]) for item in found["Changes"]]
        return changes


def _change(found: Mapping[str, Any]) -> PlannedChange:
    replacement = found.get("Replacement", "False")
    details = found.get("Details", ())
    names = dict.fromkeys(item["Target"].get("Name", item["Target"]["Attribute"]) for item in details)
    return PlannedChange(
        "Replace" if replacement in ("True", "Conditional") else found["Action"],
        found["LogicalResourceId"],
        found["ResourceType"],
        tuple(names),
        replacement != "Conditional" and all(item.get("Evaluation") != "Dynamic" for item in details),
    )


def _resources(template: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[PlannedChange]:
    """Of a new stack whose template only a bucket can hold, which is not there yet either."""
    for name, resource in template["Resources"].items():
        if "Condition" not in resource or holds(template, resource["Condition"], known):
            yield PlannedChange("Add", name, resource["Type"])
