"""A world of physical resources in which a stack's actions are carried out, in memory, and a person who drives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.stack import (
    Action,
    CancelResource,
    ContinueRollbackRequested,
    CreateRequested,
    CreateResource,
    DeleteResource,
    Event,
    ResourceCompleted,
    ResourceFailed,
    StackEvent,
    StackState,
    UpdateResource,
    advance,
    new_stack,
)
from mlsystem.engine.decide.template.target import Target, TargetResource

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/demo/1"


class NameIsIdentity:
    """Kinds for the tests: a resource with another `Name` is another resource."""

    def requires_replacement(self, resource_type: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> bool:
        return old.get("Name") != new.get("Name")


def target(**resources: TargetResource) -> Target:
    return Target(resources={name: item.model_copy(update={"logical_id": name}) for name, item in resources.items()})


def resource(
    *after: str, deletion_policy: str = "Delete", update_replace_policy: str = "Delete", **properties: Json
) -> TargetResource:
    """A resource whose properties refer to the physical ids of those that it comes after."""
    return TargetResource(
        logical_id="",
        type="Test::Thing",
        properties={**properties, **{f"Of{name}": {"Ref": name} for name in after}},
        depends_on=after,
        deletion_policy=deletion_policy,
        update_replace_policy=update_replace_policy,
    )


@dataclass
class World:
    """What exists, by physical id; what is asked for, by key; what has been said."""

    state: StackState = field(default_factory=lambda: new_stack(STACK_ID, "demo"))
    physical: dict[str, dict[str, Json]] = field(default_factory=dict)
    asked: dict[str, Action] = field(default_factory=dict)
    log: list[StackEvent] = field(default_factory=list)
    seen_keys: set[str] = field(default_factory=set)
    order: list[str] = field(default_factory=list)
    # What a person vouched for (ResourcesToSkip): only they know what it is like.
    vouched: set[str] = field(default_factory=set)

    @property
    def status(self) -> str:
        return str(self.state.status)

    def tell(self, event: Event) -> None:
        """Advance, through JSON as a stored state would be, and take the actions down."""
        state = StackState.model_validate_json(self.state.model_dump_json())
        step = advance(state, event, NameIsIdentity())
        if isinstance(event, ContinueRollbackRequested):
            self.vouched |= {state.resources[name].physical_id for name in event.resources_to_skip}
        self.state = step.state
        self.log += step.events
        for action in step.actions:
            assert action.key not in self.seen_keys, f"{action.key} is asked for twice"
            self.seen_keys.add(action.key)
            if not isinstance(action, CancelResource):
                self.asked[action.key] = action
                self.order.append(f"{type(action).__name__.removesuffix('Resource')} {action.logical_id}")

    def succeed(self, key: str) -> None:
        """Carry an action out."""
        action = self.asked.pop(key)
        match action:
            case CreateResource():
                physical_id = f"{action.logical_id}-{len(self.seen_keys)}"
                self.physical[physical_id] = action.properties
                self.tell(ResourceCompleted(key, physical_id, {"Arn": f"arn:{physical_id}"}))
            case UpdateResource():
                assert action.physical_id in self.physical, f"{action.physical_id} is updated but does not exist"
                self.physical[action.physical_id] = action.properties
                self.tell(ResourceCompleted(key, action.physical_id, action.attributes))
            case DeleteResource():
                self._check_unused(action)
                self.physical.pop(action.physical_id, None)
                self.tell(ResourceCompleted(key))

    def fail(self, key: str, reason: str = "no", leaves: bool = False) -> None:
        """Refuse an action; a creation may leave half a resource behind."""
        action = self.asked.pop(key)
        if leaves and isinstance(action, CreateResource):
            physical_id = f"{action.logical_id}-{len(self.seen_keys)}-half"
            self.physical[physical_id] = action.properties
            self.tell(ResourceFailed(key, reason, physical_id))
        else:
            self.tell(ResourceFailed(key, reason))

    def find(self, name: str) -> str:
        """The key of the one open action on a logical resource."""
        (key,) = [
            key
            for key, action in self.asked.items()
            if not isinstance(action, CancelResource) and action.logical_id == name
        ]
        return key

    def settle(self, decide: Callable[[Action], bool] = lambda _: True) -> None:
        """Carry everything out until nothing is asked for any more; `decide` says what succeeds."""
        for _ in range(10_000):
            if not self.asked:
                return
            key, action = next(iter(self.asked.items()))
            if decide(action):
                self.succeed(key)
            else:
                self.fail(key)
        raise AssertionError("the stack never comes to rest")

    def said(self, logical_id: str = "demo") -> list[str]:
        """The statuses that a resource (or the stack) went through."""
        return [event.status for event in self.log if event.logical_id == logical_id]

    def _check_unused(self, action: DeleteResource) -> None:
        let_go = {item.physical_id for item in self.state.left_behind} | self.vouched
        users = [
            name
            for name, properties in self.physical.items()
            if action.physical_id in properties.values() and name not in let_go
        ]
        assert not users, f"{action.physical_id} is deleted while {users} still refer to it"

    def check_accounts(self) -> None:
        """No physical resource is unknown to the stack, and none that it counts on is missing."""
        state = self.state
        counted = {item.instance.physical_id for item in state.doomed} | {
            item.physical_id for item in state.left_behind
        }
        for item in state.resources.values():
            for instance in (item.current, item.stable):
                if instance is not None:
                    counted.add(instance.physical_id)
                    assert instance.physical_id in self.physical, f"{instance.physical_id} is lost"
            if item.current is None or item.current.physical_id in self.vouched:
                continue
            if not item.current.is_dirty:
                assert self.physical[item.current.physical_id] == item.current.properties
        assert set(self.physical) <= counted, f"leaked: {set(self.physical) - counted}"


# B and C after A, D after both.
DIAMOND = target(
    A=resource(Name="a", Size=1),
    B=resource("A", Name="b"),
    C=resource("A", Name="c"),
    D=resource("B", "C", Name="d"),
)


def created(goal: Target = DIAMOND) -> World:
    """A stack whose creation has ended."""
    world = World()
    world.tell(CreateRequested("create", goal))
    world.settle()
    assert world.status == "CREATE_COMPLETE"
    world.order.clear()
    world.log.clear()
    return world


def with_a(**properties: object) -> Target:
    """The diamond, with other properties of A."""
    return target(
        A=resource(**{"Name": "a", "Size": 1, **properties}),  # type: ignore[arg-type]
        B=resource("A", Name="b"),
        C=resource("A", Name="c"),
        D=resource("B", "C", Name="d"),
    )
