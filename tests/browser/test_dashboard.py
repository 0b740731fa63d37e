"""A dashboard is drawn in the browser, whatever one of its widgets does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browsing import SIZES, Person
from tests.small_project import NAME

METRIC = ["AWS/SageMaker", "Invocations"]


def drawn(one: Person) -> None:
    expect(one.page.locator(".fill", has_text="Asking")).to_have_count(0)
    one.charts_drawn()


@pytest.mark.parametrize("size", SIZES)
def test_the_projects_dashboard_is_drawn_and_its_alarms_lead_to_their_pages(
    person: Callable[..., Person], size: str
) -> None:
    one = person(SIZES[size])
    page = one.visit(f"/{NAME}/dashboard?range=1h")
    drawn(one)
    expect(page.locator(".plot[data-drawn]").first).to_be_visible()
    one.check()
    page.get_by_role("link", name=f"{NAME}-alias-errors").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Alarm")


def test_a_widget_that_fails_says_so_and_the_others_are_drawn(person: Callable[..., Person], system: Any) -> None:
    good = {
        "type": "metric",
        "width": 12,
        "height": 6,
        "properties": {"title": "Good", "region": "us-east-1", "metrics": [METRIC]},
    }
    bad = {
        "type": "metric",
        "width": 12,
        "height": 6,
        "properties": {"title": "Bad", "region": "us-east-1", "metrics": [[{"expression": "NOSUCH(m9) +"}]]},
    }
    words = {"type": "text", "width": 24, "height": 2, "properties": {"markdown": "# Whose it is\n<b>Ours</b>"}}
    body = json.dumps({"widgets": [words, good, bad]})
    system.engine.client("cloudwatch").put_dashboard(DashboardName=f"{NAME}-own", DashboardBody=body)
    one = person()
    page = one.visit(f"/{NAME}/dashboard?name={NAME}-own")
    drawn(one)
    expect(page.get_by_role("region", name="Bad").locator(".note.bad")).to_be_visible()
    expect(page.get_by_role("region", name="Good").locator(".note.bad")).to_have_count(0)
    expect(page.locator(".words")).to_contain_text("<b>Ours</b>")
    one.check()


def test_the_range_is_in_the_url_and_chosen(person: Callable[..., Person]) -> None:
    one = person()
    page = one.visit(f"/{NAME}/dashboard")
    page.get_by_role("link", name="12 h").click()
    page.wait_for_url("**range=12h**")
    expect(page.get_by_role("link", name="12 h")).to_have_attribute("aria-current", "true")
