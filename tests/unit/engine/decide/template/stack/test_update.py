"""How a stack is updated, event by event."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template.stack import (
    CreateRequested,
    CreateResource,
    DeleteRequested,
    ResourceCompleted,
    StackStatus,
    UpdateRequested,
)
from mlsystem.engine.decide.template.target import Target, TargetOutput
from tests.unit.engine.decide.template.stack.world import DIAMOND, World, created, resource, target, with_a


def test_only_what_differs_is_touched() -> None:
    world = created()
    world.tell(UpdateRequested("update", with_a(Size=2)))
    world.settle()
    assert world.order == ["Update A"]
    assert world.said() == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"]


def test_a_replaced_resource_gives_way_only_when_everything_else_points_to_the_new_one() -> None:
    world = created()
    world.tell(UpdateRequested("update", with_a(Name="other")))
    world.settle()
    assert world.order == ["Create A", "Update B", "Update C", "Delete A"]
    assert world.log[1].reason == (
        "Requested update requires the creation of a new physical resource; hence creating one."
    )
    assert world.said("A") == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert world.state.resources["A"].status == "UPDATE_COMPLETE"


def test_a_handler_that_answers_an_update_with_another_physical_id_has_replaced() -> None:
    world = created(target(A=resource(Name="a", Size=1)))
    world.tell(UpdateRequested("update", target(A=resource(Name="a", Size=2))))
    key = world.find("A")
    world.asked.pop(key)
    old = world.state.resources["A"].physical_id
    world.physical["new"] = {"Name": "a", "Size": 2}
    world.tell(ResourceCompleted(key, "new"))
    world.settle()
    assert world.order == ["Update A", "Delete A"]
    assert set(world.physical) == {"new"} and old != "new"


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_update_replace_policy_decides_about_the_old_one(policy: str) -> None:
    world = created(target(A=resource(Name="a")))
    old = world.state.resources["A"].physical_id
    world.tell(UpdateRequested("update", target(A=resource(Name="b", update_replace_policy=policy))))
    world.settle()
    assert (old in world.physical) is (policy == "Retain")
    assert [left.physical_id for left in world.state.left_behind] == ([old] if policy == "Retain" else [])


def test_a_removed_resource_is_deleted_after_everything_else_has_succeeded() -> None:
    world = created()
    world.tell(UpdateRequested("update", target(A=resource(Name="a", Size=2))))
    assert world.order == ["Update A"]
    world.settle()
    assert world.order == ["Update A", "Delete D", "Delete B", "Delete C"]
    assert list(world.state.resources) == ["A"]


def test_a_stubborn_old_resource_is_tried_three_times_and_then_left_behind() -> None:
    world = created(target(A=resource(Name="a")))
    old = world.state.resources["A"].physical_id
    world.tell(UpdateRequested("update", target(A=resource(Name="b"))))
    world.settle(lambda action: isinstance(action, CreateResource))
    assert world.order == ["Create A", "Delete A", "Delete A", "Delete A"]
    assert world.status == "UPDATE_COMPLETE"
    (left,) = world.state.left_behind
    assert (left.physical_id, left.reason) == (old, "deletion failed 3 times: no")
    assert world.said("A")[-1] == "DELETE_FAILED"


def test_no_change_is_refused() -> None:
    world = created()
    with pytest.raises(AwsError, match="No updates are to be performed"):
        world.tell(UpdateRequested("update", DIAMOND))


def test_a_new_output_alone_is_a_change() -> None:
    world = created(target(A=resource()))
    goal = Target(resources=target(A=resource()).resources, outputs={"Id": TargetOutput(name="Id", value={"Ref": "A"})})
    world.tell(UpdateRequested("update", goal))
    assert world.status == "UPDATE_COMPLETE"
    assert world.state.outputs["Id"].value == world.state.resources["A"].physical_id


def test_another_type_under_the_same_logical_id_is_refused() -> None:
    world = created()
    goal = with_a()
    b = goal.resources["B"].model_copy(update={"type": "Test::Other"})
    with pytest.raises(AwsError, match=r"Update of resource type is not permitted.*\[B\]"):
        world.tell(UpdateRequested("update", Target(resources={**goal.resources, "B": b})))


@pytest.mark.parametrize("status", [StackStatus.ROLLBACK_COMPLETE, StackStatus.DELETE_COMPLETE])
def test_what_is_rolled_back_or_gone_cannot_be_updated(status: StackStatus) -> None:
    world = World()
    world.tell(CreateRequested("create", DIAMOND))
    if status is StackStatus.ROLLBACK_COMPLETE:
        world.fail(world.find("A"))
    else:
        world.settle()
        world.tell(DeleteRequested("delete"))
    world.settle()
    with pytest.raises(AwsError, match=f"is in {status} state and can not be updated."):
        world.tell(UpdateRequested("update", DIAMOND))
