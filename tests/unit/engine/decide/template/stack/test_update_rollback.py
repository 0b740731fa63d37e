"""How an update goes back, event by event."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template.stack import (
    CancelUpdateRequested,
    ContinueRollbackRequested,
    CreateRequested,
    CreateResource,
    ResourceCompleted,
    RollbackRequested,
    UpdateRequested,
    UpdateResource,
)
from tests.unit.engine.decide.template.stack.world import World, created, resource, target, with_a


def test_a_failed_update_goes_back_to_the_old_properties() -> None:
    world = created()
    before = dict(world.physical)
    world.tell(UpdateRequested("update", with_a(Size=2, Tags=["x"])))
    world.succeed(world.find("A"))
    assert world.status == "UPDATE_COMPLETE"
    goal = target(A=resource(Name="a", Size=3), B=resource("A", Name="b", Size=9), C=resource("A", Name="c"))
    before = dict(world.physical)
    world.tell(UpdateRequested("second", goal))
    world.succeed(world.find("A"))
    world.fail(world.find("B"), "no")
    assert world.state.reason == "The following resource(s) failed to update: [B]. "
    world.settle()
    assert world.said()[-4:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    assert world.physical == before
    assert "Delete D" not in world.order


def test_a_rolled_back_update_says_so_to_the_handler() -> None:
    world = created(target(A=resource(Size=1), B=resource("A", Size=1)))
    world.tell(UpdateRequested("update", target(A=resource(Size=2), B=resource("A", Size=2))))
    world.succeed(world.find("A"))
    world.fail(world.find("B"))
    action = world.asked[world.find("A")]
    assert isinstance(action, UpdateResource)
    assert action.is_rollback
    assert (action.properties, action.old_properties) == ({"Size": 1}, {"Size": 2})


def test_a_resource_that_failed_half_way_is_reverted_from_what_it_was_to_become() -> None:
    world = created(target(A=resource(Size=1)))
    world.tell(UpdateRequested("update", target(A=resource(Size=2))))
    world.fail(world.find("A"))
    action = world.asked[world.find("A")]
    assert isinstance(action, UpdateResource)
    assert (action.properties, action.old_properties) == ({"Size": 1}, {"Size": 2})
    world.settle()
    assert world.state.resources["A"].current == world.state.resources["A"].stable


def test_hidden_attributes_reach_who_uses_them_and_no_event() -> None:
    properties = {
        "Plain": {"Fn::GetAtt": ["A", "Key"]},
        "Inside": {"Fn::Join": ["-", ["key", {"Fn::GetAtt": ["A", "Key"]}]]},
        "Part": {"Fn::Select": [1, {"Fn::Split": [":", {"Fn::GetAtt": ["A", "Key"]}]}]},
        "Id": {"Ref": "A"},
    }
    user = resource("A").model_copy(update={"properties": properties})
    world = World()
    world.tell(CreateRequested("create", target(A=resource(), B=user)))
    world.tell(ResourceCompleted(world.find("A"), "a-1", {"Key": "s3:cret"}, is_hidden=True))
    action = world.asked[world.find("B")]
    assert isinstance(action, CreateResource)
    assert action.properties == {"Plain": "s3:cret", "Inside": "key-s3:cret", "Part": "cret", "Id": "a-1"}
    (told,) = [event.properties for event in world.log if event.logical_id == "B"]
    assert told == {"Plain": "****", "Inside": "key-****", "Part": "****", "Id": "a-1"}


def test_a_replaced_resource_comes_back_and_the_new_one_goes() -> None:
    world = created()
    old = world.state.resources["A"].physical_id
    world.tell(UpdateRequested("update", with_a(Name="other")))
    world.succeed(world.find("A"))
    world.succeed(world.find("C"))
    world.fail(world.find("B"))
    world.settle()
    assert world.status == "UPDATE_ROLLBACK_COMPLETE"
    assert world.state.resources["A"].physical_id == old
    assert world.order == ["Create A", "Update B", "Update C", "Update B", "Update C", "Delete A"]
    assert len(world.physical) == 4


def test_a_new_resource_of_a_failed_update_is_deleted() -> None:
    world = created(target(A=resource()))
    world.tell(UpdateRequested("update", target(A=resource(), B=resource("A"), C=resource("B"))))
    world.succeed(world.find("B"))
    world.fail(world.find("C"))
    world.settle()
    assert world.order == ["Create B", "Create C", "Delete B"]
    assert list(world.state.resources) == ["A"]


def test_cancelling_an_update_rolls_it_back_and_waits_for_what_is_under_way() -> None:
    world = created()
    world.tell(UpdateRequested("update", with_a(Size=2)))
    world.tell(CancelUpdateRequested())
    assert world.status == "UPDATE_ROLLBACK_IN_PROGRESS"
    assert [event.reason for event in world.log if event.status == "UPDATE_FAILED"] == ["Resource update cancelled"]
    world.settle()
    assert world.order == ["Update A", "Update A"]
    assert world.status == "UPDATE_ROLLBACK_COMPLETE"


def test_only_an_update_can_be_cancelled() -> None:
    world = created()
    with pytest.raises(AwsError, match="CancelUpdateStack cannot be called from current stack status"):
        world.tell(CancelUpdateRequested())


def stuck() -> World:
    """An update of A and B whose rollback fails at A."""
    world = created(target(A=resource(Size=1), B=resource("A", Size=1)))
    world.tell(UpdateRequested("update", target(A=resource(Size=2), B=resource("A", Size=2))))
    world.succeed(world.find("A"))
    world.fail(world.find("B"))
    world.fail(world.find("A"))
    world.settle()
    assert world.status == "UPDATE_ROLLBACK_FAILED"
    assert world.state.reason == "The following resource(s) failed to update: [A]. "
    return world


def test_a_failed_rollback_can_be_continued() -> None:
    world = stuck()
    world.tell(ContinueRollbackRequested("continue"))
    world.settle()
    assert world.status == "UPDATE_ROLLBACK_COMPLETE"
    assert world.physical[world.state.resources["A"].physical_id] == {"Size": 1}


def test_a_failed_rollback_can_skip_what_stays_stubborn() -> None:
    world = stuck()
    world.order.clear()
    world.tell(ContinueRollbackRequested("continue", ("A",)))
    world.settle()
    assert not world.order
    assert world.status == "UPDATE_ROLLBACK_COMPLETE"
    assert world.said("A")[-1] == "UPDATE_COMPLETE"


def test_only_what_failed_in_the_rollback_can_be_skipped() -> None:
    world = stuck()
    with pytest.raises(AwsError, match=r"not in a valid state: \[B\]"):
        world.tell(ContinueRollbackRequested("continue", ("B",)))


def test_without_rollback_a_failed_update_stays_and_can_be_repaired_by_another() -> None:
    world = created()
    world.tell(UpdateRequested("update", with_a(Size=2), disable_rollback=True))
    world.fail(world.find("A"))
    assert world.status == "UPDATE_FAILED"
    world.tell(UpdateRequested("again", with_a(Size=1)))
    world.settle()
    assert world.order == ["Update A", "Update A"], "nobody knows what A is, so it is told again"
    assert world.status == "UPDATE_COMPLETE"


def test_a_failed_update_can_be_rolled_back_later_to_what_was_stable() -> None:
    world = created()
    old = world.state.resources["A"].physical_id
    world.tell(UpdateRequested("update", with_a(Name="other"), disable_rollback=True))
    world.succeed(world.find("A"))
    world.fail(world.find("B"))
    world.succeed(world.find("C"))
    world.tell(RollbackRequested("back"))
    world.settle()
    assert world.status == "UPDATE_ROLLBACK_COMPLETE"
    assert world.state.resources["A"].physical_id == old
    world.check_accounts()


def test_a_resource_that_was_updated_and_then_replaced_gets_its_stable_properties_back() -> None:
    world = created(target(A=resource(Name="a", Size=1)))
    stable = world.state.resources["A"].physical_id
    world.tell(UpdateRequested("one", target(A=resource(Name="a", Size=2), B=resource()), disable_rollback=True))
    world.succeed(world.find("A"))
    world.fail(world.find("B"))
    world.tell(UpdateRequested("two", target(A=resource(Name="b", Size=3), B=resource())))
    world.succeed(world.find("A"))
    world.fail(world.find("B"))
    world.settle()
    assert world.status == "UPDATE_ROLLBACK_COMPLETE"
    assert world.physical == {stable: {"Name": "a", "Size": 1}}
