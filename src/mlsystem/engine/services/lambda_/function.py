"""The life of a function, as rows: the function itself ($LATEST), its published versions, its aliases."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.durable.machine import Action, Event, Notice, Step
from mlsystem.engine.store.records import Record

PREPARE = "lambda.prepare_code"
FUNCTION_SETTLED = "lambda.function.settled"


class State(StrEnum):
    PENDING = "Pending"  # its code is being unpacked for the first time: it cannot be invoked yet
    ACTIVE = "Active"
    FAILED = "Failed"  # its code cannot be run: StateReason says why


class UpdateStatus(StrEnum):
    SUCCESSFUL = "Successful"
    IN_PROGRESS = "InProgress"  # new code is being unpacked
    FAILED = "Failed"  # the new code cannot be run


class FunctionRecord(Record):
    """$LATEST. `key` is the name; `configuration` holds the members of CreateFunction, `code` where its code is.

    An update takes its place at once: preparing it takes moments, and published versions go on answering.
    """

    kind: ClassVar[str] = "lambda.function"
    configuration: dict[str, Any]
    code: dict[str, Any]
    revision_id: str
    modified_at: float
    update_status: UpdateStatus = UpdateStatus.SUCCESSFUL
    reason: str = ""
    reason_code: str = ""
    last_version: int = 0
    reserved_concurrency: int | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    event_config: dict[str, Any] | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it may be changed, published and invoked."""
        return self.state != State.PENDING and self.update_status is not UpdateStatus.IN_PROGRESS


class VersionRecord(Record):
    """`key` is `name:number`, `parent` the name: a function as it was when it was published; it never changes."""

    kind: ClassVar[str] = "lambda.version"
    configuration: dict[str, Any]
    code: dict[str, Any]
    revision_id: str
    modified_at: float

    @property
    def number(self) -> str:
        return self.key.rsplit(":", 1)[1]


class AliasRecord(Record):
    """`key` is `name:alias`, `parent` the name. `weights` are the additional versions' shares; the rest goes to `version`."""

    kind: ClassVar[str] = "lambda.alias"
    version: str
    weights: dict[str, float] = Field(default_factory=dict)
    description: str = ""
    revision_id: str

    @property
    def name(self) -> str:
        return self.key.rsplit(":", 1)[1]

    def shares(self) -> list[tuple[str, float]]:
        """Every version with its share of the traffic; the shares add up to 1."""
        rest = max(0.0, 1.0 - sum(self.weights.values()))
        return [(self.version, rest), *self.weights.items()]


class FunctionMachine:
    """`prepared` and `action_failed` end what CreateFunction or an update began."""

    model = FunctionRecord

    def begin(self, record: FunctionRecord) -> Step[FunctionRecord]:
        return Step(record, actions=(Action(PREPARE, key=f"{record.key}/{record.revision_id}"),))

    def advance(self, record: FunctionRecord, event: Event, at: float) -> Step[FunctionRecord]:
        if record.is_settled:
            return Step(record)
        if event.name == "prepared" and event.data["revision_id"] == record.revision_id:
            done = record.changed(state=State.ACTIVE, update_status=UpdateStatus.SUCCESSFUL, reason="", reason_code="")
            return Step(done, notices=(settled(record),))
        if event.name == "action_failed":
            failed = {"reason": event.data["reason"], "reason_code": event.data["code"]}
            ended = record.changed(state=State.FAILED, update_status=UpdateStatus.FAILED, **failed)
            return Step(ended, notices=(settled(record),))
        return Step(record)


def settled(record: FunctionRecord) -> Notice:
    """What a create or an update began has come to its end, a good or a bad one."""
    return Notice(FUNCTION_SETTLED, {"function": record.key})


def choose_version(shares: list[tuple[str, float]], draw: float) -> str:
    """The version that a draw from [0, 1) falls to."""
    total = 0.0
    for version, share in shares:
        total += share
        if draw < total:
            return version
    return shares[0][0]
