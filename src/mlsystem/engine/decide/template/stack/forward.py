"""Towards the target: resources are created, updated and replaced, each as soon as those it depends on are ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.errors import TemplateError
from mlsystem.engine.decide.template.evaluation import is_known
from mlsystem.engine.decide.template.instance import Instance
from mlsystem.engine.decide.template.parameters import HIDDEN
from mlsystem.engine.decide.template.stack import deletion, rollback
from mlsystem.engine.decide.template.stack.action import CreateResource, UpdateResource
from mlsystem.engine.decide.template.stack.draft import Draft
from mlsystem.engine.decide.template.stack.output import evaluate_outputs
from mlsystem.engine.decide.template.stack.state import OnFailure, OutputValue, Phase, ResourceState, Task, Verb
from mlsystem.engine.decide.template.stack.status import ResourceStatus, StackStatus
from mlsystem.engine.decide.template.target import Target, TargetResource, settle

REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


def proceed(draft: Draft) -> None:
    """Begin with all that can begin; end the phase when nothing is left."""
    target = _target(draft)
    begun = True
    while begun and not draft.state.failed:
        begun = False
        for name in draft.state.pending:
            if draft.state.failed or not _is_ready(draft, target.resources[name]) or _has_remains(draft, name):
                continue
            draft.set(pending=tuple(other for other in draft.state.pending if other != name))
            _start(draft, target.resources[name])
            begun = True
    if draft.state.failed:
        halt(draft, failure_reason)
    elif not draft.state.pending and not draft.state.tasks:
        _finish(draft, target)


def complete(draft: Draft, task: Task, made: Instance) -> None:
    """A resource is as the target wants it."""
    resource = draft.state.resources[task.logical_id]
    is_new = resource.current is None
    adopt(draft, task.logical_id, made)
    status = ResourceStatus.CREATE_COMPLETE if is_new else ResourceStatus.UPDATE_COMPLETE
    draft.tell(task.logical_id, status)


def adopt(draft: Draft, logical_id: str, made: Instance) -> None:
    """The physical resource behind `logical_id` is now `made`; one that was there, and is not stable, goes."""
    resource = draft.state.resources[logical_id]
    old, stable = resource.current, resource.stable
    draft.change(logical_id, current=made)
    if old is None or old.physical_id == made.physical_id:
        return
    if stable is not None and stable.physical_id == old.physical_id:
        draft.change(logical_id, displaced=old)
    else:
        draft.doom(logical_id, old)


def fail(draft: Draft, logical_id: str, reason: str) -> None:
    """A resource cannot become what the target wants."""
    is_new = draft.state.resources[logical_id].current is None
    status = ResourceStatus.CREATE_FAILED if is_new else ResourceStatus.UPDATE_FAILED
    draft.tell(logical_id, status, reason)
    draft.fail(logical_id)


def halt(draft: Draft, reason: Callable[[Draft], str]) -> None:
    """Something failed: turn round, or, without rollback, let end what is under way and stop there."""
    draft.set(pending=())
    if draft.state.on_failure is not OnFailure.DO_NOTHING:
        rollback.cancel(draft)
        rollback.begin(draft, reason(draft))
    elif not draft.state.tasks:
        status = StackStatus.UPDATE_FAILED if draft.state.has_stable else StackStatus.CREATE_FAILED
        draft.settle(status, reason(draft))


def failure_reason(draft: Draft) -> str:
    """Which resources failed, in CloudFormation's words."""
    by_status: dict[ResourceStatus, list[str]] = {}
    for name in draft.state.failed:
        by_status.setdefault(draft.state.resources[name].status, []).append(name)
    words = {ResourceStatus.CREATE_FAILED: "create", ResourceStatus.UPDATE_FAILED: "update"}
    return "".join(
        f"The following resource(s) failed to {word}: [{', '.join(by_status[status])}]. "
        for status, word in words.items()
        if status in by_status
    )


def _target(draft: Draft) -> Target:
    target = draft.state.target
    assert target is not None, "a stack on its way has a target"
    return target


def _is_ready(draft: Draft, resource: TargetResource) -> bool:
    return not any(name in draft.state.pending or draft.is_busy(name) for name in resource.depends_on)


def _has_remains(draft: Draft, name: str) -> bool:
    """True if an earlier, failed creation left something: that is deleted first, so that its name is free."""
    known = draft.state.resources.get(name)
    return known is not None and known.current is None and deletion.sweep(draft, name)


def _start(draft: Draft, resource: TargetResource) -> None:
    """Compare what is with what is to be, and do what the difference asks for."""
    name = resource.logical_id
    if name not in draft.state.resources:
        draft.put(ResourceState(logical_id=name, type=resource.type, status=ResourceStatus.CREATE_IN_PROGRESS))
    current = draft.state.resources[name].current
    try:
        wanted = _instance(draft, resource)
    except TemplateError as error:
        fail(draft, name, error.message)
        return
    if current is None:
        _create(draft, name, wanted)
    elif current.properties == wanted.properties and not current.is_dirty:
        draft.change(name, current=_renewed(current, wanted))
    elif draft.kinds.requires_replacement(resource.type, current.properties, wanted.properties):
        draft.tell(name, ResourceStatus.UPDATE_IN_PROGRESS, REPLACING)
        _create(draft, name, wanted, replaces=current.physical_id)
    else:
        _update(draft, name, current, wanted)


def _instance(draft: Draft, resource: TargetResource) -> Instance:
    """The resource with its expressions evaluated: all that it depends on is there."""
    known = draft.known()
    expressions: dict[str, dict[str, Json]] = {
        "properties": resource.properties,
        "metadata": resource.metadata,
        "update_policy": resource.update_policy,
    }
    values: dict[str, dict[str, Json]] = {}
    for attribute, expression in expressions.items():
        value = settle(dict(expression), known).value
        assert isinstance(value, dict) and is_known(value), f"{resource.logical_id} was begun before its dependencies"
        values[attribute] = value
    return Instance(
        physical_id="",
        properties=values["properties"],
        shown=_shown(expressions["properties"], known),
        metadata=values["metadata"],
        update_policy=values["update_policy"],
        depends_on=resource.depends_on,
        uses=tuple((name, known[name].physical_id) for name in resource.depends_on if name in known),
        deletion_policy=resource.deletion_policy,
        update_replace_policy=resource.update_replace_policy,
    )


def _shown(expression: Mapping[str, Json], known: Mapping[str, Instance]) -> dict[str, Json] | None:
    """The properties with stars for what comes from hidden attributes; None where nothing does."""
    if not any(instance.is_hidden for instance in known.values()):
        return None
    masked = {name: _masked(instance) if instance.is_hidden else instance for name, instance in known.items()}
    return {name: _shown_value(value, masked) for name, value in expression.items()}


def _masked(instance: Instance) -> Instance:
    return instance.model_copy(update={"attributes": dict.fromkeys(instance.attributes, HIDDEN)})


def _shown_value(value: Json, masked: Mapping[str, Instance]) -> Json:
    try:
        return settle(value, masked).value
    except TemplateError:
        # Such as the second part of what is now one row of stars.
        return HIDDEN


def _renewed(current: Instance, wanted: Instance) -> Instance:
    """The same physical resource with the template's new word on everything that is not a property."""
    kept = {"physical_id": current.physical_id, "attributes": current.attributes, "reference": current.reference}
    return wanted.model_copy(update={**kept, "is_hidden": current.is_hidden})


def _create(draft: Draft, name: str, wanted: Instance, replaces: str | None = None) -> None:
    resource = draft.state.resources[name]
    if replaces is None:
        draft.tell(name, ResourceStatus.CREATE_IN_PROGRESS, instance=wanted)
    key = f"{draft.state.operation_id}/{name}/create"
    action = CreateResource(key, name, resource.type, wanted.properties, replaces)
    draft.begin(Verb.CREATE, name, wanted, action)


def _update(draft: Draft, name: str, current: Instance, wanted: Instance) -> None:
    resource = draft.state.resources[name]
    draft.tell(name, ResourceStatus.UPDATE_IN_PROGRESS, instance=_renewed(current, wanted))
    action = UpdateResource(
        key=f"{draft.state.operation_id}/{name}/update",
        logical_id=name,
        type=resource.type,
        physical_id=current.physical_id,
        properties=wanted.properties,
        old_properties=current.properties,
        attributes=current.attributes,
        update_policy=wanted.update_policy,
    )
    draft.begin(Verb.UPDATE, name, _renewed(current, wanted), action)


def _finish(draft: Draft, target: Target) -> None:
    """Everything is as the target wants it: that is the new stable state."""
    try:
        outputs = evaluate_outputs(target, draft.known())
    except TemplateError as error:
        rollback.refuse(draft, error.message)
        return
    problem = _export_problem(draft, outputs)
    if problem:
        rollback.refuse(draft, problem)
        return
    draft.set(outputs=outputs)
    was_stable = draft.state.has_stable
    _make_stable(draft, target)
    if was_stable or draft.state.status is StackStatus.UPDATE_IN_PROGRESS:
        draft.enter(StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS)
        draft.set(phase=Phase.CLEANUP, next_status=StackStatus.UPDATE_COMPLETE)
        deletion.proceed(draft)
    else:
        draft.settle(StackStatus.CREATE_COMPLETE)


def _export_problem(draft: Draft, outputs: dict[str, OutputValue]) -> str | None:
    """Exports that other stacks import must stay, and stay the same."""
    new = {output.export_name: output.value for output in outputs.values() if output.export_name is not None}
    for output in draft.state.outputs.values():
        name = output.export_name
        if name is None or name not in draft.state.exports_in_use:
            continue
        users = draft.state.exports_in_use[name]
        if users and new.get(name) != output.value:
            verb = "updated" if name in new else "deleted"
            return f"Export {name} cannot be {verb} as it is in use by {', '.join(users)}"
    return None


def _make_stable(draft: Draft, target: Target) -> None:
    for name, resource in draft.state.resources.items():
        stable, current = resource.stable, resource.current
        if name in target.resources:
            if stable is not None and current is not None and stable.physical_id != current.physical_id:
                draft.doom(name, resource.displaced or stable, current.update_replace_policy)
            draft.change(name, stable=current, displaced=None)
            continue
        for gone in (resource.displaced or stable, current):
            if gone is not None:
                draft.doom(name, gone, gone.deletion_policy)
        draft.change(name, stable=None, displaced=None)
    draft.set(has_stable=True)
