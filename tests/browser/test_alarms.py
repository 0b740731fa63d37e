"""A person sees what is raised, since when and why, and can stop an alarm from acting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browsing import SIZES, Person
from tests.small_project import NAME
from tests.system import System

ALARM = f"{NAME}-monitoring-failed"
RULE: dict[str, Any] = {
    "Namespace": "N",
    "MetricName": "M",
    "Statistic": "Sum",
    "Period": 3600,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.fixture
def put(system: System) -> Iterator[Callable[..., None]]:
    """Makes alarms, by their names, that are gone after the test."""
    cloudwatch = system.engine.client("cloudwatch")
    names: list[str] = []

    def one(name: str, **settings: Any) -> None:
        names.append(name)
        cloudwatch.put_metric_alarm(AlarmName=name, **RULE, **settings)

    yield one
    cloudwatch.delete_alarms(AlarmNames=names)


@pytest.mark.parametrize("size", SIZES)
def test_a_raised_alarm_comes_first_and_its_page_tells_its_history(
    person: Callable[..., Person], system: System, put: Callable[..., None], size: str
) -> None:
    cloudwatch = system.engine.client("cloudwatch")
    name = f"{NAME}-set-{size}"
    # Without data it keeps the state that it was set to.
    put(name, TreatMissingData="ignore")
    one = person(SIZES[size])
    page = one.visit(f"/{NAME}/alarms")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="set by a person")
    row = page.get_by_role("row").filter(has_text=f"set-{size}")
    expect(row).to_contain_text("set by a person")
    assert page.locator("table tbody tr").first.inner_text().startswith("ALARM")
    one.check()
    row.get_by_role("link").first.click()
    expect(page.get_by_role("region", name="State")).to_contain_text("Raised")
    expect(page.locator("main")).to_contain_text("1 datapoint above 1 within 1 hour; missing data: keeps the state")
    expect(page.get_by_role("region", name="History")).to_contain_text("set by a person")
    one.check()
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="set back")
    expect(page.get_by_role("region", name="State")).to_contain_text("In order")


def test_alarms_are_found_by_state_and_by_the_beginning_of_their_names(person: Callable[..., Person]) -> None:
    one = person()
    page = one.visit(f"/{NAME}/alarms?begins=retraining")
    expect(page.locator("table tbody tr")).to_have_count(1)
    one.check()
    page = one.visit(f"/{NAME}/alarms?begins=nothing&state=ALARM")
    expect(page.locator(".empty")).to_contain_text("Take a filter away")
    one.check()


def test_actions_of_an_alarm_are_disabled_and_enabled_again(person: Callable[..., Person], system: System) -> None:
    cloudwatch = system.engine.client("cloudwatch")
    one = person()
    page = one.visit(f"/{NAME}/alarms/{ALARM}")
    page.on("dialog", lambda dialog: dialog.accept())

    def enabled() -> bool:
        return bool(cloudwatch.describe_alarms(AlarmNames=[ALARM])["MetricAlarms"][0]["ActionsEnabled"])

    page.get_by_role("button", name="Disable its actions").click()
    expect(page.get_by_role("status")).to_contain_text("does nothing when it changes")
    assert not enabled()
    one.check()
    page.get_by_role("button", name="Enable its actions").click()
    expect(page.get_by_role("status")).to_contain_text("acts again")
    assert enabled()


def test_a_thousand_alarms_are_paged(person: Callable[..., Person], put: Callable[..., None]) -> None:
    for number in range(60):
        put(f"many-{number:03d}")
    one = person()
    page = one.visit(f"/{NAME}/alarms?of=all&begins=many-")
    expect(page.locator("table tbody tr")).to_have_count(25)
    expect(page.locator(".counts")).to_contain_text("50+")
    page.get_by_role("link", name="More").click()
    expect(page.locator("table tbody tr").first).to_contain_text("many-025")
    one.check()
