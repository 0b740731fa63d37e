"""Back to the stable state: of a creation that is nothing, of an update what was there before it.

An update's rollback first reverts what was updated and gives replaced resources their places back, then deletes what the update created. A
resource that was in the middle of something is waited for: only then is it known what there is to undo.
"""

from __future__ import annotations

from mlsystem.engine.decide.template.instance import Instance
from mlsystem.engine.decide.template.stack import deletion
from mlsystem.engine.decide.template.stack.action import UpdateResource
from mlsystem.engine.decide.template.stack.draft import Draft
from mlsystem.engine.decide.template.stack.state import OnFailure, Phase, ResourceState, Verb
from mlsystem.engine.decide.template.stack.status import ResourceStatus, StackStatus

REQUESTED = "Rollback requested by user."


def begin(draft: Draft, reason: str) -> None:
    """Turn round, from an operation that has failed or is no longer wanted."""
    cancel(draft)
    draft.set(pending=(), target=None)
    if draft.state.has_stable:
        draft.enter(StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, reason)
        draft.set(phase=Phase.REVERT, failed=(), pending=tuple(draft.state.resources))
        proceed(draft)
    elif draft.state.on_failure is OnFailure.DELETE:
        draft.enter(StackStatus.DELETE_IN_PROGRESS, f"{reason}Delete requested by user.")
        deletion.begin(draft, StackStatus.DELETE_COMPLETE, is_rollback=True)
    else:
        draft.enter(StackStatus.ROLLBACK_IN_PROGRESS, f"{reason}{REQUESTED}")
        deletion.begin(draft, StackStatus.ROLLBACK_COMPLETE, is_rollback=True)


def refuse(draft: Draft, reason: str) -> None:
    """All resources came about, but the stack as a whole cannot be."""
    if draft.state.on_failure is OnFailure.DO_NOTHING:
        failed = StackStatus.UPDATE_FAILED if draft.state.has_stable else StackStatus.CREATE_FAILED
        draft.settle(failed, reason)
    else:
        begin(draft, reason if draft.state.has_stable else f"{reason.rstrip('.')}. ")


def proceed(draft: Draft) -> None:
    """Revert all that can be reverted; go on to the cleanup when all is."""
    while name := _next(draft):
        draft.set(pending=tuple(other for other in draft.state.pending if other != name))
        _revert(draft, draft.state.resources[name])
    if draft.state.pending or draft.state.tasks:
        return
    if draft.state.failed:
        words = f"The following resource(s) failed to update: [{', '.join(draft.state.failed)}]. "
        draft.settle(StackStatus.UPDATE_ROLLBACK_FAILED, words)
        return
    draft.enter(StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS)
    draft.set(phase=Phase.CLEANUP, next_status=StackStatus.UPDATE_ROLLBACK_COMPLETE)
    deletion.proceed(draft)


def complete(draft: Draft, logical_id: str, restored: Instance) -> None:
    """A resource has its old properties back."""
    stable = draft.state.resources[logical_id].stable
    assert stable is not None, "only what was stable is reverted"
    draft.change(logical_id, current=restored, stable=restored)
    if restored.physical_id != stable.physical_id:
        draft.doom(logical_id, stable)
    draft.tell(logical_id, ResourceStatus.UPDATE_COMPLETE)


def skip(draft: Draft, logical_id: str) -> None:
    """A person vouches for the resource (ResourcesToSkip): it counts as reverted, whatever it is."""
    draft.change(logical_id, current=draft.state.resources[logical_id].stable)
    draft.tell(logical_id, ResourceStatus.UPDATE_COMPLETE)


def fail(draft: Draft, logical_id: str, reason: str) -> None:
    """A resource does not take its old properties."""
    draft.tell(logical_id, ResourceStatus.UPDATE_FAILED, reason)
    draft.fail(logical_id)


def cancel(draft: Draft) -> None:
    """What is being created or updated is no longer wanted, and counts as failed."""
    for task in draft.state.tasks.values():
        if task.verb is Verb.DELETE or task.is_cancelled:
            continue
        is_new = draft.state.resources[task.logical_id].current is None
        status = ResourceStatus.CREATE_FAILED if is_new else ResourceStatus.UPDATE_FAILED
        draft.tell(task.logical_id, status, f"Resource {'creation' if is_new else 'update'} cancelled")
        draft.fail(task.logical_id)
    draft.cancel_tasks()


def _next(draft: Draft) -> str | None:
    """A resource whose turn it is: not busy, and nothing before it is still to be reverted."""
    waiting = [name for name in draft.state.pending if not draft.is_busy(name)]
    for name in waiting:
        stable = draft.state.resources[name].stable
        before = stable.depends_on if stable else ()
        if not any(other in draft.state.pending or draft.is_busy(other) for other in before):
            return name
    return None


def _revert(draft: Draft, resource: ResourceState) -> None:
    name, stable, current = resource.logical_id, resource.stable, resource.current
    if stable is None:
        if current is not None:
            draft.doom(name, current, draft.policy_of_created(current))
        return
    if current is None or current.physical_id != stable.physical_id:
        if current is not None:
            draft.doom(name, current)
        current = resource.displaced or stable
        resource = draft.change(name, current=current, displaced=None, status=ResourceStatus.UPDATE_FAILED)
    if current.properties != stable.properties or current.is_dirty:
        _restore(draft, resource, stable, current)
    else:
        _confirm(draft, resource, stable)


def _restore(draft: Draft, resource: ResourceState, stable: Instance, current: Instance) -> None:
    name = resource.logical_id
    draft.tell(name, ResourceStatus.UPDATE_IN_PROGRESS)
    action = UpdateResource(
        key=f"{draft.state.operation_id}/{name}/revert",
        logical_id=name,
        type=resource.type,
        physical_id=stable.physical_id,
        properties=stable.properties,
        old_properties=current.properties if current.tried is None else current.tried,
        attributes=current.attributes,
        update_policy=stable.update_policy,
        is_rollback=True,
    )
    draft.begin(Verb.UPDATE, name, stable, action)


def _confirm(draft: Draft, resource: ResourceState, stable: Instance) -> None:
    """Nothing was done to it, or what took its place has gone."""
    draft.change(resource.logical_id, current=stable)
    if resource.status is ResourceStatus.UPDATE_FAILED:
        draft.tell(resource.logical_id, ResourceStatus.UPDATE_COMPLETE)
