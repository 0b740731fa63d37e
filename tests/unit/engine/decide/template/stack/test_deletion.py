"""How a stack is deleted, event by event, and what its exports keep from going."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.template.stack import (
    CreateRequested,
    DeleteRequested,
    DeleteResource,
    OnFailure,
    UpdateRequested,
)
from mlsystem.engine.decide.template.target import Target, TargetOutput
from tests.unit.engine.decide.template.stack.world import DIAMOND, World, created, resource, target, with_a


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
