"""Who reads a page that changes is not disturbed: by the keyboard alone, while writing, and with many pages open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsing import DESKTOP, Person
from tests.live import eventually
from tests.small_project import NAME
from tests.system import System

HOSTILE = "\"><img src=x onerror=alert(1)><script>alert(2)</script>'-alert(3)-' \u202egnp.exe"
# Without a window every page counts as looked at.
BEHIND_ANOTHER = (
    "Object.defineProperty(document, 'hidden', {value: true}); document.dispatchEvent(new Event('visibilitychange'))"
)
TELL_WHAT_CAME = "addEventListener('htmx:sseBeforeMessage', () => { document.body.dataset.came = 'yes'; }, true)"
MANY = 9  # more than a browser has connections to one server


@pytest.fixture
def alarms(system: System) -> Iterator[Callable[[str, str], None]]:
    """Puts an alarm of the project into a state, which the page of alarms shows at once."""
    client = system.engine.client("cloudwatch")
    made: set[str] = set()

    def put(name: str, state: str) -> None:
        if name not in made:
            made.add(name)
            client.put_metric_alarm(
                AlarmName=name, AlarmDescription=HOSTILE, Namespace="Test", MetricName="Nothing", Statistic="Sum", Period=86400,
                EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore",
            )  # fmt: skip
        client.set_alarm_state(AlarmName=name, StateValue=state, StateReason=HOSTILE)

    yield put
    client.delete_alarms(AlarmNames=list(made))


def _focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def test_the_focus_stays_on_what_has_it_when_its_surroundings_are_drawn_anew(
    person: Callable[..., Person], alarms: Callable[[str, str], None]
) -> None:
    alarms(f"{NAME}-focus-a", "OK")
    alarms(f"{NAME}-focus-b", "OK")
    page = person(DESKTOP).visit(f"/{NAME}/alarms")
    page.get_by_role("link", name="focus-b").focus()
    place = page.evaluate("document.activeElement.href")
    page.evaluate("document.activeElement.dataset.old = 'yes'")
    for state in ("ALARM", "OK"):
        alarms(f"{NAME}-focus-a", state)
        eventually(lambda: page.evaluate("document.querySelector('[data-old]')") is None)
        assert page.evaluate("document.activeElement.href") == place
        page.evaluate("document.activeElement.dataset.old = 'yes'")


def test_what_is_pressed_stays_until_it_is_clicked(
    person: Callable[..., Person], alarms: Callable[[str, str], None]
) -> None:
    """What comes while a finger is on the button would else take the click with it."""
    alarms(f"{NAME}-press-a", "OK")
    alarms(f"{NAME}-press-b", "OK")
    page = person(DESKTOP).visit(f"/{NAME}/alarms")
    page.evaluate(TELL_WHAT_CAME)
    page.get_by_role("link", name="press-b").hover()
    page.mouse.down()
    alarms(f"{NAME}-press-a", "ALARM")
    eventually(lambda: page.evaluate("document.body.dataset.came"))
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"/alarms/.*press-b"))


def test_what_came_while_something_was_pressed_is_drawn_at_its_release(
    person: Callable[..., Person], alarms: Callable[[str, str], None]
) -> None:
    alarms(f"{NAME}-release-a", "OK")
    page = person(DESKTOP).visit(f"/{NAME}/alarms")
    row = page.locator("tr", has_text="release-a")
    row.locator("td").last.hover()
    page.mouse.down()
    page.evaluate(TELL_WHAT_CAME)
    alarms(f"{NAME}-release-a", "ALARM")
    eventually(lambda: page.evaluate("document.body.dataset.came"))
    expect(row).to_contain_text("OK")
    page.mouse.up()
    expect(row).to_contain_text("ALARM", ignore_case=True)


def test_what_others_wrote_is_read_and_never_run(
    person: Callable[..., Person], alarms: Callable[[str, str], None]
) -> None:
    name = f"{NAME}-hostile<img src=x onerror=alert(1)>"
    alarms(name, "ALARM")
    one = person(DESKTOP)
    one.page.on("dialog", lambda dialog: one.troubles.append(f"a script of others ran: {dialog.message}"))
    for path in (f"/{NAME}/alarms", f"/{NAME}/history", f"/{NAME}/dashboard", f"/{NAME}/"):
        page = one.visit(path)
        assert page.locator("[onerror]").count() == 0
    page = one.visit(f"/{NAME}/alarms")
    page.get_by_role("link", name="hostile").click()
    expect(page.locator("main")).to_contain_text("<img src=x onerror=alert(1)><script>alert(2)</script>")
    assert "\\u202egnp.exe" in one.text(), "what would turn the words around is seen"
    assert page.locator("[onerror]").count() == 0
    one.check()


def test_a_page_is_found_and_steered_by_the_keyboard_alone(person: Callable[..., Person]) -> None:
    page = person(DESKTOP).visit(f"/{NAME}/workflow")
    page.keyboard.press("Tab")
    assert _focused(page) == "To the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.locator("a.state").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_contain_text(page.locator("a.state .name").first.inner_text())


def test_more_pages_than_a_browser_has_connections_are_all_answered(browser: Browser, console: str) -> None:
    context = browser.new_context()
    pages: list[Any] = []
    for _ in range(MANY):
        pages.append(context.new_page())
        pages[-1].goto(f"{console}/{NAME}/pipeline", timeout=30_000)
        pages[-1].evaluate(BEHIND_ANOTHER)
    assert all(page.locator("h1").inner_text() == "Pipeline" for page in pages)
    context.close()
