"""How a stack is created, event by event, and what is left when that fails."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template.stack import (
    CreateRequested,
    CreationTimedOut,
    DeleteRequested,
    OnFailure,
    ResourceCompleted,
    ResourceFailed,
    ResourceInitiated,
    RollbackRequested,
    UpdateRequested,
)
from mlsystem.engine.decide.template.target import Target
from tests.unit.engine.decide.template.stack.world import DIAMOND, World, created, resource, target


def test_resources_that_do_not_depend_on_each_other_are_created_at_the_same_time() -> None:
    world = World()
    world.tell(CreateRequested("create", DIAMOND))
    assert world.order == ["Create A"]
    world.succeed(world.find("A"))
    assert world.order == ["Create A", "Create B", "Create C"]
    world.succeed(world.find("C"))
    assert world.order == ["Create A", "Create B", "Create C"]
    world.succeed(world.find("B"))
    world.settle()
    assert world.order[-1] == "Create D"
    assert world.said() == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


def test_a_resource_is_given_the_physical_ids_of_those_before_it() -> None:
    world = created()
    d = world.state.resources["D"].current
    assert d is not None
    assert d.properties == {
        "Name": "d",
        "OfB": world.state.resources["B"].physical_id,
        "OfC": world.state.resources["C"].physical_id,
    }


def test_the_events_read_as_cloudformation_writes_them() -> None:
    world = World()
    world.tell(CreateRequested("create", target(A=resource(Name="a"))))
    key = world.find("A")
    world.tell(ResourceInitiated(key, "a-1"))
    world.tell(ResourceCompleted(key, "a-1"))
    assert [(event.logical_id, event.physical_id, event.status, event.reason) for event in world.log] == [
        ("demo", world.state.stack_id, "CREATE_IN_PROGRESS", "User Initiated"),
        ("A", "", "CREATE_IN_PROGRESS", ""),
        ("A", "a-1", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("A", "a-1", "CREATE_COMPLETE", ""),
        ("demo", world.state.stack_id, "CREATE_COMPLETE", ""),
    ]


def test_an_outcome_told_twice_changes_nothing() -> None:
    world = World()
    world.tell(CreateRequested("create", DIAMOND))
    key = world.find("A")
    world.succeed(key)
    before = world.state
    world.tell(ResourceCompleted(key, "another"))
    world.tell(ResourceFailed(key, "too late"))
    assert world.state == before


def test_a_failed_creation_deletes_all_that_it_made_in_reverse_order() -> None:
    world = World()
    world.tell(CreateRequested("create", DIAMOND))
    world.succeed(world.find("A"))
    world.succeed(world.find("B"))
    world.succeed(world.find("C"))
    world.fail(world.find("D"), "no room")
    world.settle()
    assert world.said() == ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]
    assert world.order[-3:] == ["Delete B", "Delete C", "Delete A"]
    assert world.said("D") == ["CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_COMPLETE"]
    assert not world.physical


def test_the_rollback_says_which_resources_failed() -> None:
    world = World()
    world.tell(CreateRequested("create", DIAMOND))
    world.succeed(world.find("A"))
    world.fail(world.find("B"), "no room")
    reasons = {event.logical_id: event.reason for event in world.log if "FAILED" in event.status}
    assert reasons == {"B": "no room", "C": "Resource creation cancelled"}
    assert world.state.reason == "The following resource(s) failed to create: [B, C]. Rollback requested by user."


def test_the_rollback_waits_for_what_is_being_created_and_deletes_it_too() -> None:
    world = World()
    world.tell(CreateRequested("create", DIAMOND))
    world.succeed(world.find("A"))
    world.fail(world.find("B"))
    assert world.order[-1] != "Delete A", "C may still come about, and needs A"
    world.succeed(world.find("C"))
    world.settle()
    assert world.order[-2:] == ["Delete C", "Delete A"]
    assert not world.physical


def test_half_a_resource_is_deleted_in_the_rollback() -> None:
    world = World()
    world.tell(CreateRequested("create", target(A=resource(Name="a"))))
    world.fail(world.find("A"), leaves=True)
    world.settle()
    assert world.order == ["Create A", "Delete A"]
    assert world.status == "ROLLBACK_COMPLETE"


def test_a_resource_that_cannot_be_deleted_ends_in_rollback_failed() -> None:
    world = World()
    world.tell(CreateRequested("create", target(A=resource(), B=resource("A"), C=resource("B"))))
    world.succeed(world.find("A"))
    world.succeed(world.find("B"))
    world.fail(world.find("C"))
    world.settle(lambda action: action.key.split("/")[1] != "B")
    assert world.status == "ROLLBACK_FAILED"
    assert world.state.reason == "The following resource(s) failed to delete: [B]. "
    assert len(world.physical) == 2, "A is what B depends on"
    world.tell(DeleteRequested("delete"))
    world.settle()
    assert world.status == "DELETE_COMPLETE"
    assert not world.physical


def test_without_rollback_what_was_created_stays_and_what_is_under_way_may_end() -> None:
    world = World()
    world.tell(CreateRequested("create", DIAMOND, OnFailure.DO_NOTHING))
    world.succeed(world.find("A"))
    world.fail(world.find("B"))
    assert world.status == "CREATE_IN_PROGRESS"
    world.succeed(world.find("C"))
    assert world.status == "CREATE_FAILED"
    assert world.said("C")[-1] == "CREATE_COMPLETE"
    assert len(world.physical) == 2


def test_a_failed_creation_can_be_taken_up_again() -> None:
    world = World()
    world.tell(CreateRequested("create", DIAMOND, OnFailure.DO_NOTHING))
    world.succeed(world.find("A"))
    world.succeed(world.find("C"))
    world.fail(world.find("B"), leaves=True)
    world.order.clear()
    world.tell(UpdateRequested("again", DIAMOND))
    world.settle()
    assert world.order == ["Delete B", "Create B", "Create D"], "what B left behind is cleared away first"
    assert world.status == "UPDATE_COMPLETE"


def test_a_failed_creation_can_be_rolled_back_later() -> None:
    world = World()
    world.tell(CreateRequested("create", DIAMOND, OnFailure.DO_NOTHING))
    world.fail(world.find("A"))
    world.tell(RollbackRequested("back"))
    world.settle()
    assert world.status == "ROLLBACK_COMPLETE"


def test_on_failure_delete_leaves_no_stack() -> None:
    world = World()
    world.tell(CreateRequested("create", DIAMOND, OnFailure.DELETE))
    world.succeed(world.find("A"))
    world.fail(world.find("B"))
    assert world.state.reason.endswith("[B, C]. Delete requested by user.")
    world.settle()
    assert world.said() == ["CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert not world.physical


def test_a_creation_that_takes_too_long_is_rolled_back() -> None:
    world = World()
    world.tell(CreateRequested("create", DIAMOND))
    world.succeed(world.find("A"))
    world.tell(CreationTimedOut())
    assert world.status == "ROLLBACK_IN_PROGRESS"
    assert world.state.reason == "Stack creation time exceeded the specified timeout. Rollback requested by user."
    world.settle()
    assert not world.physical


def test_a_property_that_cannot_be_evaluated_fails_its_resource() -> None:
    goal = target(A=resource(), B=resource("A"))
    b = goal.resources["B"].model_copy(update={"properties": {"Of": {"Fn::GetAtt": ["A", "Colour"]}}})
    world = World()
    world.tell(CreateRequested("create", Target(resources={**goal.resources, "B": b})))
    world.settle()
    (failed,) = [event for event in world.log if event.status == "CREATE_FAILED"]
    assert failed.reason == "Template error: resource A does not support attribute type Colour in Fn::GetAtt"
    assert world.status == "ROLLBACK_COMPLETE"


@pytest.mark.parametrize(
    ("policy", "everything", "remains"),
    [
        ("Retain", False, True),
        ("Retain", True, False),
        ("RetainExceptOnCreate", False, False),
        ("Delete", False, False),
    ],
)
def test_the_policy_decides_what_a_failed_creation_leaves(policy: str, everything: bool, remains: bool) -> None:
    world = World()
    goal = target(A=resource(deletion_policy=policy), B=resource("A"))
    world.tell(CreateRequested("create", goal, retain_except_on_create=everything))
    world.succeed(world.find("A"))
    world.fail(world.find("B"))
    world.settle()
    assert bool(world.physical) is remains
    assert (world.said("A")[-1] == "DELETE_SKIPPED") is remains


def test_a_stack_that_exists_is_not_created_again() -> None:
    world = created()
    with pytest.raises(AwsError, match="already exists"):
        world.tell(CreateRequested("again", DIAMOND))
