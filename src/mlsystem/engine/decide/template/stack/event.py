"""What happens to a stack: requests of a person, and what became of the actions."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.stack.state import OnFailure
from mlsystem.engine.decide.template.target import Target


@dataclass(frozen=True)
class CreateRequested:
    """CreateStack. `operation_id`, here and below, must be new for each request: the actions' keys begin with it."""

    operation_id: str
    target: Target
    on_failure: OnFailure = OnFailure.ROLLBACK
    retain_except_on_create: bool = False


@dataclass(frozen=True)
class UpdateRequested:
    """UpdateStack. `exports_in_use`: the importing stacks, by the name of this stack's export."""

    operation_id: str
    target: Target
    disable_rollback: bool = False
    retain_except_on_create: bool = False
    exports_in_use: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class DeleteRequested:
    """DeleteStack."""

    operation_id: str
    retain_resources: tuple[str, ...] = ()
    exports_in_use: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class CancelUpdateRequested:
    """CancelUpdateStack."""


@dataclass(frozen=True)
class RollbackRequested:
    """RollbackStack: back to the stable state, from CREATE_FAILED or UPDATE_FAILED."""

    operation_id: str
    retain_except_on_create: bool = False


@dataclass(frozen=True)
class ContinueRollbackRequested:
    """ContinueUpdateRollback."""

    operation_id: str
    resources_to_skip: tuple[str, ...] = ()


@dataclass(frozen=True)
class CreationTimedOut:
    """TimeoutInMinutes is over."""


@dataclass(frozen=True)
class ResourceInitiated:
    """The physical resource has its id, but is not ready yet."""

    key: str
    physical_id: str


@dataclass(frozen=True)
class ResourceCompleted:
    """The action with this key has done its work. `reference` only where `Ref` does not give the physical id.

    `is_hidden`: the attributes must not be read in the events of the resources that use them.
    """

    key: str
    physical_id: str = ""
    attributes: dict[str, Json] = field(default_factory=dict)
    reference: Json = None
    is_hidden: bool = False


@dataclass(frozen=True)
class ResourceFailed:
    """The action with this key will not succeed. `physical_id`: what it leaves in the world nevertheless."""

    key: str
    reason: str
    physical_id: str | None = None


Request = (
    CreateRequested
    | UpdateRequested
    | DeleteRequested
    | CancelUpdateRequested
    | RollbackRequested
    | ContinueRollbackRequested
    | CreationTimedOut
)
Outcome = ResourceInitiated | ResourceCompleted | ResourceFailed
Event = Request | Outcome
