"""Versions and aliases of state machines.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_PublishStateMachineVersion.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_creation, read_mark
from mlsystem.engine.services.stepfunctions.listing import PAGES, when
from mlsystem.engine.services.stepfunctions.state_machine import (
    Alias,
    Route,
    StateMachine,
    Version,
    require_state_machine,
    unqualified,
)
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_stepfunctions.type_defs import (
        CreateStateMachineAliasInputTypeDef,
        DeleteStateMachineAliasInputTypeDef,
        DeleteStateMachineVersionInputTypeDef,
        DescribeStateMachineAliasInputTypeDef,
        ListStateMachineAliasesInputTypeDef,
        ListStateMachineVersionsInputTypeDef,
        PublishStateMachineVersionInputTypeDef,
        UpdateStateMachineAliasInputTypeDef,
    )

# What AWS calls the revision of a state machine that was never updated.
FIRST_REVISION = "INITIAL"


class Versions(Part):
    """Publish, list, delete."""

    @operation("PublishStateMachineVersion", accepts="stateMachineArn revisionId description")
    def publish(self, request: PublishStateMachineVersionInputTypeDef, call: Call) -> Mapping[str, object]:
        machine = require_state_machine(call.tx, request["stateMachineArn"])
        current = machine.revision or FIRST_REVISION
        if request.get("revisionId", current) != current:
            message = f"The state machine {machine.key} has the revision {current}: it was changed meanwhile."
            raise AwsError("ConflictException", message)
        version = publish(call.tx, machine, request.get("description", ""))
        return {"stateMachineVersionArn": version.key, "creationDate": when(version.created_at)}

    @operation("ListStateMachineVersions", accepts="stateMachineArn maxResults nextToken")
    def list_versions(self, request: ListStateMachineVersionsInputTypeDef, call: Call) -> Mapping[str, object]:
        """The newest first."""
        machine = require_state_machine(call.tx, request["stateMachineArn"])
        last = read_mark(request.get("nextToken"))
        found = call.tx.each(Version, parent=machine.key, newest_first=True, after=last)
        return PAGES.page(found, request, "stateMachineVersions", by_creation, _version_summary, descending=True)

    @operation("DeleteStateMachineVersion", accepts="stateMachineVersionArn")
    def delete(self, request: DeleteStateMachineVersionInputTypeDef, call: Call) -> Mapping[str, object]:
        arn = request["stateMachineVersionArn"]
        for alias in call.tx.all(Alias, parent=unqualified(arn)):
            if any(route.version == arn for route in alias.routes):
                raise AwsError("ConflictException", f"The alias {alias.key} routes to {arn}: change it first.")
        call.tx.remove(Version, arn)
        return {}


class Aliases(Part):
    """Create, update, describe, list, delete."""

    @operation("CreateStateMachineAlias", accepts="name description routingConfiguration")
    def create(self, request: CreateStateMachineAliasInputTypeDef, call: Call) -> Mapping[str, object]:
        """Safe to repeat: the same again changes nothing."""
        routes = _routes(call.tx, request["routingConfiguration"])
        machine = unqualified(routes[0].version)
        made = Alias(
            key=f"{machine}:{request['name']}",
            parent=machine,
            name=request["name"],
            routes=routes,
            description=request.get("description", ""),
        )
        known = call.tx.get(Alias, made.key)
        if known is not None and (known.routes, known.description) != (made.routes, made.description):
            raise AwsError("ConflictException", f"The alias {made.key} exists already, and is another.")
        alias = known or call.tx.add(made)
        return {"stateMachineAliasArn": alias.key, "creationDate": when(alias.created_at)}

    @operation("UpdateStateMachineAlias", accepts="stateMachineAliasArn description routingConfiguration")
    def update(self, request: UpdateStateMachineAliasInputTypeDef, call: Call) -> Mapping[str, object]:
        alias = _require_alias(call.tx, request["stateMachineAliasArn"])
        changes: dict[str, Any] = {"description": request.get("description", alias.description)}
        if "routingConfiguration" in request:
            changes["routes"] = _routes(call.tx, request["routingConfiguration"], alias.parent)
        return {"updateDate": when(call.tx.put(alias.changed(**changes)).updated_at)}

    @operation("DescribeStateMachineAlias", accepts="stateMachineAliasArn")
    def describe(self, request: DescribeStateMachineAliasInputTypeDef, call: Call) -> Mapping[str, object]:
        alias = _require_alias(call.tx, request["stateMachineAliasArn"])
        routing = [{"stateMachineVersionArn": one.version, "weight": one.weight} for one in alias.routes]
        return {
            **_alias_summary(alias),
            "name": alias.name,
            "description": alias.description,
            "routingConfiguration": routing,
            "updateDate": when(alias.updated_at),
        }

    @operation("ListStateMachineAliases", accepts="stateMachineArn maxResults nextToken")
    def list_aliases(self, request: ListStateMachineAliasesInputTypeDef, call: Call) -> Mapping[str, object]:
        """Of a state machine, or those that route to one of its versions."""
        arn = request["stateMachineArn"]
        machine = require_state_machine(call.tx, unqualified(arn))
        aliases = call.tx.all(Alias, parent=machine.key)
        wanted = [one for one in aliases if arn == machine.key or any(route.version == arn for route in one.routes)]
        return PAGES.page(wanted, request, "stateMachineAliases", by_creation, _alias_summary)

    @operation("DeleteStateMachineAlias", accepts="stateMachineAliasArn")
    def delete(self, request: DeleteStateMachineAliasInputTypeDef, call: Call) -> Mapping[str, object]:
        alias = _require_alias(call.tx, request["stateMachineAliasArn"])
        call.tx.remove(Alias, alias.key)
        return {}


def publish(tx: Transaction, machine: StateMachine, description: str) -> Version:
    """The version of what the machine is now: the one that there is already, or a new one."""
    for version in tx.all(Version, parent=machine.key, newest_first=True):
        if version.revision == (machine.revision or FIRST_REVISION):
            return version
    number = machine.last_version + 1
    tx.put(machine.changed(last_version=number))
    version = Version(
        key=f"{machine.key}:{number}",
        parent=machine.key,
        definition=machine.definition,
        role_arn=machine.role_arn,
        revision=machine.revision or FIRST_REVISION,
        description=description,
    )
    return tx.add(version)


def _routes(tx: Transaction, given: Iterable[Mapping[str, Any]], machine: str = "") -> tuple[Route, ...]:
    """One or two versions of one state machine, whose weights make a hundred. Raises AwsError."""
    routes = tuple(Route(version=one["stateMachineVersionArn"], weight=one["weight"]) for one in given)
    if not 1 <= len(routes) <= 2 or sum(route.weight for route in routes) != 100:
        raise AwsError("ValidationException", "An alias routes to one or two versions, whose weights make 100.")
    if len({route.version for route in routes}) < len(routes):
        raise AwsError("ValidationException", "An alias routes to two versions that differ.")
    for route in routes:
        if tx.get(Version, route.version) is None:
            raise AwsError("ResourceNotFound", f"There is no version {route.version}.")
    if {unqualified(route.version) for route in routes} != {machine or unqualified(routes[0].version)}:
        raise AwsError("ValidationException", "An alias routes to versions of its own state machine.")
    return routes


def _require_alias(tx: Transaction, arn: str) -> Alias:
    alias = tx.get(Alias, arn)
    if alias is None:
        raise AwsError("ResourceNotFound", f"There is no alias {arn}.")
    return alias


def _version_summary(version: Version) -> dict[str, object]:
    return {"stateMachineVersionArn": version.key, "creationDate": when(version.created_at)}


def _alias_summary(alias: Alias) -> dict[str, object]:
    return {"stateMachineAliasArn": alias.key, "creationDate": when(alias.created_at)}
