"""Deleting what a stack no longer wants: in reverse order of dependency, as much at a time as that allows.

In a cleanup nothing waits for a deletion, so a stubborn resource is tried three times and then left behind, as CloudFormation does. In the
rollback of a creation and in DeleteStack a failed deletion stops those that the resource depends on, and a person decides.
"""

from __future__ import annotations

from mlsystem.engine.decide.template.policy import DELETE, RETAIN, RETAIN_EXCEPT_ON_CREATE, SNAPSHOT
from mlsystem.engine.decide.template.stack.action import DeleteResource
from mlsystem.engine.decide.template.stack.draft import Draft
from mlsystem.engine.decide.template.stack.state import Doomed, Phase, Task, Verb
from mlsystem.engine.decide.template.stack.status import ResourceStatus, StackStatus

CLEANUP_ATTEMPTS = 3
FAILURES = {
    StackStatus.ROLLBACK_COMPLETE: StackStatus.ROLLBACK_FAILED,
    StackStatus.DELETE_COMPLETE: StackStatus.DELETE_FAILED,
}


def begin(draft: Draft, next_status: StackStatus, *, is_rollback: bool) -> None:
    """Delete all that the stack has; what is just being made is deleted as soon as it is there."""
    draft.set(phase=Phase.DELETE, next_status=next_status, pending=(), target=None, failed=())
    draft.set(doomed=tuple(entry.model_copy(update={"has_failed": False}) for entry in draft.state.doomed))
    for resource in draft.state.resources.values():
        for instance in (resource.displaced or resource.stable, resource.current):
            if instance is not None:
                policy = draft.policy_of_created(instance) if is_rollback else instance.deletion_policy
                draft.doom(resource.logical_id, instance, policy)
    for name in draft.state.resources:
        conclude(draft, name)
    proceed(draft)


def proceed(draft: Draft) -> None:
    """Begin with all that can go; end the phase when nothing can."""
    while ready := _ready(draft):
        for entry in ready:
            _start(draft, entry)
    if draft.state.tasks:
        return
    next_status = draft.state.next_status
    assert next_status is not None, "a phase of deletions knows what comes after it"
    if draft.state.phase is Phase.CLEANUP:
        _drop_removed(draft)
    if not draft.state.doomed:
        draft.settle(next_status)
        return
    names = list(dict.fromkeys(entry.logical_id for entry in draft.state.doomed if entry.has_failed))
    draft.settle(FAILURES[next_status], f"The following resource(s) failed to delete: [{', '.join(names)}]. ")


def sweep(draft: Draft, logical_id: str) -> bool:
    """Before a resource is created again: begin to delete what its last, failed creation left. True if there is any."""
    remains = [entry for entry in draft.state.doomed if entry.logical_id == logical_id]
    for entry in remains:
        if not _is_under_way(draft, entry):
            _start(draft, entry)
    return bool(remains)


def complete(draft: Draft, task: Task) -> None:
    """A physical resource is gone."""
    entry = _entry(draft, task)
    _remove(draft, entry)
    _tell(draft, entry, ResourceStatus.DELETE_COMPLETE)
    _detach(draft, entry)


def fail(draft: Draft, task: Task, reason: str) -> None:
    """A physical resource is not to be deleted."""
    entry = _entry(draft, task)
    is_cleanup = draft.state.phase is Phase.CLEANUP
    if is_cleanup and entry.attempts < CLEANUP_ATTEMPTS:
        return
    _tell(draft, entry, ResourceStatus.DELETE_FAILED, reason)
    if is_cleanup:
        _remove(draft, entry)
        draft.leave_behind(entry, f"deletion failed {entry.attempts} times: {reason}")
        _detach(draft, entry)
    elif draft.state.phase is Phase.DELETE:
        _replace(draft, entry, entry.model_copy(update={"has_failed": True}))


def _ready(draft: Draft) -> list[Doomed]:
    waiting = [entry for entry in draft.state.doomed if not entry.has_failed and not _is_under_way(draft, entry)]
    ready = [entry for entry in waiting if not _is_needed(draft, entry)]
    if ready or draft.state.tasks:
        return ready
    # What is only perhaps used, by a resource of which nobody knows what it is, must not stop everything for ever.
    ready = [entry for entry in waiting if not _is_needed(draft, entry, perhaps=False)]
    return ready[:1] or _untangled(draft, waiting)


def _is_under_way(draft: Draft, entry: Doomed) -> bool:
    deletes = (task for task in draft.state.tasks.values() if task.verb is Verb.DELETE)
    return any((task.logical_id, task.instance.physical_id) == _identity(entry) for task in deletes)


def _is_needed(draft: Draft, entry: Doomed, *, perhaps: bool = True) -> bool:
    """True if it is being changed itself, or if something that exists or is being made uses it."""
    if draft.is_busy(entry.logical_id):
        return True
    this = _identity(entry)
    makers = (task.instance for task in draft.state.tasks.values() if task.verb is not Verb.DELETE)
    others = (other.instance for other in draft.state.doomed if _identity(other) != this)
    return any(this in instance.uses or (perhaps and this in instance.may_use) for instance in (*makers, *others))


def _untangled(draft: Draft, waiting: list[Doomed]) -> list[Doomed]:
    """After half-done changes, resources may use each other in a ring: then begin anywhere.

    What a failed deletion still needs stays.
    """
    needed = {pair for entry in draft.state.doomed if entry.has_failed for pair in entry.instance.uses}
    free = list(waiting)
    while kept := [entry for entry in free if _identity(entry) in needed]:
        needed |= {pair for entry in kept for pair in entry.instance.uses}
        free = [entry for entry in free if entry not in kept]
    return free[:1]


def _identity(entry: Doomed) -> tuple[str, str]:
    return entry.logical_id, entry.instance.physical_id


def _start(draft: Draft, entry: Doomed) -> None:
    is_kept = entry.policy in {RETAIN, RETAIN_EXCEPT_ON_CREATE} or entry.logical_id in draft.state.retained
    if is_kept:
        _remove(draft, entry)
        _tell(draft, entry, ResourceStatus.DELETE_SKIPPED)
        draft.leave_behind(entry, "retained by its policy" if entry.policy != DELETE else "retained by request")
        _detach(draft, entry)
        return
    tried = entry.model_copy(update={"attempts": entry.attempts + 1})
    _replace(draft, entry, tried)
    if tried.attempts == 1 or draft.state.phase is Phase.DELETE:
        _tell(draft, tried, ResourceStatus.DELETE_IN_PROGRESS)
    instance = entry.instance
    action = DeleteResource(
        key=f"{draft.state.operation_id}/{entry.logical_id}/delete/{instance.physical_id}/{tried.attempts}",
        logical_id=entry.logical_id,
        type=entry.type,
        physical_id=instance.physical_id,
        properties=instance.properties,
        attributes=instance.attributes,
        takes_snapshot=entry.policy == SNAPSHOT,
    )
    draft.begin(Verb.DELETE, entry.logical_id, instance, action)


def _tell(draft: Draft, entry: Doomed, status: ResourceStatus, reason: str = "") -> None:
    """The status is the resource's only if it has no other physical resource than this one."""
    resource = draft.state.resources[entry.logical_id]
    is_own = resource.current is None or resource.current.physical_id == entry.instance.physical_id
    if is_own:
        draft.tell(entry.logical_id, status, reason, entry.instance)
    else:
        draft.report(entry, status, reason, entry.instance)


def _detach(draft: Draft, entry: Doomed) -> None:
    """The logical resource loses the physical one."""
    resource = draft.state.resources[entry.logical_id]
    gone = entry.instance.physical_id
    current = None if resource.current and resource.current.physical_id == gone else resource.current
    stable = None if resource.stable and resource.stable.physical_id == gone else resource.stable
    displaced = resource.displaced if stable else None
    draft.change(entry.logical_id, current=current, stable=stable, displaced=displaced)


def conclude(draft: Draft, name: str) -> None:
    """What never came about is gone at once."""
    resource = draft.state.resources[name]
    has_any = any(entry.logical_id == name for entry in draft.state.doomed) or draft.is_busy(name)
    done = {ResourceStatus.DELETE_COMPLETE, ResourceStatus.DELETE_SKIPPED}
    if not has_any and resource.status not in done:
        draft.tell(name, ResourceStatus.DELETE_COMPLETE)


def _drop_removed(draft: Draft) -> None:
    for name, resource in draft.state.resources.items():
        if resource.current is None and resource.stable is None:
            conclude(draft, name)
            draft.forget(name)


def _entry(draft: Draft, task: Task) -> Doomed:
    return next(
        entry for entry in draft.state.doomed if _identity(entry) == (task.logical_id, task.instance.physical_id)
    )


def _remove(draft: Draft, entry: Doomed) -> None:
    draft.set(doomed=tuple(other for other in draft.state.doomed if other is not entry))


def _replace(draft: Draft, entry: Doomed, new: Doomed) -> None:
    draft.set(doomed=tuple(new if other is entry else other for other in draft.state.doomed))
