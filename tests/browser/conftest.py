"""Fixtures of the tests that look at the console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browsing import Person, console_of


@pytest.fixture
def browser(need_tool: Callable[[str], str]) -> Iterator[Browser]:
    """One of its own for each test: Playwright's loop must not be left running beside other tests."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=need_tool("chromium"), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def console(system: Any) -> Iterator[str]:
    """The console of the module's system: its URL."""
    with console_of(system.engine) as url:
        yield url


@pytest.fixture
def person(browser: Browser, console: str) -> Iterator[Callable[..., Person]]:
    """Makes people who look at the console: `person(PHONE)`."""
    made: list[Person] = []

    def make(*arguments: Any) -> Person:
        made.append(Person(browser, console, *arguments))
        return made[-1]

    yield make
    for one in made:
        one.close()
