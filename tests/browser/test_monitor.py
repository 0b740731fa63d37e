"""A person asks whether production has drifted, is told in a sentence, and sees in which features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browsing import SIZES, Person
from tests.small_project import NAME

TABS = ("", "/executions", "/executions?of=all", "/quality", "/retraining")
LONG_MS = 120_000
REQUESTS = 40


@pytest.mark.parametrize("size", SIZES)
def test_the_monitors_pages_are_for_everybody_before_anything_was_checked(
    person: Callable[..., Person], size: str
) -> None:
    one = person(SIZES[size])
    for tab in TABS:
        one.visit(f"/{NAME}/monitor{tab}")
        one.check()


def test_a_look_returns_at_once_and_its_verdict_appears_by_itself(person: Callable[..., Person], system: Any) -> None:
    url = system.api_url()
    for _ in range(REQUESTS):
        assert system.ask(url).status == 200
    one = person()
    page = one.visit(f"/{NAME}/monitor")
    page.get_by_role("button", name="Look now").click()
    expect(page.get_by_role("status")).to_contain_text("Looking at the requests")
    verdict = page.get_by_role("region", name="Verdict")
    expect(verdict).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_role("region", name="Features").locator("tbody tr").first).to_be_visible()
    one.charts_drawn()
    one.check()

    report = page.get_by_role("link", name="Whole report").get_attribute("href")
    answer = one.context.request.get(f"{one.base.removesuffix('/_console')}{report}")
    assert answer.status == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox;") and "script-src" not in policy and "default-src 'none'" in policy
    assert "<title>" in answer.text()

    page = one.visit(f"/{NAME}/monitor/executions")
    expect(page.get_by_role("region", name="Executions")).to_contain_text("a look")
    one.check()
    page.get_by_role("link", name="findings").first.click()
    expect(page.get_by_role("region", name="Verdict")).to_be_visible()


def test_the_schedule_is_stopped_and_started_again(person: Callable[..., Person]) -> None:
    one = person()
    page = one.visit(f"/{NAME}/monitor/executions")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Stop the schedule").click()
    expect(page.locator("main")).to_contain_text("not before it is started")
    one.check()
    page.get_by_role("button", name="Start the schedule").click()
    expect(page.get_by_role("button", name="Stop the schedule")).to_be_visible()


def test_asking_for_a_retraining_shows_the_decision(person: Callable[..., Person]) -> None:
    one = person()
    page = one.visit(f"/{NAME}/monitor/retraining")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Retrain now").click()
    expect(page.get_by_role("region", name="Decisions")).to_contain_text("refused", timeout=LONG_MS)
    expect(page.get_by_role("region", name="Decisions")).to_contain_text("labels missing")
    one.check()
