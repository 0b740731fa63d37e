"""The workflow's picture: every state, told by more than a colour, and what it did a click away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browsing import PATIENCE_MS, SIZES, Person
from tests.small_project import NAME

expect.set_options(timeout=PATIENCE_MS)


@pytest.mark.parametrize("size", SIZES)
def test_the_newest_execution_colours_and_tells_every_state(person: Callable[..., Person], size: str) -> None:
    one = person(SIZES[size])
    page = one.visit(f"/{NAME}/workflow")
    training = page.locator("a.state", has=page.get_by_text("Training Job", exact=True))
    expect(training).to_contain_text("succeeded")
    failed = page.locator("a.state", has=page.get_by_text("Training Job Failed", exact=True))
    expect(failed).to_contain_text("not reached")
    expect(training).to_be_in_viewport() if size == "desktop" else None
    one.check()


@pytest.mark.parametrize("size", SIZES)
def test_a_state_is_chosen_by_the_keyboard_and_leads_to_its_jobs_log(person: Callable[..., Person], size: str) -> None:
    one = person(SIZES[size])
    page = one.visit(f"/{NAME}/workflow")
    page.locator("a.state", has=page.get_by_text("Training Job", exact=True)).focus()
    page.keyboard.press("Enter")
    state = page.locator("#state")
    expect(state.get_by_role("heading", name="Training Job")).to_be_visible()
    assert "state=Training+Job" in page.url
    assert "sagemaker:createTrainingJob.sync" in one.text("#state")
    one.check()
    shared = page.url
    state.get_by_role("link", name="Log").click()
    expect(page.locator(".log .line").first).to_be_visible()
    page.goto(shared)
    expect(state.get_by_role("heading", name="Training Job")).to_be_visible()


def test_an_execution_is_chosen_by_its_url(person: Callable[..., Person]) -> None:
    one = person()
    page = one.visit(f"/{NAME}/workflow")
    link = page.get_by_role("region", name="Executions of the workflow").locator("a").first
    name = link.inner_text()
    link.click()
    expect(page).to_have_url(f"{one.base}/{NAME}/workflow?execution={name}")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
