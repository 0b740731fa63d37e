"""The life of a model, seen and decided in the console alone: watch, look at the evidence, approve, see the shift, break a version, see it
go back, read what has drifted. One person sits at a desk, another one has a phone; both see the same, and each decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests import pictures
from tests.browsing import PHONE, Person, console_of
from tests.e2e.test_refused_versions import begin_deploy, settled
from tests.finished import system_on_copy
from tests.live import eventually
from tests.serving import SteadyLoad
from tests.small_project import NAME
from tests.system import System

pytestmark = pytest.mark.measured

# A canary of a quarter of a minute, and alarms that look each three seconds.
TIME_SCALE = 20
PER_SECOND = 40.0
LONG_MS = 240_000
FRAME_SECONDS = 0.8


@pytest.fixture(scope="module")
def slower(finished_state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    home = tmp_path_factory.mktemp("story") / "home"
    with system_on_copy(finished_state, home, time_scale=TIME_SCALE) as running:
        yield running


@pytest.fixture
def people(browser: Browser, slower: System) -> Iterator[tuple[Person, Person]]:
    """One at a desk, one with a phone in the dark."""
    with console_of(slower.engine) as url:
        desk, phone = Person(browser, url), Person(browser, url, PHONE, "dark")
        yield desk, phone
        desk.close()
        phone.close()


def _load(system: System) -> SteadyLoad:
    """Requests to the API; of each answer the endpoint that gave it."""
    path = urlsplit(system.api_url()).path
    return SteadyLoad(system.engine, path, PER_SECOND, lambda answer, _: answer.getheader("X-SageMaker-Endpoint") or "")


def test_the_life_of_a_model_is_watched_and_decided_in_the_console(
    people: tuple[Person, Person], slower: System
) -> None:
    desk, phone = people
    with _load(slower) as load:
        _watch(desk, phone)
        slower.upload({"auc": "0.95"})
        _decide(desk, phone)
        _see_the_shift(desk, phone)
    assert load.failures == []
    _break_a_version(desk, phone, slower)
    _read_what_drifted(desk, phone)
    _look_around(desk)


def _watch(desk: Person, phone: Person) -> None:
    for person in (desk, phone):
        page = person.visit(f"/{NAME}/")
        # While it started it may have answered with errors, which count for an hour.
        expect(page.locator("#health")).to_have_text(re.compile("Production (is healthy|answers)"))
        expect(page.locator("#requests")).to_be_visible()
        person.charts_drawn()
        person.check()
    pictures.take(desk.page, "home")
    pictures.take(phone.page, "home-phone")


def _decide(desk: Person, phone: Person) -> None:
    """From the pipeline, which shows by itself that somebody is waited for, to the evidence and a decision."""
    page = desk.visit(f"/{NAME}/pipeline")
    pictures.take(page, "pipeline-running")
    workflow = phone.visit(f"/{NAME}/workflow")
    expect(workflow.locator(".graph .state.running").first).to_be_visible(timeout=LONG_MS)
    phone.check()
    # What asks for a person comes to the page by itself.
    page = desk.visit(f"/{NAME}/")
    page.get_by_role("link", name="Look and decide").click(timeout=LONG_MS)
    for part in ("data", "code", "cost"):
        expect(page.locator(f"#{part}")).not_to_contain_text("Reading …")
    assert re.search(r"auc gate > 0\.7 0\.95", desk.text("#measured")), "the evidence is there"
    desk.charts_drawn()
    desk.check()
    pictures.take(page, "approval")
    page.get_by_label("Why").fill("better on the same rows")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#decision")).to_contain_text("approved it")
    desk.check()


def _see_the_shift(desk: Person, phone: Person) -> None:
    page, small = desk.visit(f"/{NAME}/rollout"), phone.visit(f"/{NAME}/rollout")
    film = pictures.Film(page, "[sse-swap=live_course]")
    for one in (page, small):
        expect(one.locator(".key")).to_contain_text(re.compile(r"version 2: 10 %"), timeout=LONG_MS)
    phone.check()
    pictures.take(page, "rollout")
    shares = set()

    def is_over() -> bool:
        film.take()
        shares.update(re.findall(r"version 2: (\d+) %", desk.text(".key")))
        return shares >= {"10", "100"} and "Succeeded" in desk.text()

    eventually(is_over, timeout=LONG_MS / 1000, interval=FRAME_SECONDS)
    desk.charts_drawn()
    film.take()
    film.write("traffic-shift")
    desk.check()
    expect(desk.visit(f"/{NAME}/").locator("#health").locator("..")).to_contain_text("Version 2 went live")


def _break_a_version(desk: Person, phone: Person, system: System) -> None:
    """It answers with errors once it has traffic: an alarm takes it back, and both see why."""
    with _load(system):
        begin_deploy(system, Fault="errors:12")
        page = phone.visit(f"/{NAME}/rollout")
        expect(page.locator("main")).to_contain_text(re.compile(r"Version 2 → 3"), timeout=LONG_MS)
        expect(page.get_by_text("Failed after").first).to_be_visible(timeout=LONG_MS)
        expect(page.locator(".key")).to_contain_text("version 2: 100 %")
        phone.check()
        # Who comes now is told of it at once.
        page = desk.visit(f"/{NAME}/alarms?state=ALARM")
        pictures.take(page, "alarms")
        desk.check()
        page = desk.visit(f"/{NAME}/rollout/deployments")
        page.locator("tbody a").first.click()
        expect(page.locator("main")).to_contain_text("alarm")
        desk.charts_drawn()
        pictures.take(page, "rollback", whole=True)
        desk.check()
    assert settled(system) == "UPDATE_ROLLBACK_COMPLETE"


def _read_what_drifted(desk: Person, phone: Person) -> None:
    """The same row again and again is not what the model was trained on."""
    page = desk.visit(f"/{NAME}/monitor")
    page.get_by_role("button", name="Look now").click()
    expect(page.get_by_role("region", name="Verdict")).to_contain_text("drifted", timeout=LONG_MS)
    desk.charts_drawn()
    desk.check()
    pictures.take(page, "monitor")
    small = phone.visit(f"/{NAME}/monitor")
    expect(small.get_by_role("region", name="Features").locator("tbody tr").first).to_contain_text("drifted")
    phone.check()
    report = page.get_by_role("link", name="Whole report").get_attribute("href")
    answer = desk.context.request.get(f"{desk.base.removesuffix('/_console')}{report}")
    assert (answer.status, "drifted" in answer.text()) == (200, True)


PICTURED: dict[str, Callable[[Person], None]] = {
    "pipeline": lambda person: None,
    "workflow": lambda person: None,
    "endpoints": lambda person: None,
    "dashboard": lambda person: expect(person.page.locator("canvas").first).to_be_visible(),
    "logs": lambda person: None,
    "experiments": lambda person: None,
    "history": lambda person: None,
    "notifications": lambda person: None,
    "settings": lambda person: None,
}


def _look_around(desk: Person) -> None:
    for name, await_it in PICTURED.items():
        desk.visit(f"/{NAME}/{name}")
        await_it(desk)
        desk.charts_drawn()
        desk.check()
        pictures.take(desk.page, name)
