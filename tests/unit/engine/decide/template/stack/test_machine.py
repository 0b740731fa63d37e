"""Each path of a stack, event by event."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template.stack import (
    CancelUpdateRequested,
    ContinueRollbackRequested,
    CreateRequested,
    CreateResource,
    CreationTimedOut,
    DeleteRequested,
    DeleteResource,
    OnFailure,
    ResourceCompleted,
    ResourceFailed,
    ResourceInitiated,
    RollbackRequested,
    StackStatus,
    UpdateRequested,
    UpdateResource,
)
from mlsystem.engine.decide.template.target import Target, TargetOutput
from tests.unit.engine.decide.template.stack.world import World, resource, target

# B and C after A, D after both.
DIAMOND = target(
    A=resource(Name="a", Size=1),
    B=resource("A", Name="b"),
    C=resource("A", Name="c"),
    D=resource("B", "C", Name="d"),
)


def created(goal: Target = DIAMOND) -> World:
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


# Creation


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


# Update


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


# Rollback of an update


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


# Exports


def exporting(size: int, name: str = "shared") -> Target:
    output = TargetOutput(name="Out", value={"Fn::Join": ["-", ["v", str(size)]]}, export_name=name)
    return Target(resources=target(A=resource(Size=size)).resources, outputs={"Out": output})


@pytest.mark.parametrize(("goal", "verb"), [(exporting(2), "updated"), (exporting(2, "other"), "deleted")])
def test_an_export_that_another_stack_uses_must_stay(goal: Target, verb: str) -> None:
    world = created(exporting(1))
    world.tell(UpdateRequested("update", goal, exports_in_use={"shared": ("app",)}))
    world.settle()
    assert world.status == "UPDATE_ROLLBACK_COMPLETE"
    assert any(event.reason == f"Export shared cannot be {verb} as it is in use by app" for event in world.log)
    assert world.state.outputs["Out"].value == "v-1"


def test_a_stack_whose_export_is_in_use_is_not_deleted() -> None:
    world = created(exporting(1))
    world.tell(DeleteRequested("delete", exports_in_use={"shared": ("app",)}))
    assert world.status == "CREATE_COMPLETE"
    assert world.state.reason == "Delete canceled. Cannot delete export shared as it is in use by app."


# Deletion


def test_deleting_goes_in_reverse_order() -> None:
    world = created()
    world.tell(DeleteRequested("delete"))
    world.settle()
    assert world.order == ["Delete D", "Delete B", "Delete C", "Delete A"]
    assert world.said() == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_a_deletion_that_fails_spares_what_the_resource_depends_on_and_nothing_else() -> None:
    world = created()
    world.tell(DeleteRequested("delete"))
    world.settle(lambda action: action.key.split("/")[1] != "B")
    assert world.status == "DELETE_FAILED"
    assert world.state.reason == "The following resource(s) failed to delete: [B]. "
    assert world.said("B")[-1] == "DELETE_FAILED"
    assert [name for name, item in world.state.resources.items() if item.physical_id] == ["A", "B"]


def test_a_failed_deletion_can_be_repeated_and_retain_what_stays_stubborn() -> None:
    world = created()
    world.tell(DeleteRequested("delete"))
    world.settle(lambda action: action.key.split("/")[1] != "B")
    world.tell(DeleteRequested("again", ("B",)))
    world.settle()
    assert world.status == "DELETE_COMPLETE"
    assert world.said("B")[-1] == "DELETE_SKIPPED"
    assert len(world.physical) == 1


def test_resources_can_be_retained_only_after_a_failed_deletion() -> None:
    world = created()
    with pytest.raises(AwsError, match="only when the stack is in DELETE_FAILED state"):
        world.tell(DeleteRequested("delete", ("A",)))


def test_a_snapshot_is_asked_for_where_the_policy_wants_one() -> None:
    world = created(target(A=resource(deletion_policy="Snapshot")))
    world.tell(DeleteRequested("delete"))
    action = world.asked[world.find("A")]
    assert isinstance(action, DeleteResource)
    assert action.takes_snapshot


def test_a_stack_can_be_deleted_while_it_is_being_created() -> None:
    world = World()
    world.tell(CreateRequested("create", DIAMOND))
    world.succeed(world.find("A"))
    world.tell(DeleteRequested("delete"))
    assert world.status == "DELETE_IN_PROGRESS"
    world.settle()
    assert world.status == "DELETE_COMPLETE"
    assert not world.physical


def test_deleting_twice_asks_for_nothing_twice() -> None:
    world = created()
    world.tell(DeleteRequested("delete"))
    world.tell(DeleteRequested("again"))
    world.settle()
    world.tell(DeleteRequested("and again"))
    assert world.order == ["Delete D", "Delete B", "Delete C", "Delete A"]


def test_a_stack_is_not_deleted_in_the_middle_of_an_update() -> None:
    world = created()
    world.tell(UpdateRequested("update", with_a(Size=2)))
    with pytest.raises(AwsError, match=r"Stack \[demo\] cannot be deleted while in status UPDATE_IN_PROGRESS"):
        world.tell(DeleteRequested("delete"))


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


def test_a_stack_that_exists_is_not_created_again() -> None:
    world = created()
    with pytest.raises(AwsError, match="already exists"):
        world.tell(CreateRequested("again", DIAMOND))


def test_a_resource_in_the_middle_of_an_update_is_deleted_only_after_it() -> None:
    world = World()
    world.tell(CreateRequested("create", target(A=resource(Size=1), B=resource("A")), OnFailure.DO_NOTHING))
    world.succeed(world.find("A"))
    world.fail(world.find("B"))
    world.tell(UpdateRequested("again", target(A=resource(Size=2), B=resource())))
    world.fail(world.find("B"))
    assert world.order[-2:] == ["Update A", "Create B"]
    world.settle()
    assert world.order[-1] == "Delete A"
    assert world.status == "ROLLBACK_COMPLETE"
    assert not world.physical


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
