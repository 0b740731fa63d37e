"""Carries out what a stack decided for its resources, through the type's handler, as the stack's role.

A handler's calls and what they lead to commit in one transaction, so a crash leaves either both or neither. Handlers that wait for the
world run outside of it, and are safe to repeat.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template import DynamicReference, TemplateError, resolve_dynamic_references
from mlsystem.engine.durable.machine import Event, Json, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.services.cloudformation.acting import acting_for
from mlsystem.engine.services.cloudformation.registry import Registry
from mlsystem.engine.services.cloudformation.resource_type import (
    Begun,
    Cancellable,
    Done,
    Failed,
    Outcome,
    ResourceType,
    Site,
)
from mlsystem.engine.services.cloudformation.stack import Stack, StackMachine
from mlsystem.engine.store.database import Transaction

log = logging.getLogger(__name__)

# What other rooms announce when something that takes its time has come to an end.
ENDS = (
    "sagemaker.endpoint.settled",
    "codedeploy.deployment.ended",
    "cloudformation.stack.settled",
    "lambda.function.settled",
    "efs.file_system.settled",
    "efs.mount_target.settled",
    "efs.access_point.settled",
    "cloudformation.custom_resource.answered",
    # What was begun outside of a transaction may have ended before the stack knew that it waits.
    "cloudformation.resource.begun",
)


class Resources(Part):
    """Actions of stacks, and the ends of what they began."""

    def __init__(self, house: House, machine: StackMachine, registry: Registry):
        self._house = house
        self._machine = machine
        self._registry = registry

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        verbs = {"create_resource": self._create, "update_resource": self._update, "delete_resource": self._delete}
        handlers: dict[str, ActionHandler] = {
            f"cloudformation.{verb}": self._handler(verb.split("_")[0], work) for verb, work in verbs.items()
        }
        handlers["cloudformation.cancel_resource"] = self._cancel
        return handlers

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return dict.fromkeys(ENDS, self._on_end)

    # ------------------------------------------------------------------ actions
    def _handler(self, verb: str, work: Callable[[ResourceType, Site, Json], Outcome]) -> ActionHandler:
        def handle(call: ActionCall) -> Event | None:
            kind = self._registry.find(call.data["type"])
            if not kind.is_outside:
                with self._house.database.transaction() as tx:
                    event = self._attempt(tx, call, lambda site: work(kind, site, call.data), verb)
                    if event is not None:
                        self._house.worker.send(tx, Stack, call.owner_key, event)
                return None
            return self._attempt(None, call, lambda site: work(kind, site, call.data), verb)

        return handle

    def _attempt(
        self, tx: Transaction | None, call: ActionCall, work: Callable[[Site], Outcome], verb: str
    ) -> Event | None:
        """The event that the handler's outcome makes; None when the stack no longer waits for this action."""
        with self._house.database.reading() as reading:
            stack = reading.get(Stack, call.owner_key)
        key = call.data["key"]
        if stack is None or key not in stack.stack.tasks or key in stack.waiting:
            return None
        site = self._site(stack, call.data)
        try:
            if tx is None:
                outcome = work(site)
            else:
                with tx.connection.begin_nested():
                    outcome = work(site)
        except (AwsError, TemplateError) as error:
            return _failure(key, error)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError) as error:
            # A property of another form than the type has, deep inside: the resource fails, as it would each time.
            log.exception("%s of %s: malformed properties", verb, call.data["logical_id"])
            return _failure(key, AwsError("ValidationError", f"A property is malformed or lacks a member: {error!r}"))
        return self._event(key, verb, call.data, outcome)

    def _create(self, kind: ResourceType, site: Site, data: Json) -> Outcome:
        return kind.create(site, self._resolved(site, data["properties"]))

    def _update(self, kind: ResourceType, site: Site, data: Json) -> Outcome:
        old, new = self._resolved(site, data["old_properties"]), self._resolved(site, data["properties"])
        # A resource whose state nobody knows is given its properties again, even where none of them differs.
        outcome = kind.update(site, data["physical_id"], old, new, data["update_policy"])
        if isinstance(outcome, Failed):
            return outcome
        return dataclasses.replace(outcome, physical_id=outcome.physical_id or data["physical_id"])

    def _delete(self, kind: ResourceType, site: Site, data: Json) -> Outcome:
        return kind.delete(site, data["physical_id"], data["properties"])

    def _cancel(self, call: ActionCall) -> None:
        """Cut short what was begun, where its type can; its end is still waited for."""
        with self._house.database.transaction() as tx:
            stack = tx.get(Stack, call.owner_key)
            waiting = stack.waiting.get(call.data["task_key"]) if stack is not None else None
            if stack is None or waiting is None:
                return
            kind = self._registry.find(waiting.type)
            if isinstance(kind, Cancellable):
                kind.cancel(self._site(stack, waiting.action), waiting.physical_id, waiting.memo)

    def _resolved(self, site: Site, properties: Any) -> Any:
        return resolve_dynamic_references(properties, lambda reference: _look_up(site, reference))

    def _event(self, key: str, verb: str, action: Json, outcome: Outcome) -> Event:
        if isinstance(outcome, Begun):
            waiting = {
                "verb": verb,
                "type": action["type"],
                "action": dict(action),
                "physical_id": outcome.physical_id,
                "memo": outcome.memo,
            }
            return Event("waiting", {"key": key, "waiting": waiting})
        if isinstance(outcome, Failed):
            return _failed(key, outcome.reason, outcome.physical_id)
        return _completion(key, outcome)

    # ------------------------------------------------------------------ ends
    def _on_end(self, tx: Transaction, topic: str, data: Json) -> None:
        for stack in tx.all(Stack):
            for key, waiting in stack.waiting.items():
                kind = self._registry.find(waiting.type)
                site = self._site(stack, waiting.action)
                try:
                    outcome = kind.look(site, waiting.verb, waiting.physical_id, waiting.memo)
                except AwsError as error:
                    self._house.worker.send(tx, Stack, stack.key, _failure(key, error, waiting.physical_id))
                    continue
                if outcome is not None:
                    event = self._event(key, waiting.verb, waiting.action, outcome)
                    self._house.worker.send(tx, Stack, stack.key, event)

    def _site(self, stack: Stack, action: Json) -> Site:
        principal = acting_for(self._house, stack.role_arn, stack.caller)
        is_rollback = bool(action.get("is_rollback", False))
        return Site(
            house=self._house,
            principal=principal,
            stack_id=stack.key,
            stack_name=stack.name,
            logical_id=action["logical_id"],
            resource_type=action["type"],
            key=action["key"],
            stack_tags=stack.tags,
            is_rollback=is_rollback,
        )


def _completion(key: str, outcome: Done) -> Event:
    attributes = json.loads(json.dumps(outcome.attributes, default=str))
    data = {"key": key, "physical_id": outcome.physical_id, "attributes": attributes, "reference": outcome.reference}
    return Event("resource_completed", {**data, "is_hidden": outcome.is_hidden})


def _failure(key: str, error: AwsError, physical_id: str | None = None) -> Event:
    return _failed(key, f"{error.message} (Error Code: {error.code})", physical_id)


def _failed(key: str, reason: str, physical_id: str | None) -> Event:
    return Event("resource_failed", {"key": key, "reason": reason, "physical_id": physical_id})


def _look_up(site: Site, reference: DynamicReference) -> str:
    """The value behind `{{resolve:...}}`. Raises AwsError."""
    if reference.service != "secretsmanager":
        raise AwsError(
            "ValidationError", f"the dynamic reference to {reference.service} cannot be resolved by the local engine"
        )
    stage = {"VersionStage": reference.version_stage} if reference.version_stage else {}
    text = str(site.call("secretsmanager", "GetSecretValue", {"SecretId": reference.name, **stage})["SecretString"])
    if reference.json_key is None:
        return text
    try:
        return str(json.loads(text)[reference.json_key])
    except (ValueError, KeyError, TypeError) as error:
        raise AwsError("ValidationError", f"the secret {reference.name} has no key {reference.json_key}") from error
