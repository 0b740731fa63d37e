"""How a stack lives: `advance(state, event)` gives the next state and everything that follows from it.

CloudFormation's own operations, as its users know them from DescribeStackEvents. Pure: what the actions do, and when, is
the caller's business; an outcome that comes twice, or too late, changes nothing.
"""

from __future__ import annotations

from mlsystem.engine.decide.errors import EngineError
from mlsystem.engine.decide.template.instance import Instance, Kinds
from mlsystem.engine.decide.template.stack import deletion, forward, request, rollback
from mlsystem.engine.decide.template.stack.action import Step
from mlsystem.engine.decide.template.stack.draft import Draft
from mlsystem.engine.decide.template.stack.event import (
    Event,
    Outcome,
    ResourceCompleted,
    ResourceFailed,
    ResourceInitiated,
)
from mlsystem.engine.decide.template.stack.state import Phase, StackState, Task, Verb
from mlsystem.engine.decide.template.stack.status import ResourceStatus


def advance(state: StackState, event: Event, kinds: Kinds) -> Step:
    """Raises AwsError for a request that does not fit the state."""
    draft = Draft(state, kinds)
    if isinstance(event, ResourceInitiated | ResourceCompleted | ResourceFailed):
        _outcome(draft, event)
    else:
        request.accept(draft, event)
    return draft.step()


def _outcome(draft: Draft, event: Outcome) -> None:
    task = draft.state.tasks.get(event.key)
    if task is None:
        return
    if isinstance(event, ResourceInitiated):
        _initiated(draft, task, event.physical_id)
        return
    draft.end(task)
    if isinstance(event, ResourceFailed):
        _failed(draft, task, event)
    else:
        _completed(draft, task, event)
    _proceed(draft)


def _initiated(draft: Draft, task: Task, physical_id: str) -> None:
    if task.verb is not Verb.CREATE or task.instance.physical_id == physical_id:
        return
    instance = task.instance.model_copy(update={"physical_id": physical_id})
    draft.keep(task.model_copy(update={"instance": instance}))
    resource = draft.state.resources[task.logical_id]
    if not task.is_cancelled and resource.current is None:
        draft.report(resource, ResourceStatus.CREATE_IN_PROGRESS, "Resource creation Initiated", instance)


def _completed(draft: Draft, task: Task, event: ResourceCompleted) -> None:
    if task.verb is Verb.DELETE:
        deletion.complete(draft, task)
        return
    made = _made(task, event)
    if task.is_cancelled:
        _adopt_unwanted(draft, task, made)
    elif draft.state.phase is Phase.FORWARD:
        forward.complete(draft, task, made)
    else:
        rollback.complete(draft, task.logical_id, made)


def _made(task: Task, event: ResourceCompleted) -> Instance:
    physical_id = event.physical_id or task.instance.physical_id
    if not physical_id:
        raise EngineError(f"{task.key} completed without a physical id: the handler of its type must give one")
    known = {"physical_id": physical_id, "attributes": event.attributes, "reference": event.reference}
    return task.instance.model_copy(update={**known, "is_hidden": event.is_hidden})


def _failed(draft: Draft, task: Task, event: ResourceFailed) -> None:
    if task.verb is Verb.DELETE:
        deletion.fail(draft, task, event.reason)
        if draft.state.phase is Phase.FORWARD:
            forward.fail(draft, task.logical_id, f"What an earlier failure left cannot be deleted: {event.reason}")
        return
    _keep_remains(draft, task, event)
    if draft.state.phase is Phase.DELETE:
        deletion.conclude(draft, task.logical_id)
    if task.is_cancelled:
        return
    if draft.state.phase is Phase.FORWARD:
        forward.fail(draft, task.logical_id, event.reason)
    else:
        rollback.fail(draft, task.logical_id, event.reason)


def _keep_remains(draft: Draft, task: Task, event: ResourceFailed) -> None:
    """Remember what a failed action leaves: half a resource, or one whose properties nobody knows."""
    current = draft.state.resources[task.logical_id].current
    physical_id = event.physical_id or task.instance.physical_id
    if physical_id and (current is None or current.physical_id != physical_id):
        draft.doom(task.logical_id, task.instance.model_copy(update={"physical_id": physical_id}))
    if task.verb is Verb.UPDATE and current is not None:
        may_use = tuple(dict.fromkeys((*current.may_use, *task.instance.uses)))
        unsure = {"is_dirty": True, "tried": task.instance.properties, "may_use": may_use}
        draft.change(task.logical_id, current=current.model_copy(update=unsure))


def _adopt_unwanted(draft: Draft, task: Task, made: Instance) -> None:
    """It came about although the stack had turned round: it is there, so it is to be reverted or deleted."""
    forward.adopt(draft, task.logical_id, made)
    if draft.state.phase is Phase.DELETE:
        draft.doom(task.logical_id, made, draft.policy_of_created(made))


def _proceed(draft: Draft) -> None:
    if draft.state.phase is Phase.FORWARD:
        forward.proceed(draft)
    elif draft.state.phase is Phase.REVERT:
        rollback.proceed(draft)
    elif draft.state.phase in {Phase.CLEANUP, Phase.DELETE}:
        deletion.proceed(draft)
