"""Fixtures that every test group shares: a live engine, and clients that speak to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from mlsystem.client.images.kept import FOLDER_VARIABLE
from mlsystem.engine.store import master_key
from tests import order, seconds
from tests.docker_engine import DockerEngine, docker_engine
from tests.e2e.built_images import CACHE
from tests.finished import finished_folder, shared_folder, system_on_copy
from tests.live import LiveEngine
from tests.system import System

if TYPE_CHECKING:  # most tests look at no page
    from playwright.sync_api import Browser

    from tests.browsing import Person

MISSING: set[str] = set()

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _kept_images_of_tests() -> Iterator[None]:
    """What a person keeps stays as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(CACHE))
        yield


@pytest.fixture(autouse=True, scope="session")
def _keys_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The keys of the folders that tests make lie where the finished system lies, of which they make copies."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(master_key.FOLDER_VARIABLE, str(_shared_folder(tmp_path_factory) / "keys"))
        yield


@pytest.fixture(autouse=True)
def _no_settings_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach an account or an engine of whoever runs it."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEngine]:
    """One engine for all tests that do not end it or bend its clock: name what you create uniquely."""
    live = LiveEngine(tmp_path_factory.mktemp("engine"))
    try:
        live.start()
        yield live
    finally:
        live.stop()


@pytest.fixture(scope="session")
def finished_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a system that has reached production. Never start it: `system_on_copy` runs a copy."""
    return finished_folder(_shared_folder(tmp_path_factory))


def _shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all processes of this run of tests, and of other runs where these are told so."""
    base = tmp_path_factory.getbasetemp()
    # A worker's own folder lies below the one of the whole test run.
    return shared_folder(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture(scope="module")
def system(finished_state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system of a test module's own that has reached production."""
    with system_on_copy(finished_state, tmp_path_factory.mktemp("system") / "home") as running:
        yield running


@pytest.fixture
def new_engine(tmp_path: Path) -> Iterator[Callable[..., LiveEngine]]:
    """Makes engines of a test's own: to be killed, restarted or run at another time scale."""
    made: list[LiveEngine] = []

    def make(**settings: Any) -> LiveEngine:
        live = LiveEngine(tmp_path / f"engine{len(made)}", **settings)
        made.append(live)
        return live

    yield make
    for live in made:
        live.stop()


@pytest.fixture(scope="session")
def docker() -> Iterator[DockerEngine]:
    """Started when the first test wants it; without one, tests are listed as not run."""
    with docker_engine() as running:
        yield running


@pytest.fixture(scope="module")
def browser(need_tool: Callable[[str], str]) -> Iterator[Browser]:
    """One of its own for each file of tests: Playwright's loop must not be left running beside others."""
    from tests.browsing import chromium

    with chromium(need_tool("chromium")) as found:
        yield found


@pytest.fixture(scope="module")
def console(system: System) -> Iterator[str]:
    """The console of the module's system: its URL."""
    from tests.browsing import console_of

    with console_of(system.engine) as url:
        yield url


@pytest.fixture
def person(browser: Browser, console: str) -> Iterator[Callable[..., Person]]:
    """Makes people who look at the console: `person(PHONE)`."""
    from tests.browsing import Person

    made: list[Person] = []

    def make(*arguments: Any) -> Person:
        made.append(Person(browser, console, *arguments))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def need_tool() -> Callable[[str], str]:
    """The path of a program that a test needs; without it the test is listed as not run, and with CI=true it fails."""

    def need(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            MISSING.add(name)
            if os.environ.get("CI") == "true":
                pytest.fail(f"{name} is not installed; .ci/run installs it")
            pytest.skip(f"not run: {name} is not installed")
        return path

    return need


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.sharing import GroupScheduling

    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent
    items.sort(key=lambda item: order.rank(item.path, tests))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("skipped", [])
    if reports:
        terminalreporter.section("not run")
        for report in reports:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            terminalreporter.write_line(f"{report.nodeid:90} {reason}")
    _write_seconds(terminalreporter)


def _write_seconds(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [one for kind in terminalreporter.stats.values() for one in kind if isinstance(one, pytest.TestReport)]
    if (
        seconds.FILE_VARIABLE in os.environ and "PYTEST_XDIST_WORKER" not in os.environ
    ):  # a worker's tests are counted once
        found = seconds.by_group((report.nodeid, report.duration) for report in reports)
        seconds.append(Path(os.environ[seconds.FILE_VARIABLE]), found)
