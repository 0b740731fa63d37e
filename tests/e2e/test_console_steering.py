"""Whoever steers a system in the console: sees what speaks for and against a model and decides about just that one, stops an execution, and
watches a rollout, stops it or goes back, and sees the course of that. They share one system, in this order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browsing import DESKTOP, PATIENCE_MS, SIZES, Person
from tests.e2e.test_refused_versions import begin_deploy, deploy, settled
from tests.small_project import NAME
from tests.system import System

APPROVAL, ROLLOUT = f"/{NAME}/approval", f"/{NAME}/rollout"
expect.set_options(timeout=PATIENCE_MS)


# ---------------------------------------------------------------------- a decision
@pytest.fixture(scope="module")
def waiting(system: System) -> Iterator[str]:
    """The execution that asks for a decision: another model than the one that serves."""
    execution = system.upload({"auc": "0.93"})
    system.waits(execution)
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


# ---------------------------------------------------------------------- a rollout
@pytest.mark.parametrize("size", SIZES)
def test_what_serves_is_told_when_nothing_is_rolled_out(person: Callable[..., Person], size: str) -> None:
    one = person(SIZES[size])
    page = one.visit(ROLLOUT)
    expect(page.locator("#releases")).to_contain_text("stands")
    assert re.search(r"version \d+: 100 % serves since", one.text())
    one.charts_drawn()
    one.check()


def test_a_change_is_released_seen_live_and_stopped(person: Callable[..., Person]) -> None:
    one = person()
    page = one.visit(f"/{NAME}/pipeline")
    known = page.get_by_role("region", name="Executions").locator("tbody tr").count()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Release change").click()
    expect(page.get_by_role("status")).to_contain_text("has begun")
    stop = page.locator("details.steer")
    expect(stop).to_have_count(1)  # it came by itself, or was there at once
    stop.locator("summary").click()
    page.get_by_label("Reason").fill("only a try")
    page.get_by_label("Abandon").check()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("status")).to_contain_text("stops at once")
    rows = page.get_by_role("region", name="Executions").locator("tbody tr")
    expect(rows).to_have_count(known + 1)
    expect(rows.first).to_contain_text("Stopped")
    one.check()


def test_a_rollout_is_seen_while_it_goes_on_stopped_and_gone_back_from(
    person: Callable[..., Person], system: System
) -> None:
    """One story, as each part of it needs the one before."""
    one = person(DESKTOP)
    page = one.visit(ROLLOUT)
    begin_deploy(system)
    # It comes by itself: nobody loads the page anew.
    stop = page.get_by_role("button", name="Stop and roll back")
    expect(stop).to_be_visible(timeout=120_000)
    expect(page.locator(".steps")).to_be_visible()
    words = one.text()
    assert re.search(r"Version \d+ → \d+", words)
    assert "Checks before traffic" in words
    assert "Both versions, while traffic shifted" in words
    assert "Alarms that take it back" in words
    one.check()
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", answer)
    page.get_by_label("Why").fill("it looks wrong")
    stop.click()
    expect(page.get_by_text("stopped it")).to_be_visible()
    assert re.match(r"Stop d-\w+, and give all traffic back to version \d+\?", asked[0])
    expect(page.get_by_text("Stopped", exact=True).first).to_be_visible(timeout=60_000)
    assert "it looks wrong" in one.text()
    assert settled(system) == "UPDATE_ROLLBACK_COMPLETE"
    one.check()


def test_traffic_goes_back_to_a_version_that_stands(person: Callable[..., Person], system: System) -> None:
    assert deploy(system) == "UPDATE_COMPLETE"
    one = person(DESKTOP)
    page = one.visit(ROLLOUT)
    page.on("dialog", lambda dialog: dialog.accept())
    choice = page.locator("#releases input[type=radio]").last
    version = choice.get_attribute("value")
    choice.check()
    page.locator("#releases").get_by_label("Why").fill("the old one was better")
    page.get_by_role("button", name="Roll back to it").click()
    expect(page.locator(".said")).to_contain_text(f"All traffic goes to version {version}")
    # Before it has succeeded: an earlier one says so, too.
    expect(page.locator("main")).to_contain_text(f"version {version}: 100 %", timeout=60_000)
    expect(page.get_by_text("Succeeded", exact=True).first).to_be_visible(timeout=60_000)
    assert re.search(r"the old one was better \(.+, console\)", one.text())
    one.check()
