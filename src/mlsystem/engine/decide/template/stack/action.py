"""What a step of a stack leads to: actions for the world, lines for DescribeStackEvents."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.stack.state import StackState


@dataclass(frozen=True)
class CreateResource:
    """Create a physical resource. A repetition with the same key must find what the first one made.

    `replaces` is the physical id of the resource whose place it takes, which still exists.
    """

    key: str
    logical_id: str
    type: str
    properties: dict[str, Json]
    replaces: str | None = None


@dataclass(frozen=True)
class UpdateResource:
    """Give a physical resource other properties. `update_policy` is the resource's UpdatePolicy.

    `is_rollback`: `properties` are those that it had before; `old_properties` those that it has, or perhaps has.
    """

    key: str
    logical_id: str
    type: str
    physical_id: str
    properties: dict[str, Json]
    old_properties: dict[str, Json]
    attributes: dict[str, Json]
    update_policy: dict[str, Json] = field(default_factory=dict)
    is_rollback: bool = False


@dataclass(frozen=True)
class DeleteResource:
    """Delete a physical resource; one that is gone already is a success."""

    key: str
    logical_id: str
    type: str
    physical_id: str
    properties: dict[str, Json]
    attributes: dict[str, Json]
    takes_snapshot: bool = False


@dataclass(frozen=True)
class CancelResource:
    """The outcome of the action `task_key` is no longer wanted: it may be cut short, but must still be reported."""

    key: str
    task_key: str


Action = CreateResource | UpdateResource | DeleteResource | CancelResource


@dataclass(frozen=True)
class StackEvent:
    """A line of DescribeStackEvents, without its id and time."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str = ""
    properties: dict[str, Json] | None = None


@dataclass(frozen=True)
class Step:
    """The new state, and all that follows from it."""

    state: StackState
    actions: tuple[Action, ...] = ()
    events: tuple[StackEvent, ...] = ()
