"""What a person may ask of a stack, and in which of its states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template.instance import Kinds
from mlsystem.engine.decide.template.plan import Deployed, check_types, plan
from mlsystem.engine.decide.template.stack import deletion, forward, rollback
from mlsystem.engine.decide.template.stack.draft import Draft
from mlsystem.engine.decide.template.stack.event import (
    CancelUpdateRequested,
    ContinueRollbackRequested,
    CreateRequested,
    CreationTimedOut,
    DeleteRequested,
    Request,
    RollbackRequested,
    UpdateRequested,
)
from mlsystem.engine.decide.template.stack.output import evaluate_outputs
from mlsystem.engine.decide.template.stack.state import OnFailure, Phase, StackState
from mlsystem.engine.decide.template.stack.status import DELETABLE, UPDATABLE, StackStatus
from mlsystem.engine.decide.template.target import Target

USER = "User Initiated"


def accept(draft: Draft, event: Request) -> None:
    """Raises AwsError(ValidationError) if the stack's state does not allow it."""
    handler: Callable[[Draft, Any], None] = _HANDLERS[type(event)]
    handler(draft, event)


def deployed(state: StackState) -> dict[str, Deployed]:
    """The resources that the stack has, as `plan` wants them."""
    return {
        name: Deployed(resource.type, resource.current)
        for name, resource in state.resources.items()
        if resource.current is not None
    }


def _create(draft: Draft, event: CreateRequested) -> None:
    if draft.state.status is not StackStatus.REVIEW_IN_PROGRESS:
        raise AwsError("AlreadyExistsException", f"Stack [{draft.state.stack_name}] already exists")
    draft.set(on_failure=event.on_failure, retain_except_on_create=event.retain_except_on_create)
    draft.enter(StackStatus.CREATE_IN_PROGRESS, USER)
    _go(draft, event.operation_id, event.target)


def _update(draft: Draft, event: UpdateRequested) -> None:
    state = draft.state
    if state.status not in UPDATABLE:
        raise _invalid(f"Stack:{state.stack_id} is in {state.status} state and can not be updated.")
    check_types({name: item.type for name, item in state.resources.items() if item.current}, event.target)
    if not has_changes(state, event.target, draft.kinds):
        raise _invalid("No updates are to be performed.")
    draft.set(
        on_failure=OnFailure.DO_NOTHING if event.disable_rollback else OnFailure.ROLLBACK,
        retain_except_on_create=event.retain_except_on_create,
        exports_in_use=event.exports_in_use,
    )
    draft.enter(StackStatus.UPDATE_IN_PROGRESS, USER)
    _go(draft, event.operation_id, event.target)


def has_changes(state: StackState, target: Target, kinds: Kinds) -> bool:
    """Whether an update to the target would do anything. Raises TemplateError."""
    if state.status in {StackStatus.CREATE_FAILED, StackStatus.UPDATE_FAILED}:
        return True
    known = deployed(state)
    if plan(known, target, kinds).changes:
        return True
    return evaluate_outputs(target, {name: item.instance for name, item in known.items()}) != state.outputs


def _go(draft: Draft, operation_id: str, target: Target) -> None:
    draft.set(
        phase=Phase.FORWARD,
        operation_id=operation_id,
        target=target,
        pending=tuple(target.resources),
        failed=(),
        retained=(),
    )
    forward.proceed(draft)


def _delete(draft: Draft, event: DeleteRequested) -> None:
    state = draft.state
    if state.status is StackStatus.DELETE_COMPLETE or (state.phase is Phase.DELETE and not _is_rollback(state)):
        return
    if state.status not in DELETABLE:
        raise _invalid(f"Stack [{state.stack_name}] cannot be deleted while in status {state.status}")
    _check_retained(state, event.retain_resources)
    in_use = [name for name in _export_names(state) if event.exports_in_use.get(name)]
    if in_use:
        users = ", ".join(event.exports_in_use[in_use[0]])
        draft.enter(state.status, f"Delete canceled. Cannot delete export {in_use[0]} as it is in use by {users}.")
        return
    draft.cancel_tasks()
    draft.set(operation_id=event.operation_id, retained=event.retain_resources)
    draft.enter(StackStatus.DELETE_IN_PROGRESS, USER)
    deletion.begin(draft, StackStatus.DELETE_COMPLETE, is_rollback=False)


def _is_rollback(state: StackState) -> bool:
    return state.next_status is StackStatus.ROLLBACK_COMPLETE


def _export_names(state: StackState) -> list[str]:
    return [output.export_name for output in state.outputs.values() if output.export_name is not None]


def _check_retained(state: StackState, names: tuple[str, ...]) -> None:
    if names and state.status is not StackStatus.DELETE_FAILED:
        raise _invalid(
            f"Invalid operation on stack [{state.stack_id}]. Specify resources to retain only when the stack is in"
            " DELETE_FAILED state"
        )
    unknown = [name for name in names if name not in state.resources]
    if unknown:
        raise _invalid(f"Resources [{', '.join(unknown)}] do not exist in stack [{state.stack_name}]")


def _cancel_update(draft: Draft, event: CancelUpdateRequested) -> None:
    del event
    if draft.state.status is not StackStatus.UPDATE_IN_PROGRESS:
        raise _invalid("CancelUpdateStack cannot be called from current stack status")
    rollback.begin(draft, USER)


def _rollback(draft: Draft, event: RollbackRequested) -> None:
    state = draft.state
    if state.status not in {StackStatus.CREATE_FAILED, StackStatus.UPDATE_FAILED}:
        raise _invalid(f"Stack:{state.stack_id} is in {state.status} state and can not be rolled back.")
    draft.set(
        operation_id=event.operation_id,
        on_failure=OnFailure.ROLLBACK,
        retain_except_on_create=event.retain_except_on_create,
    )
    rollback.begin(draft, USER if state.has_stable else "")


def _continue_rollback(draft: Draft, event: ContinueRollbackRequested) -> None:
    state = draft.state
    if state.status is not StackStatus.UPDATE_ROLLBACK_FAILED:
        raise _invalid(
            f"Stack:{state.stack_id} is in {state.status} state and can not continue rollback: only one in"
            " UPDATE_ROLLBACK_FAILED state can."
        )
    wrong = [name for name in event.resources_to_skip if name not in state.failed]
    if wrong:
        raise _invalid(
            f"The following resources to skip are not in a valid state: [{', '.join(wrong)}]. Specify only resources that"
            " failed in the rollback."
        )
    draft.set(operation_id=event.operation_id, phase=Phase.REVERT, failed=(), pending=state.failed)
    draft.enter(StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, USER)
    for name in event.resources_to_skip:
        rollback.skip(draft, name)
    rollback.proceed(draft)


def _time_out(draft: Draft, event: CreationTimedOut) -> None:
    del event
    if draft.state.status is StackStatus.CREATE_IN_PROGRESS:
        rollback.cancel(draft)
        forward.halt(draft, lambda _: "Stack creation time exceeded the specified timeout. ")


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)


_HANDLERS: dict[type, Callable[[Draft, Any], None]] = {
    CreateRequested: _create,
    UpdateRequested: _update,
    DeleteRequested: _delete,
    CancelUpdateRequested: _cancel_update,
    RollbackRequested: _rollback,
    ContinueRollbackRequested: _continue_rollback,
    CreationTimedOut: _time_out,
}
