"""Finds functions, versions and aliases by the names that requests give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Paging
from mlsystem.engine.services.lambda_.function import AliasRecord, FunctionRecord, VersionRecord
from mlsystem.engine.services.lambda_.names import LATEST, FunctionName, function_arn, not_found
from mlsystem.engine.store.database import Transaction

T = TypeVar("T")
PAGES = Paging(50, "MaxItems", "Marker", "NextMarker")


@dataclass(frozen=True)
class Runnable:
    """A version of a function that can be run, $LATEST or a published one. `mark` changes when it must be run anew."""

    name: str
    version: str
    configuration: Mapping[str, Any]
    code: Mapping[str, Any]
    reserved_concurrency: int | None
    mark: str

    @property
    def key(self) -> str:
        return f"{self.name}:{self.version}"


def require_function(tx: Transaction, scope: Scope, name: str) -> FunctionRecord:
    record = tx.get(FunctionRecord, name)
    if record is None:
        raise not_found(scope, name)
    return record


def require_version(tx: Transaction, scope: Scope, name: str, number: str) -> VersionRecord:
    record = tx.get(VersionRecord, f"{name}:{number}")
    if record is None:
        raise not_found(scope, name, number)
    return record


def require_alias(tx: Transaction, scope: Scope, name: str, alias: str) -> AliasRecord:
    record = tx.get(AliasRecord, f"{name}:{alias}")
    if record is None:
        arn = function_arn(scope, name, alias)
        raise AwsError("ResourceNotFoundException", f"Cannot find alias arn: {arn}", fields={"Type": "User"})
    return record


def shares_of(tx: Transaction, scope: Scope, target: FunctionName) -> list[tuple[str, float]]:
    """The versions behind a name, with their shares of its traffic."""
    require_function(tx, scope, target.name)
    if target.qualifier is None or target.qualifier == LATEST:
        return [(LATEST, 1.0)]
    if target.qualifier.isdecimal():
        require_version(tx, scope, target.name, target.qualifier)
        return [(target.qualifier, 1.0)]
    return require_alias_or_function(tx, scope, target).shares()


def require_alias_or_function(tx: Transaction, scope: Scope, target: FunctionName) -> AliasRecord:
    """The alias of a qualified name; as Invoke words it when there is none."""
    record = tx.get(AliasRecord, f"{target.name}:{target.qualifier}")
    if record is None:
        raise not_found(scope, target.name, target.qualifier)
    return record


def configuration_of(tx: Transaction, scope: Scope, target: FunctionName) -> FunctionRecord | VersionRecord:
    """What GetFunction describes: $LATEST, a version, or the version that an alias points to."""
    if target.qualifier is None or target.qualifier == LATEST:
        return require_function(tx, scope, target.name)
    number = target.qualifier
    if not number.isdecimal():
        require_function(tx, scope, target.name)
        number = require_alias_or_function(tx, scope, target).version
    return (
        require_function(tx, scope, target.name)
        if number == LATEST
        else require_version(tx, scope, target.name, number)
    )


def runnable(tx: Transaction, scope: Scope, name: str, version: str) -> Runnable:
    function = require_function(tx, scope, name)
    record = function if version == LATEST else require_version(tx, scope, name, version)
    reserved = function.reserved_concurrency
    code_mark = function.revision_id if version == LATEST else record.code["sha256"]
    return Runnable(name, version, record.configuration, record.code, reserved, f"{code_mark}/{reserved}")
