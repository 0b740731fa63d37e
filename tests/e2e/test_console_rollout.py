"""An execution and a rollout are watched while they go on; whoever steers stops them, or goes back, and sees the course of that."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, expect

from tests.browsing import DESKTOP, PATIENCE_MS, SIZES, Person
from tests.small_project import NAME
from tests.system import System

ROLLOUT = f"/{NAME}/rollout"
expect.set_options(timeout=PATIENCE_MS)


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
    execution = system.upload({"auc": "0.95"})
    system.approve(execution)
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
    assert system.ended(execution) == "Failed"
    one.check()


def test_traffic_goes_back_to_a_version_that_stands(person: Callable[..., Person], system: System) -> None:
    execution = system.upload({"auc": "0.96"})
    system.to_production(execution)
    one = person(DESKTOP)
    page = one.visit(ROLLOUT)
    page.on("dialog", lambda dialog: dialog.accept())
    choice = page.locator("#releases input[type=radio]").last
    version = choice.get_attribute("value")
    choice.check()
    page.locator("#releases").get_by_label("Why").fill("the old one was better")
    page.get_by_role("button", name="Roll back to it").click()
    expect(page.locator(".said")).to_contain_text(f"All traffic goes to version {version}")
    expect(page.get_by_text("Succeeded", exact=True).first).to_be_visible(timeout=60_000)
    assert re.search(r"the old one was better \(.+, console\)", one.text())
    assert f"version {version}: 100 %" in one.text()
    one.check()
