"""Logs: found by words, followed while they are written, shared by their URL, and downloaded."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browsing import PATIENCE_MS, SIZES, Person
from tests.small_project import NAME

expect.set_options(timeout=PATIENCE_MS)

GROUP, STREAM = "/test/pages", "one"


@pytest.fixture(scope="module")
def write(system: Any) -> Callable[..., None]:
    """Writes lines to a log of its own."""
    logs = system.engine.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)

    def lines(*messages: str) -> None:
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": message} for message in messages]
        logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=events)

    return lines


def path(**given: str) -> str:
    return f"/{NAME}/logs/lines?{urlencode({'group': GROUP, **given})}"


@pytest.mark.parametrize("size", SIZES)
def test_groups_are_found_by_a_part_of_their_names(person: Callable[..., Person], size: str) -> None:
    one = person(SIZES[size])
    page = one.visit(f"/{NAME}/logs")
    one.check()
    page.get_by_label("Groups with").fill("codebuild")
    page.get_by_role("button", name="Search").click()
    rows = page.get_by_role("region", name="Log groups").locator("tbody tr")
    expect(rows).to_have_count(1)
    rows.get_by_role("link", name="Streams").click()
    page.get_by_role("region", name="Log streams").locator("a").first.click()
    expect(page.locator(".log .line").first).to_be_visible()
    one.check()


def test_new_lines_come_by_themselves_and_whoever_reads_above_stays_there(
    person: Callable[..., Person], write: Callable[..., None]
) -> None:
    write(*(f"line {number}" for number in range(300)))
    one = person()
    page = one.visit(path(stream=STREAM))
    log = page.locator(".log")
    expect(log.get_by_text("line 299", exact=False)).to_be_in_viewport()
    write("the newest")
    expect(log.get_by_text("the newest")).to_be_in_viewport()
    log.evaluate("log => { log.scrollTop = 0; }")
    expect(log).to_have_attribute("data-follow", "left")
    write("even newer")
    expect(log.get_by_text("even newer")).to_be_attached()
    assert log.evaluate("log => log.scrollTop") == 0
    one.check()


def test_lines_are_searched_and_the_search_is_a_url(person: Callable[..., Person], write: Callable[..., None]) -> None:
    write("all is well", "ERROR: nothing is")
    one = person()
    page = one.visit(path(words="ERROR"))
    expect(page.locator(".log .line")).to_have_count(1)
    page.get_by_label("Lines with").fill("never-said")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".log")).to_contain_text("No line has “never-said” in the last day")
    assert "words=never-said" in page.url
    one.check()


def test_earlier_lines_are_a_link_away(person: Callable[..., Person], write: Callable[..., None]) -> None:
    write("the very first of many", *(f"many {number}" for number in range(600)))
    one = person()
    page = one.visit(path(stream=STREAM))
    expect(page.locator(".log .line")).to_have_count(500)
    page.get_by_role("link", name="Earlier lines").click()
    expect(page.locator(".log").get_by_text("the very first of many")).to_be_attached()
    page.get_by_role("link", name="To the end, and follow").click()
    expect(page.locator(".log").get_by_text("many 599")).to_be_attached()


def test_a_log_is_downloaded_as_text(person: Callable[..., Person], write: Callable[..., None], tmp_path: Path) -> None:
    write("to be kept")
    page = person().visit(path(stream=STREAM))
    with page.expect_download() as given:
        page.get_by_role("link", name="Download").click()
    kept = tmp_path / "log"
    given.value.save_as(kept)
    assert "Z to be kept\n" in kept.read_text()
    assert given.value.suggested_filename == "test-pages.log"


def test_a_log_that_is_not_there_yet_says_so(person: Callable[..., Person]) -> None:
    one = person()
    one.visit(f"/{NAME}/logs/lines?group=/not/there")
    assert "Nothing yet" in one.text(".log")
    one.check()
