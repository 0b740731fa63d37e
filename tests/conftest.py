"""Fixtures that every test group shares: a live engine, and clients that speak to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import LiveEngine

MISSING: set[str] = set()


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
    live.start()
    try:
        yield live
    finally:
        live.stop()


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


@pytest.fixture
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("skipped", [])
    if reports:
        terminalreporter.section("not run")
        for report in reports:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            terminalreporter.write_line(f"{report.nodeid:90} {reason}")
