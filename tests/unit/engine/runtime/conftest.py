"""Fixtures for tests that run real programs."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mlsystem.engine.runtime.choice import find_docker
from mlsystem.engine.runtime.machine import Machine, probe
from tests.docker_engine import DockerEngine
from tests.unit.engine.runtime.workbench import Lifeline, Workbench


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module that names RUNTIMES is run in each of them."""
    runtimes = getattr(metafunc.module, "RUNTIMES", ())
    if runtimes and "machine" in metafunc.fixturenames:
        metafunc.parametrize("machine", runtimes, indirect=True)


@pytest.fixture(scope="session")
def sandboxing() -> Machine:
    return probe()


@pytest.fixture(scope="session")
def containing(docker: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker.environment["DOCKER_HOST"])
        return Machine(None, docker=find_docker(tmp_path_factory.mktemp("docker")))


@pytest.fixture
def machine(request: pytest.FixtureRequest) -> Machine:
    match getattr(request, "param", "sandbox"):
        case "docker":
            found: Machine = request.getfixturevalue("containing")
        case "plain":
            found = Machine(None, cgroups=probe().cgroups)
        case _:
            found = request.getfixturevalue("sandboxing")
            if not found.isolates and os.environ.get("CI") == "true":
                pytest.fail(found.sentence)
    return found


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
