"""A change set: what a stack is to become, kept until somebody wants it so, and what that would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from mlsystem.engine.decide.template import Change, ChangeAction, Target
from mlsystem.engine.store.records import Record

# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
ACTIONS = {
    ChangeAction.CREATE: "Add",
    ChangeAction.UPDATE: "Modify",
    ChangeAction.REPLACE: "Modify",
    ChangeAction.DELETE: "Remove",
}
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class ChangeSet(Record):
    """`key` is its id (its ARN), `parent` the stack's id; `state` is the Status.

    `basis`: the operation that had made the stack what it was. When another has changed it since, the set is obsolete.
    """

    kind: ClassVar[str] = "cloudformation.change_set"
    name: str
    type: str
    basis: str
    target: Target
    # Members of the stack's record that executing it sets.
    members: dict[str, Any]
    changes: tuple[dict[str, Any], ...]
    reason: str = ""
    description: str = ""
    on_failure: str = ""
    token: str = ""
    is_executed: bool = False


def described(change: Change, is_immutable: Callable[[str], bool]) -> dict[str, Any]:
    """A change as DescribeChangeSet tells it. `is_immutable` says whether a change of a property needs a new resource."""
    answer: dict[str, Any] = {
        "Action": ACTIONS[change.action],
        "LogicalResourceId": change.logical_id,
        "ResourceType": change.type,
        "Scope": [],
        "Details": [],
    }
    if change.physical_id:
        answer["PhysicalResourceId"] = change.physical_id
    if ACTIONS[change.action] == "Modify":
        is_replaced = change.action is ChangeAction.REPLACE
        answer["Replacement"] = ("True" if change.is_certain else "Conditional") if is_replaced else "False"
        answer["Scope"] = ["Properties"]
        answer["Details"] = [_detail(name, change, is_immutable(name)) for name in change.properties]
    policy = _policy(change)
    return {"Type": "Resource", "ResourceChange": {**answer, **({"PolicyAction": policy} if policy else {})}}


def _detail(name: str, change: Change, is_immutable: bool) -> dict[str, Any]:
    recreation = "Never" if not is_immutable else "Always" if change.is_certain else "Conditionally"
    return {
        "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation},
        "Evaluation": "Static" if change.is_certain else "Dynamic",
    }


def _policy(change: Change) -> str:
    """What becomes of the old physical resource."""
    if change.action is ChangeAction.DELETE:
        return change.fate or "Delete"
    if change.action is ChangeAction.REPLACE:
        return f"ReplaceAnd{change.fate or 'Delete'}"
    return ""


def summary(change_set: ChangeSet, stack_name: str, execution_status: str, created: Any) -> Mapping[str, Any]:
    answer = {
        "ChangeSetId": change_set.key,
        "ChangeSetName": change_set.name,
        "StackId": change_set.parent,
        "StackName": stack_name,
        "Status": change_set.state,
        "StatusReason": change_set.reason,
        "ExecutionStatus": execution_status,
        "CreationTime": created,
        "Description": change_set.description,
    }
    return {name: value for name, value in answer.items() if value != ""}
