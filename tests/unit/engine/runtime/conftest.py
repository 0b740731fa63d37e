"""Fixtures for tests that run real programs."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mlsystem.engine.runtime.machine import Machine, probe
from tests.unit.engine.runtime.workbench import Lifeline, Workbench


@pytest.fixture(scope="session")
def machine() -> Machine:
    return probe()


@pytest.fixture
def bench(machine: Machine) -> Iterator[Workbench]:
    """In a folder of its own with a short name: the path of a Unix socket must fit into 107 bytes."""
    with TemporaryDirectory(prefix="bench") as folder:
        workbench = Workbench(Path(folder), machine)
        try:
            yield workbench
        finally:
            workbench.clear()


@pytest.fixture
def lifeline(bench: Workbench) -> Iterator[Lifeline]:
    line = Lifeline(bench)
    yield line
    line.close()
