"""The state of a stack: a value that can be stored as JSON, from which everything that follows can be decided.

Each resource has what it is now (`current`) and what it was when the stack was last complete (`stable`). An operation
changes only `current`. Success makes it the new `stable`; a rollback goes back to the old one. Physical resources that
are neither any more are `doomed`, until they are deleted or, by policy or after repeated failure, `left_behind`. So at
every moment each physical resource is accounted for in one of these places or in a task under way.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from mlsystem.engine.decide.template.instance import Instance
from mlsystem.engine.decide.template.policy import DELETE
from mlsystem.engine.decide.template.stack.status import ResourceStatus, StackStatus
from mlsystem.engine.decide.template.target import Target


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Phase(StrEnum):
    """What the stack is busy with."""

    IDLE = "Idle"
    # Towards the target: creates, updates, replacements.
    FORWARD = "Forward"
    # Back to the stable state, after a failed update.
    REVERT = "Revert"
    # Deleting what an update (or its rollback) left over.
    CLEANUP = "Cleanup"
    # Deleting all: the rollback of a creation, or DeleteStack.
    DELETE = "Delete"


class OnFailure(StrEnum):
    """What a failure leads to. DisableRollback is DO_NOTHING."""

    ROLLBACK = "ROLLBACK"
    DO_NOTHING = "DO_NOTHING"
    DELETE = "DELETE"


class Verb(StrEnum):
    """What is being done to a physical resource."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class Task(_Value):
    """An action under way. `instance` is what it makes (Create, Update) or takes away (Delete).

    `is_cancelled`: the stack has turned round since; how it ends still matters, what it wanted does not.
    """

    key: str
    verb: Verb
    logical_id: str
    instance: Instance
    is_cancelled: bool = False


class ResourceState(_Value):
    """A logical resource.

    `displaced`: the physical resource of `stable` as it was when a replacement took its place. It differs from `stable` if an
    earlier operation, not rolled back, had updated it.
    """

    logical_id: str
    type: str
    status: ResourceStatus
    reason: str = ""
    current: Instance | None = None
    stable: Instance | None = None
    displaced: Instance | None = None

    @property
    def physical_id(self) -> str:
        known = self.current or self.stable
        return known.physical_id if known else ""


class Doomed(_Value):
    """A physical resource that is to be deleted. `has_failed`: the last attempt did, and nobody tries again by itself."""

    logical_id: str
    type: str
    instance: Instance
    policy: str = DELETE
    attempts: int = 0
    has_failed: bool = False


class LeftBehind(_Value):
    """A physical resource that exists but that the stack has let go, and why."""

    logical_id: str
    type: str
    physical_id: str
    reason: str


class OutputValue(_Value):
    """An output with its value."""

    value: str
    description: str = ""
    export_name: str | None = None


class StackState(_Value):
    """A stack. Make one with `new_stack`."""

    stack_id: str
    stack_name: str
    status: StackStatus = StackStatus.REVIEW_IN_PROGRESS
    reason: str = ""
    phase: Phase = Phase.IDLE
    # Names the request that the keys of the actions begin with.
    operation_id: str = ""
    on_failure: OnFailure = OnFailure.ROLLBACK
    # True: what a rolled back operation created is deleted even where its policy is Retain.
    retain_except_on_create: bool = False
    # True as soon as the stack has been complete once.
    has_stable: bool = False
    target: Target | None = None
    # Which stacks import an export of this one, by export name.
    exports_in_use: dict[str, tuple[str, ...]] = {}
    resources: dict[str, ResourceState] = {}
    # Logical ids that the phase has still to begin with.
    pending: tuple[str, ...] = ()
    tasks: dict[str, Task] = {}
    doomed: tuple[Doomed, ...] = ()
    left_behind: tuple[LeftBehind, ...] = ()
    # Logical ids that failed in this operation, and those that were cancelled with them.
    failed: tuple[str, ...] = ()
    # RetainResources of DeleteStack.
    retained: tuple[str, ...] = ()
    # The status that a phase of deletions ends in.
    next_status: StackStatus | None = None
    outputs: dict[str, OutputValue] = {}


def new_stack(stack_id: str, stack_name: str) -> StackState:
    """A stack with nothing in it, to be given a CreateRequested."""
    return StackState(stack_id=stack_id, stack_name=stack_name)
