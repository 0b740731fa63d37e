"""A stack as a record, and the machine that lets it live by the rules of `decide.template.stack`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from mlsystem.engine.decide.template import Kinds
from mlsystem.engine.decide.template.stack import (
    CancelResource,
    CreateResource,
    DeleteResource,
    ResourceCompleted,
    ResourceFailed,
    ResourceInitiated,
    StackEvent,
    StackState,
    advance,
)
from mlsystem.engine.decide.template.stack import Event as StackInput
from mlsystem.engine.decide.template.stack import Step as StackStep
from mlsystem.engine.durable.machine import Action, Entry, Event, Notice, Step
from mlsystem.engine.store.records import Record

VERBS = {CreateResource: "create_resource", DeleteResource: "delete_resource"}
OUTCOMES: dict[str, Callable[..., StackInput]] = {
    "resource_initiated": ResourceInitiated,
    "resource_completed": ResourceCompleted,
    "resource_failed": ResourceFailed,
}


class Waiting(BaseModel):
    """A resource that was begun and whose end another room will announce: the action, and what it is known by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verb: str
    type: str
    action: dict[str, Any]
    physical_id: str
    # What the type's handler noted, such as the id of a deployment.
    memo: dict[str, Any] = Field(default_factory=dict)


# What an update brings and a rollback takes away again, beside the resources.
OF_TEMPLATE = ("template", "parameters", "shown_parameters", "description", "tags")


class Stack(Record):
    """`key` is the stack's id (its ARN), `parent` its name; `state` is the StackStatus."""

    kind: ClassVar[str] = "cloudformation.stack"
    stack: StackState
    template: str
    is_protected: bool = False
    # The texts of the parameters; those that the template hides are hidden when they are shown.
    parameters: dict[str, str] = Field(default_factory=dict)
    shown_parameters: dict[str, str] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    notification_arns: tuple[str, ...] = ()
    # Exports of other stacks that went into what is stable, and into what the template of the last request asks for.
    imports: tuple[str, ...] = ()
    wanted_imports: tuple[str, ...] = ()
    description: str = ""
    role_arn: str = ""
    # Who asked last: a stack without a role acts with the rights of whoever has it made or changed.
    caller: str = ""
    on_failure: str = "ROLLBACK"
    token: str = ""
    waiting: dict[str, Waiting] = Field(default_factory=dict)
    # What the stack was asked for before the update that is on its way: that is what it is again when it has been rolled back.
    before: dict[str, Any] = Field(default_factory=dict)
    last_updated_at: float | None = None
    deleted_at: float | None = None

    @property
    def name(self) -> str:
        return self.parent

    def kept_for_rollback(self) -> dict[str, Any]:
        """`before` of an update that begins now; of one that has failed without a rollback it stays."""
        return self.before or self.model_dump(include=set(OF_TEMPLATE))


class StackMachine:
    """Outcomes of resources come as events; requests are made in a transaction by `request`."""

    model = Stack

    def __init__(self, kinds: Kinds):
        self._kinds = kinds

    def advance(self, record: Stack, event: Event, at: float) -> Step[Stack]:
        if event.name == "waiting":
            return self._wait(record, event.data["key"], Waiting.model_validate(event.data["waiting"]), at)
        if event.name == "action_failed":
            return self._step(record, ResourceFailed(event.data["key"], event.data["reason"]), at)
        outcome = OUTCOMES[event.name](**event.data)
        waiting = {
            key: item
            for key, item in record.waiting.items()
            if key != event.data["key"] or event.name == "resource_initiated"
        }
        return self._step(record.changed(waiting=waiting), outcome, at)

    def _wait(self, record: Stack, key: str, waiting: Waiting, at: float) -> Step[Stack]:
        after = record.changed(waiting={**record.waiting, key: waiting})
        if key in record.waiting:
            return Step(after)
        step = self._step(after, ResourceInitiated(key, waiting.physical_id), at)
        return dataclasses.replace(step, notices=(*step.notices, Notice("cloudformation.resource.begun", {"key": key})))

    def request(self, record: Stack, request: StackInput, at: float) -> Step[Stack]:
        """Raises AwsError when the stack's state does not allow it."""
        return self._step(record, request, at)

    def _step(self, record: Stack, event: StackInput, at: float) -> Step[Stack]:
        done: StackStep = advance(record.stack, event, self._kinds)
        status = str(done.state.status)
        deleted = at if status == "DELETE_COMPLETE" and record.deleted_at is None else record.deleted_at
        after = record.changed(stack=done.state, state=status, deleted_at=deleted)
        settled = status != record.state and not status.endswith("_IN_PROGRESS")
        if settled and status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            after = after.changed(imports=after.wanted_imports, before={})
        elif settled and status in ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
            after = after.changed(wanted_imports=after.imports, **after.before).changed(before={})
        notices: list[Notice] = [
            _told(record, item) for item in done.events if item.type == "AWS::CloudFormation::Stack"
        ]
        if settled:
            data = {
                "stack_id": record.key,
                "name": record.name,
                "status": status,
                "reason": done.state.reason,
                "token": record.token,
            }
            notices.append(Notice("cloudformation.stack.settled", data))
        return Step(
            after,
            actions=tuple(_action(item) for item in done.actions),
            notices=tuple(notices),
            history=tuple(Entry(item.status, dataclasses.asdict(item)) for item in done.events),
        )


def _action(item: Any) -> Action:
    if isinstance(item, CancelResource):
        return Action("cloudformation.cancel_resource", key=item.key, data=dataclasses.asdict(item), lane=item.key)
    verb = VERBS.get(type(item), "update_resource")
    return Action(f"cloudformation.{verb}", key=item.key, data=dataclasses.asdict(item), lane=item.key)


def _told(record: Stack, event: StackEvent) -> Notice:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html"""
    detail = {"stack-id": record.key, "status-details": {"status": event.status, "status-reason": event.reason}}
    data = {
        "source": "aws.cloudformation",
        "detail-type": "CloudFormation Stack Status Change",
        "resources": [record.key],
        "detail": detail,
    }
    return Notice("aws.event", data)
