"""Folders of builds: gone with them, and those of builds that were killed with the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from mlsystem.client.images.scratch import PREFIX, YOUNG_SECONDS, scratch_folder

HOLD = """
import os, signal, sys
from mlsystem.client.images.scratch import scratch_folder
with scratch_folder() as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def _age(folder: Path) -> None:
    """As if it had been made before those that are too young to be looked at."""
    then = folder.stat().st_mtime - YOUNG_SECONDS - 1
    os.utime(folder, (then, then))


def test_a_folder_lives_as_long_as_its_build(place: Path) -> None:
    with scratch_folder() as folder:
        (folder / "root").mkdir()
        assert folder.parent == place
    assert list(place.iterdir()) == []


def test_what_a_killed_build_has_left_goes_with_the_next_and_what_lives_stays(place: Path) -> None:
    command = [sys.executable, "-c", HOLD]
    environment = {**os.environ, "TMPDIR": str(place)}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        folder = Path(other.stdout.readline().strip())
        _age(folder)
        with scratch_folder():
            assert folder.is_dir()
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert folder.is_dir()
        with scratch_folder():
            assert not folder.exists()


def test_young_and_foreign_folders_are_left_alone(place: Path) -> None:
    young, foreign = place / f"{PREFIX}young", place / "image-of-somebody"
    for folder in (young, foreign):
        folder.mkdir()
    _age(foreign)
    with scratch_folder():
        assert young.is_dir() and foreign.is_dir()
