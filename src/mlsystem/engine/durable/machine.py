"""State machines of records: pure decisions that the worker makes durable.

A room describes how a record lives with one `Machine`: `advance(record, event, at)` returns the new record and everything that follows from
it. The worker commits all of that in one transaction: record, timers, outgoing actions, notices, history. So there is no moment at
which one of them is known and another is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from mlsystem.engine.store.records import Record

R = TypeVar("R", bound=Record)
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """Something that happened to a record: its name, past tense, and JSON data."""

    name: str
    data: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Action:
    """Something to do in the world: repeated until its handler returns, at least once.

    `name` is `<room>.<action>` as the room registered it. `key` says what it is for and makes it one: an action whose key is in the outbox
    already is not added again. Actions of one lane run one after the other in the order they were committed; the lane is the record's own
    unless given.
    """

    name: str
    key: str
    data: Json = field(default_factory=dict)
    lane: str | None = None


@dataclass(frozen=True)
class SetTimer:
    """Wake the record with the event `timer` (data: `{"timer": name}` and `data`).

    Either `after_seconds`, a duration that the time scale divides, or `at`, an instant (seconds since the epoch) that it leaves alone.
    A timer of the same name is replaced.
    """

    name: str
    after_seconds: float | None = None
    at: float | None = None
    data: Json = field(default_factory=dict)


@dataclass(frozen=True)
class CancelTimer:
    """Forget the timer, if it is set."""

    name: str


@dataclass(frozen=True)
class Notice:
    """What other rooms may subscribe to ("sagemaker.training_job.ended"); delivered once for each subscriber, in order."""

    topic: str
    data: Json


@dataclass(frozen=True)
class Entry:
    """A line of the record's history."""

    type: str
    data: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Step(Generic[R]):
    """What one event led to. `record` None removes it."""

    record: R | None
    actions: tuple[Action, ...] = ()
    timers: tuple[SetTimer | CancelTimer, ...] = ()
    notices: tuple[Notice, ...] = ()
    history: tuple[Entry, ...] = ()


class Machine(Protocol[R]):
    """How records of one kind live."""

    @property
    def model(self) -> type[R]: ...

    def advance(self, record: R, event: Event, at: float) -> Step[R]:
        """Pure: no clock, no I/O. An event that does not fit the state (late, repeated) returns `Step(record)`."""
        ...
