"""A person reads what the system is set to; who is no admin neither sees who else may use it nor can do what they may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from mlsystem.console.security.people import People, Role
from tests.browsing import SIZES, Person
from tests.small_project import NAME
from tests.system import System

Someone = Callable[..., Person]


@pytest.fixture
def viewer_token(system: System) -> Iterator[str]:
    """While there is one, everybody signs in."""
    people = People(system.engine.folder)
    yield people.add("Vera", Role.VIEWER)
    people.remove("Vera")


@pytest.mark.parametrize("size", SIZES)
def test_settings_stand_with_their_meaning_and_where_the_system_runs(person: Someone, size: str) -> None:
    one = person(SIZES[size])
    page = one.visit(f"/{NAME}/settings")
    page.get_by_text("gate", exact=True).click()
    row = page.get_by_role("row").filter(has_text="gate.threshold")
    expect(row).to_contain_text("What the metric is compared with")
    page.get_by_text(f"{NAME}-deploy-prd", exact=True).click()
    expect(page.get_by_role("region", name=f"Outputs of {NAME}-deploy-prd")).to_contain_text("ApiUrl")
    text = one.text()
    assert "The local engine, on this machine" in text
    assert "60 times as fast" in text
    assert "nobody has a token yet" in text
    one.check()


def test_a_viewer_looks_and_is_told_what_needs_another_role(person: Someone, viewer_token: str) -> None:
    one = person()
    page = one.page
    page.goto(f"{one.base}/{NAME}/settings")
    page.get_by_label("Your token").fill(viewer_token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="mlsystem.yaml")).to_be_visible()
    assert "Who may use this console" not in one.text()
    one.visit(f"/{NAME}/endpoints")
    assert "Sending requests needs an approver: you are Vera, viewer." in one.text()
    one.visit(f"/{NAME}/notifications")
    assert "Sending one needs an admin" in one.text()
    one.check()
    # Nor by asking for it without a form.
    token = page.locator("main").get_attribute("hx-headers") or ""
    mark = token.split('"')[3]
    for path in ("endpoints/any/try", "api/try", "notifications/test"):
        answer = one.context.request.post(f"{one.base}/{NAME}/{path}", headers={"x-csrf-token": mark}, max_redirects=0)
        assert answer.status == 403, path
