"""How a provisioned product lives: every end of its stack, told late, twice or never begun."""

from __future__ import annotations

import pytest

from mlsystem.engine.contract import Principal
from mlsystem.engine.decide.s3_url import place_of
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.services.servicecatalog.portfolio import Portfolio
from mlsystem.engine.services.servicecatalog.provisioned_product import (
    Change,
    ChangeStatus,
    ChangeType,
    ProductStatus,
    ProvisionedProduct,
    ProvisionedProductMachine,
)

MACHINE = ProvisionedProductMachine()
STACK = "arn:aws:cloudformation:us-east-1:000000000000:stack/SC-000000000000-pp-1/x"


def begun(kind: ChangeType = ChangeType.PROVISION) -> ProvisionedProduct:
    product = ProvisionedProduct(
        key="pp-1",
        parent="demo",
        account="000000000000",
        product="prod-1",
        artifact="pa-1",
        template="{}",
        path="port-1",
        launch_role="",
        caller="",
    )
    change = Change(
        id="rec-1", type=kind, token="t", caller="", product="prod-1", artifact="pa-1", created_at=1, updated_at=1
    )
    step = MACHINE.begin(product, change)
    assert step.record is not None
    assert [action.key for action in step.actions] == ["rec-1"]
    return step.record


def settled(status: str, reason: str = "") -> Event:
    return Event("stack_settled", {"stack_id": STACK, "status": status, "reason": reason})


@pytest.mark.parametrize(
    ("kind", "status", "state", "change"),
    [
        (ChangeType.PROVISION, "CREATE_COMPLETE", ProductStatus.AVAILABLE, ChangeStatus.SUCCEEDED),
        (ChangeType.PROVISION, "ROLLBACK_COMPLETE", ProductStatus.ERROR, ChangeStatus.FAILED),
        (ChangeType.UPDATE, "UPDATE_COMPLETE", ProductStatus.AVAILABLE, ChangeStatus.SUCCEEDED),
        (ChangeType.UPDATE, "UPDATE_ROLLBACK_COMPLETE", ProductStatus.TAINTED, ChangeStatus.FAILED),
        (ChangeType.TERMINATE, "DELETE_COMPLETE", ProductStatus.TERMINATED, ChangeStatus.SUCCEEDED),
        (ChangeType.TERMINATE, "DELETE_FAILED", ProductStatus.TAINTED, ChangeStatus.FAILED),
    ],
)
def test_a_change_ends_as_its_stack_does(
    kind: ChangeType, status: str, state: ProductStatus, change: ChangeStatus
) -> None:
    step = MACHINE.advance(begun(kind), settled(status, "Key: no"), 2.0)
    assert step.record is not None
    assert (step.record.state, step.record.last.status) == (state, change)
    assert step.record.stack_id == STACK
    (notice,) = step.notices
    assert bool(notice.data["message"]) == (change is ChangeStatus.FAILED)
    assert "Key: no" in step.record.message or change is ChangeStatus.SUCCEEDED
    again = MACHINE.advance(step.record, settled(status), 3.0)
    assert (again.record, again.notices) == (step.record, ())


def test_the_end_of_an_earlier_change_ends_no_later_one() -> None:
    for kind, late in ((ChangeType.UPDATE, "CREATE_COMPLETE"), (ChangeType.TERMINATE, "UPDATE_COMPLETE")):
        waiting = begun(kind)
        assert MACHINE.advance(waiting, settled(late), 2.0).record == waiting
    waiting = begun(ChangeType.UPDATE)
    data = {"stack_id": STACK, "status": "UPDATE_COMPLETE", "reason": ""}
    of_the_one_before = Event("stack_settled", {**data, "token": "rec-0"})
    assert MACHINE.advance(waiting, of_the_one_before, 2.0).record == waiting
    own = MACHINE.advance(waiting, Event("stack_settled", {**data, "token": "rec-1"}), 2.0)
    assert own.record is not None and own.record.state == ProductStatus.AVAILABLE


def test_a_stack_that_cannot_even_be_asked_for_fails_the_change_with_the_reason() -> None:
    failure = Event("action_failed", {"code": "ValidationError", "reason": "no such parameter", "change": "rec-1"})
    step = MACHINE.advance(begun(), failure, 2.0)
    assert step.record is not None
    assert (step.record.state, step.record.message) == (ProductStatus.ERROR, "ValidationError: no such parameter")


def test_a_stack_under_way_is_known_by_its_id() -> None:
    event = Event("stack_begun", {"stack_id": STACK, "status": "CREATE_IN_PROGRESS", "reason": ""})
    step = MACHINE.advance(begun(), event, 2.0)
    assert step.record is not None
    assert (step.record.stack_id, step.record.last.status) == (STACK, ChangeStatus.IN_PROGRESS)
    assert step.record.stack_name == "SC-000000000000-pp-1"


@pytest.mark.parametrize(
    ("principals", "is_admitted"),
    [
        ({}, False),
        ({"arn:aws:iam::000000000000:role/service-role/studio": "IAM"}, True),
        ({"arn:aws:iam::000000000000:role/studio-other": "IAM"}, False),
        ({"arn:aws:iam:::role/stu*": "IAM_PATTERN"}, True),
        ({"arn:aws:iam:::role/stu*": "IAM"}, False),
        ({"arn:aws:iam::000000000000:user/studio": "IAM"}, False),
    ],
)
def test_a_portfolio_admits_the_sessions_of_its_roles(principals: dict[str, str], is_admitted: bool) -> None:
    portfolio = Portfolio(key="port-1", name="n", provider="p", principals=principals)
    session = Principal("arn:aws:sts::000000000000:assumed-role/studio/someone", "000000000000")
    assert portfolio.admits(session) is is_admitted
    assert portfolio.admits(Principal("arn:aws:iam::000000000000:root", "000000000000"))


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://data.s3.eu-west-1.amazonaws.com/a/b.yml", ("data", "a/b.yml")),
        ("http://127.0.0.1:4580/data/a%20b.yml", ("data", "a b.yml")),
        ("s3://data/a.yml", ("data", "a.yml")),
        ("https://data.s3.amazonaws.com/", None),
        ("nonsense", None),
    ],
)
def test_an_address_leads_to_an_object_or_to_none(url: str, place: tuple[str, str] | None) -> None:
    assert place_of(url) == place
