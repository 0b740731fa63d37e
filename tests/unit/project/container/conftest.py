"""Fixtures of the container program's tests: its modules for tests in this process, and containers for those outside.

Its modules are imported by their bare names, as in the image, where /opt/program is the first entry of the path.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.project.container.models import make_model
from tests.unit.project.container.program import CODE, Container, container_environment

sys.path.insert(0, str(CODE))


@pytest.fixture(scope="session")
def container_python() -> Path:
    """The environment with the container's requirements."""
    return container_environment()


@pytest.fixture
def new_container(container_python: Path) -> Iterator[Callable[..., Container]]:
    """Makes containers that are removed after the test."""
    made: list[Container] = []

    def make(**options: Any) -> Container:
        made.append(Container(container_python, **options))
        return made[-1]

    yield make
    for container in made:
        container.remove()


@pytest.fixture(scope="session")
def model_of(container_python: Path) -> Iterator[Callable[[str], Path]]:
    """The folder of a model of a task, like /opt/ml/model, made once; copy it before you change it."""
    made: dict[str, Container] = {}

    def model(task: str) -> Path:
        if task not in made:
            made[task] = make_model(container_python, task)
        return made[task].ml / "model"

    yield model
    for container in made.values():
        container.remove()
