"""Whatever fails, and whenever: a stack comes to rest, and every physical resource is accounted for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template.stack import (
    CancelUpdateRequested,
    ContinueRollbackRequested,
    CreateRequested,
    CreationTimedOut,
    DeleteRequested,
    Event,
    OnFailure,
    RollbackRequested,
    UpdateRequested,
)
from mlsystem.engine.decide.template.target import Target
from tests.unit.engine.decide.template.stack.world import World, resource, target

Draw = Callable[[st.SearchStrategy[Any]], Any]
NAMES = "ABCDE"
POLICIES = ["Delete", "Delete", "Delete", "Retain", "RetainExceptOnCreate"]


@st.composite
def targets(draw: st.DrawFn) -> Target:
    """Up to five resources, each after some of those before it in a random order, with random identity and size."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(1, 5))]
    resources = {}
    for position, name in enumerate(names):
        after = [other for other in names[:position] if draw(st.booleans())]
        resources[name] = resource(
            *after,
            Name=draw(st.integers(1, 2)),
            Size=draw(st.integers(1, 2)),
            deletion_policy=draw(st.sampled_from(POLICIES)),
            update_replace_policy=draw(st.sampled_from(POLICIES[:4])),
        )
    return target(**resources)


def request(draw: Draw, operation: str) -> Event:
    """What a person might ask for next; the stack refuses what does not fit."""
    match draw(st.sampled_from(["update", "update", "delete", "rollback", "continue", "cancel", "time out"])):
        case "update":
            return UpdateRequested(operation, draw(targets()), draw(st.booleans()), draw(st.booleans()))
        case "delete":
            return DeleteRequested(operation)
        case "rollback":
            return RollbackRequested(operation)
        case "continue":
            return ContinueRollbackRequested(operation, tuple(draw(st.sets(st.sampled_from(NAMES), max_size=1))))
        case "cancel":
            return CancelUpdateRequested()
        case _:
            return CreationTimedOut()


def ask(world: World, event: Event) -> None:
    try:
        world.tell(event)
    except AwsError as error:
        assert error.code == "ValidationError"


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_random_failures_always_end_in_a_terminal_state_with_no_resource_leaked_or_lost(data: st.DataObject) -> None:
    draw = data.draw
    world = World()
    mode = draw(st.sampled_from(list(OnFailure)))
    world.tell(CreateRequested("op0", draw(targets()), mode, draw(st.booleans())))
    if draw(st.integers(0, 3)) > 0:
        world.settle()
    number = 0
    for _ in range(draw(st.integers(1, 60))):
        if world.asked and draw(st.integers(0, 9)) > 0:
            key = draw(st.sampled_from(sorted(world.asked)))
            if draw(st.integers(0, 3)) > 0:
                world.succeed(key)
            else:
                world.fail(key, leaves=draw(st.booleans()))
        else:
            number += 1
            ask(world, request(draw, f"op{number}"))
        world.check_accounts()
        assert world.state.status.is_terminal != bool(world.asked), world.state.status
    world.settle()
    world.check_accounts()
    assert world.state.status.is_terminal
    assert not world.state.tasks and not world.state.pending

    # And from anywhere a person can get rid of it, once things work again.
    if world.status == "UPDATE_ROLLBACK_FAILED":
        world.tell(ContinueRollbackRequested("continued"))
        world.settle()
    world.tell(DeleteRequested("end"))
    world.settle()
    assert world.status == "DELETE_COMPLETE"
    assert set(world.physical) == {item.physical_id for item in world.state.left_behind}
