"""The pipeline's pages: what stands where, why, and what a person does about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browsing import PATIENCE_MS, SIZES, Person
from tests.small_project import NAME

expect.set_options(timeout=PATIENCE_MS)

STAGES = ("Source", "Build", "Train", "DeployDev", "DeployPrd")


@pytest.mark.parametrize("size", SIZES)
def test_every_stage_tells_its_actions_how_long_they_took_and_where_to_look(
    person: Callable[..., Person], size: str
) -> None:
    one = person(SIZES[size])
    page = one.visit(f"/{NAME}/pipeline")
    for stage in STAGES:
        expect(page.locator(f"#stage-{stage} .badge").first).to_have_text("Succeeded")
    assert "took" in one.text("#stage-Train")
    links = page.locator("#stage-Train").get_by_role("link", name="Workflow")
    assert "/workflow?execution=" in str(links.get_attribute("href"))
    expect(page.get_by_role("region", name="Executions").locator("tbody tr").first).to_contain_text("Succeeded")
    one.check()


@pytest.mark.parametrize("size", SIZES)
def test_an_execution_is_told_in_full(person: Callable[..., Person], size: str) -> None:
    one = person(SIZES[size])
    page = one.visit(f"/{NAME}/pipeline")
    page.locator("#stage-DeployPrd a.mono").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Execution")
    assert page.locator(".gantt tbody tr").count() >= len(STAGES)
    page.locator("summary", has_text="DeployPrd, NameRelease").click()
    assert "GoesBack" in one.text()
    one.check()


def test_a_stage_is_closed_with_a_reason_and_opened_again(person: Callable[..., Person], system: Any) -> None:
    one = person()
    page = one.visit(f"/{NAME}/pipeline")
    page.locator("#close-DeployDev summary").click()
    page.get_by_label("Why DeployDev is closed").fill("a freeze until Monday")
    page.locator("#close-DeployDev button").click()
    expect(page.get_by_role("status")).to_contain_text("DeployDev is closed")
    expect(page.locator(".transition.closed")).to_contain_text("a freeze until Monday")
    one.check()
    page.get_by_role("button", name="Open").click()
    expect(page.locator(".transition.closed")).to_have_count(0)


def test_what_is_not_there_is_said_so(person: Callable[..., Person]) -> None:
    one = person()
    answer = one.page.goto(f"{one.base}/{NAME}/pipeline/executions/nothing")
    assert answer is not None
    assert answer.status == 404
    assert "no execution" in one.text()
