"""What would happen, before it does."""

from __future__ import annotations

from pydantic import JsonValue as Json

from mlsystem.engine.decide.template import Deployed, Instance, Plan, Target, plan
from mlsystem.engine.decide.template.target import TargetResource
from tests.unit.engine.decide.template.stack.world import NameIsIdentity, resource, target


def existing(policy: str = "Delete", depends_on: tuple[str, ...] = (), **properties: Json) -> Deployed:
    instance = Instance(
        physical_id="old",
        properties=properties,
        attributes={"Arn": "arn"},
        deletion_policy=policy,
        depends_on=depends_on,
    )
    return Deployed("Test::Thing", instance)


def lines(deployed: dict[str, Deployed], goal: Target) -> list[str]:
    return str(plan(deployed, goal, NameIsIdentity())).splitlines()


def test_a_new_stack_is_all_creation_in_layers() -> None:
    result = plan({}, target(B=resource("A"), A=resource(), C=resource("A")), NameIsIdentity())
    assert [[change.logical_id for change in layer] for layer in result.layers] == [["A"], ["B", "C"]]
    assert str(result).splitlines()[0] == "+ Create A (Test::Thing)"


def test_each_kind_of_change_is_told_apart() -> None:
    deployed = {
        "Same": existing(Size=1),
        "Bigger": existing(Size=1),
        "Renamed": existing(Name="a"),
        "Gone": existing(),
        "Kept": existing("Retain"),
    }
    goal = target(
        Same=resource(Size=1),
        Bigger=resource(Size=2, Colour="red"),
        Renamed=resource(Name="b", update_replace_policy="Retain"),
        New=resource(),
    )
    assert lines(deployed, goal) == [
        "~ Update Bigger (Test::Thing): Size, Colour",
        "± Replace Renamed (Test::Thing): Name; the old one: Retain",
        "+ Create New (Test::Thing)",
        "- Delete Gone (Test::Thing)",
        "- Delete Kept (Test::Thing): the old one: Retain",
    ]


def test_deletes_come_last_and_in_reverse_order() -> None:
    deployed = {"A": existing(), "B": existing(depends_on=("A",)), "C": existing(Size=1)}
    assert lines(deployed, target(C=resource(Size=2))) == [
        "~ Update C (Test::Thing): Size",
        "- Delete B (Test::Thing)",
        "- Delete A (Test::Thing)",
    ]


def test_what_follows_a_replacement_depends_on_values_known_later() -> None:
    deployed = {"A": existing(Name="a"), "B": existing(OfA="old"), "C": existing(OfB="old")}
    goal = target(A=resource(Name="b"), B=resource("A"), C=resource("B"))
    assert lines(deployed, goal) == [
        "± Replace A (Test::Thing): Name; the old one: Delete",
        "~ Update B (Test::Thing): OfA; depends on values known later",
    ]


def test_an_identity_that_is_known_later_may_mean_replacement() -> None:
    goal = target(A=resource(Size=2), B=resource())
    b = TargetResource(
        logical_id="B", type="Test::Thing", properties={"Name": {"Fn::GetAtt": ["A", "Arn"]}}, depends_on=("A",)
    )
    result = plan(
        {"A": existing(Size=1), "B": existing(Name="arn")},
        Target(resources={"A": goal.resources["A"], "B": b}),
        NameIsIdentity(),
    )
    (_, change) = result.changes
    assert (change.action.value, change.is_certain) == ("Replace", False)


def test_nothing_to_do_says_so() -> None:
    assert str(plan({"A": existing(Size=1)}, target(A=resource(Size=1)), NameIsIdentity())) == (
        "No updates are to be performed."
    )
    assert Plan(()).changes == ()
