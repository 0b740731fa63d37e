"""One system, console and browser for all tests of pages: each takes long to start.

Tests here leave the system as they found it, but for what has a name of its own. What takes a pipeline's run to show, or changes what
serves, is a test of tests/e2e, with a system of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browsing import chromium, console_of
from tests.finished import system_on_copy
from tests.system import System

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="package")
def system(finished_state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Has reached production."""
    with system_on_copy(finished_state, tmp_path_factory.mktemp("system") / "home") as running:
        yield running


@pytest.fixture(scope="package")
def console(system: System) -> Iterator[str]:
    """Its URL."""
    with console_of(system.engine) as url:
        yield url


@pytest.fixture(scope="package")
def browser(need_tool: Callable[[str], str]) -> Iterator[Browser]:
    with chromium(need_tool("chromium")) as found:
        yield found
