"""The AWS CLI, both versions, as people use it after `eval "$(mlsystem env)"`: scripts that say themselves what they expect."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import aws_cli
from tests.clients.aws_cli import VERSIONS
from tests.clients.kept_cli import kept_cli
from tests.clients.workplace import Workplace
from tests.system import System


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The first version of the CLI, of a person without settings."""
    folder = tmp_path_factory.mktemp("cli")
    with kept_cli(folder, {"HOME": str(folder), "PATH": os.environ["PATH"]}) as program:
        yield program


@pytest.mark.parametrize("script", ["objects", "models", "watching", "deploying"])
def test_a_part_of_a_day(script: str, workplace: Workplace, first: Path, tmp_path: Path) -> None:
    aws_cli.run(script, "v1", workplace, tmp_path, first)


def test_a_look_at_a_system_in_production(system: System, first: Path, tmp_path: Path) -> None:
    aws_cli.run("running", "v1", Workplace(system.engine), tmp_path, first)


def test_what_version_2_does_in_its_own_way(workplace: Workplace, tmp_path: Path) -> None:
    aws_cli.run("second", "v2", workplace, tmp_path, aws_cli.program("v2"))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_versions_are_what_they_are_called(version: str) -> None:
    said = subprocess.run([aws_cli.program(version), "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith(f"aws-cli/{version[1:]}.")
