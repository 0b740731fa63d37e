"""The history: what happened, who decided and why, of each kind alone or of all together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browsing import PATIENCE_MS, SIZES, Person
from tests.small_project import NAME

expect.set_options(timeout=PATIENCE_MS)


@pytest.mark.parametrize("size", SIZES)
def test_everything_is_one_list_with_who_decided_and_why(person: Callable[..., Person], size: str) -> None:
    one = person(SIZES[size])
    page = one.visit(f"/{NAME}/history")
    expect(page.locator(".happening.execution").first).to_be_visible()
    expect(page.locator(".happening.approval").first).to_contain_text("Approved")
    expect(page.locator(".happening.approval").first).to_contain_text("decided after")
    one.check()


def test_each_kind_is_shown_alone_by_a_url(person: Callable[..., Person]) -> None:
    one = person()
    page = one.visit(f"/{NAME}/history")
    page.get_by_role("link", name="Approvals").click()
    expect(page.locator(".happening").first).to_be_visible()
    assert page.locator(".happening").count() == page.locator(".happening.approval").count()
    assert page.url.endswith("?kind=approval")
    for kind in ("execution", "deployment", "served", "retraining"):
        one.visit(f"/{NAME}/history?kind={kind}")
        one.check()


def test_an_execution_of_the_history_leads_to_its_page(person: Callable[..., Person]) -> None:
    one = person()
    page = one.visit(f"/{NAME}/history?kind=execution")
    page.locator(".happening a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Execution")
