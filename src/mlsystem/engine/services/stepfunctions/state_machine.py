"""A state machine, its versions and its aliases, as rows, and what a qualified ARN means.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

# https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html (name)
UNNAMEABLE = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")


class StateMachine(Record):
    """`key` is the ARN; `revision` names the definition, `updated` is when it was last changed.

    `last_version` is never given again, whatever is deleted.
    """

    kind: ClassVar[str] = "stepfunctions.state_machine"
    name: str
    definition: str
    role_arn: str
    revision: str = ""
    last_version: int = 0
    tags: dict[str, str] = Field(default_factory=dict)


class Version(Record):
    """`key` is the ARN, `parent` the state machine's: what it was when it was published."""

    kind: ClassVar[str] = "stepfunctions.version"
    definition: str
    role_arn: str
    revision: str
    description: str = ""


class Route(BaseModel):
    """So many of a hundred executions run this version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    weight: int


class Alias(Record):
    """`key` is the ARN, `parent` the state machine's."""

    kind: ClassVar[str] = "stepfunctions.alias"
    name: str
    routes: tuple[Route, ...]
    description: str = ""


@dataclass(frozen=True)
class Qualified:
    """What an execution is to run; without a version it is the state machine as it is now."""

    machine: StateMachine
    version: Version | None = None
    alias: Alias | None = None

    @property
    def definition(self) -> str:
        return (self.version or self.machine).definition

    @property
    def role_arn(self) -> str:
        return (self.version or self.machine).role_arn


def require_state_machine(tx: Transaction, arn: str) -> StateMachine:
    check_arn(arn)
    found = tx.get(StateMachine, arn)
    if found is None:
        raise AwsError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return found


def check_arn(arn: str) -> None:
    """Raises AwsError(InvalidArn)."""
    if not arn.startswith("arn:") or arn.count(":") < 5:
        raise AwsError("InvalidArn", f"Invalid Arn: '{arn}'")


def check_name(name: str) -> None:
    """Of a state machine or an execution. Raises AwsError(InvalidName)."""
    if UNNAMEABLE.search(name):
        raise AwsError("InvalidName", f"Invalid Name: '{name}'")


def unqualified(arn: str) -> str:
    """The state machine's own ARN, of one that may name a version or an alias."""
    return ":".join(arn.split(":")[:7])


def qualified(tx: Transaction, arn: str, draw: int) -> Qualified:
    """What an ARN means; `draw`, from 0 to 99, chooses among the versions of an alias. Raises AwsError."""
    machine = require_state_machine(tx, unqualified(arn))
    if arn == machine.key:
        return Qualified(machine)
    alias = tx.get(Alias, arn)
    version = tx.get(Version, _drawn(alias, draw) if alias else arn)
    if version is None:
        raise AwsError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return Qualified(machine, version, alias)


def _drawn(alias: Alias, draw: int) -> str:
    return alias.routes[0].version if draw < alias.routes[0].weight else alias.routes[-1].version
