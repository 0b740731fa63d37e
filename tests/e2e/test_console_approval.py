"""Whoever decides about a model sees what speaks for and against it, decides about just that model, and is told what comes of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import DESKTOP, PATIENCE_MS, SIZES, Person
from tests.live import eventually
from tests.small_project import NAME
from tests.system import System

APPROVAL = f"/{NAME}/approval"
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def waiting(system: System) -> Iterator[str]:
    """The execution that asks for a decision: another model than the one that serves."""
    execution = system.upload({"auc": "0.93"})
    eventually(lambda: system.approval_token(execution), timeout=300)
    yield execution
    if system.status(execution) == "InProgress":
        system.approve(execution, "no more tests", "Rejected")


def _read(page: Page) -> None:
    """Until the parts that come later are there."""
    for part in ("data", "code", "cost"):
        expect(page.locator(f"#{part}")).not_to_contain_text("Reading …")


@pytest.mark.parametrize("size", SIZES)
def test_all_evidence_is_on_one_page(person: Callable[..., Person], waiting: str, size: str) -> None:
    one = person(SIZES[size])
    page = one.visit(APPROVAL)
    _read(page)
    measured = one.text("#measured")
    assert re.search(r"auc gate > 0\.7 0\.93", measured), measured
    assert "Does it go to production?" in one.text()
    assert "champion's data" in one.text("#data")
    assert "The same commit: no code has changed." in one.text("#code")
    assert "an estimate" in one.text("#cost")
    assert "Nothing was paid" in one.text("#cost")
    assert waiting in one.text()
    one.check()


def test_the_dev_endpoint_answers_a_row_of_the_form(person: Callable[..., Person], waiting: str) -> None:
    one = person(DESKTOP)
    page = one.visit(APPROVAL)
    row = page.locator("textarea[name=row]")
    expect(row).to_have_value(re.compile(r"^[\d.]+,\d+$"))
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#tried")).to_contain_text(re.compile(r"Answer: 0\.\d+"))
    row.fill("no,number,at all")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#tried .note.bad")).to_be_visible()
    one.check()


def test_of_two_who_decide_at_once_the_second_is_told_so(
    person: Callable[..., Person], waiting: str, system: System
) -> None:
    first, second = person(DESKTOP), person(DESKTOP)
    pages = [one.visit(APPROVAL) for one in (first, second)]
    for page, why in zip(pages, ("it is no better", "it is good"), strict=True):
        page.get_by_label("Why").fill(why)
    pages[0].get_by_role("button", name="Reject").click()
    expect(pages[0].locator("#decision")).to_contain_text("Production stays as it is")
    # Whoever types is not disturbed: the form is still there, for a question that was answered.
    pages[1].get_by_role("button", name="Approve").click()
    expect(pages[1].locator("#decision")).to_contain_text("Your decision did not count")
    assert "it is no better" in second.text("#decision")
    assert system.runs(waiting)["ApproveDeployment"]["status"] == "Failed"
    summary = system.runs(waiting)["ApproveDeployment"]["output"]["executionResult"]["externalExecutionSummary"]
    assert re.fullmatch(r"it is no better \(.+, console\)", summary)
    for one in (first, second):
        one.check()


def test_a_decision_can_be_looked_up_later(person: Callable[..., Person], system: System) -> None:
    one = person(DESKTOP)
    page = one.visit(f"{APPROVAL}/decisions")
    assert "looks right" in one.text()
    one.check()
    page.locator("tbody tr").filter(has_text="looks right").last.get_by_role("link").click()
    expect(page.locator("#decision")).to_contain_text("approved it")
    _read(page)
    assert "Nothing serves that it could be compared with" in one.text("#data")
    one.check()


def test_an_execution_without_a_model_says_what_is_missing(person: Callable[..., Person], system: System) -> None:
    first = system.executions()[-1]["pipelineExecutionId"]
    one = person(DESKTOP)
    one.visit(f"{APPROVAL}?execution={first}")
    assert "did not come as far as a trained model" in one.text()
    one.check()
