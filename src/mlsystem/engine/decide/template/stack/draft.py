"""A stack's state while one event is being worked into it."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.decide.template.instance import Instance, Kinds
from mlsystem.engine.decide.template.policy import DELETE, RETAIN, RETAIN_EXCEPT_ON_CREATE
from mlsystem.engine.decide.template.stack.action import Action, CancelResource, StackEvent, Step
from mlsystem.engine.decide.template.stack.state import Doomed, LeftBehind, Phase, ResourceState, StackState, Task, Verb
from mlsystem.engine.decide.template.stack.status import ResourceStatus, StackStatus

STACK_TYPE = "AWS::CloudFormation::Stack"


class Draft:
    """The state so far, and the actions and events that have come up."""

    def __init__(self, state: StackState, kinds: Kinds):
        self.state = state
        self.kinds = kinds
        self._actions: list[Action] = []
        self._events: list[StackEvent] = []

    def step(self) -> Step:
        return Step(self.state, tuple(self._actions), tuple(self._events))

    def set(self, **values: Any) -> None:
        self.state = self.state.model_copy(update=values)

    def enter(self, status: StackStatus, reason: str = "") -> None:
        """Give the stack another status, and say so."""
        state = self.state
        self.set(status=status, reason=reason)
        self._events.append(StackEvent(state.stack_name, state.stack_id, STACK_TYPE, status, reason))

    # Resources

    def known(self) -> dict[str, Instance]:
        """The resources that are there, by logical id."""
        return {name: item.current for name, item in self.state.resources.items() if item.current is not None}

    def put(self, resource: ResourceState) -> None:
        self.set(resources={**self.state.resources, resource.logical_id: resource})

    def change(self, logical_id: str, **values: Any) -> ResourceState:
        changed = self.state.resources[logical_id].model_copy(update=values)
        self.put(changed)
        return changed

    def forget(self, logical_id: str) -> None:
        self.set(resources={name: item for name, item in self.state.resources.items() if name != logical_id})

    def tell(self, logical_id: str, status: ResourceStatus, reason: str = "", instance: Instance | None = None) -> None:
        """Give a resource another status, and say so; `instance` if the line is about another one than the current."""
        resource = self.change(logical_id, status=status, reason=reason)
        self.report(resource, status, reason, instance or resource.current or resource.stable)

    def report(
        self, resource: ResourceState | Doomed, status: ResourceStatus, reason: str, instance: Instance | None
    ) -> None:
        """Say something of a resource without changing its status."""
        physical_id = instance.physical_id if instance else ""
        properties = instance.told if instance else None
        self._events.append(StackEvent(resource.logical_id, physical_id, resource.type, status, reason, properties))

    # Tasks

    def begin(self, verb: Verb, logical_id: str, instance: Instance, action: Action) -> None:
        task = Task(key=action.key, verb=verb, logical_id=logical_id, instance=instance)
        self.set(tasks={**self.state.tasks, task.key: task})
        self._actions.append(action)

    def end(self, task: Task) -> None:
        self.set(tasks={key: item for key, item in self.state.tasks.items() if key != task.key})

    def keep(self, task: Task) -> None:
        self.set(tasks={**self.state.tasks, task.key: task})

    def cancel_tasks(self) -> None:
        """Turn round: whatever is being created or updated is no longer wanted."""
        for task in self.state.tasks.values():
            if task.verb is Verb.DELETE or task.is_cancelled:
                continue
            self.keep(task.model_copy(update={"is_cancelled": True}))
            self._actions.append(CancelResource(f"{task.key}/cancel", task.key))

    def is_busy(self, logical_id: str) -> bool:
        return any(task.logical_id == logical_id and task.verb is not Verb.DELETE for task in self.state.tasks.values())

    # What is to go

    def doom(self, logical_id: str, instance: Instance, policy: str = DELETE) -> None:
        """Remember that this physical resource is to be deleted, once; of one that is known already, what it is now."""
        this = (logical_id, instance.physical_id)
        if this in {(item.logical_id, item.instance.physical_id) for item in self.state.doomed}:
            self.set(doomed=tuple(self._as_now(item, this, instance) for item in self.state.doomed))
        elif instance.physical_id:
            kind = self.state.resources[logical_id].type
            entry = Doomed(logical_id=logical_id, type=kind, instance=instance, policy=policy)
            self.set(doomed=(*self.state.doomed, entry))

    def _as_now(self, entry: Doomed, this: tuple[str, str], instance: Instance) -> Doomed:
        is_this = (entry.logical_id, entry.instance.physical_id) == this
        return entry.model_copy(update={"instance": instance}) if is_this else entry

    def leave_behind(self, entry: Doomed, reason: str) -> None:
        left = LeftBehind(
            logical_id=entry.logical_id, type=entry.type, physical_id=entry.instance.physical_id, reason=reason
        )
        self.set(left_behind=(*self.state.left_behind, left))

    def policy_of_created(self, instance: Instance) -> str:
        """What becomes of something that the operation created, when the operation is rolled back."""
        policy = instance.deletion_policy
        if policy == RETAIN_EXCEPT_ON_CREATE or (policy == RETAIN and self.state.retain_except_on_create):
            return DELETE
        return policy

    def fail(self, *logical_ids: str) -> None:
        self.set(failed=tuple(dict.fromkeys((*self.state.failed, *logical_ids))))

    def settle(self, status: StackStatus, reason: str = "") -> None:
        """The operation is over."""
        self.set(phase=Phase.IDLE, pending=(), target=None, next_status=None)
        self.enter(status, reason)
