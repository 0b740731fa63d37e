"""One engine at a time has a data folder, and a dead one does not keep it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.store.folder import DataFolder, FolderLock

# Takes the lock, and is gone while a child that got the lock's descriptor lives on until its standard input ends.
HEIR = """
import os, sys
from pathlib import Path
from mlsystem.engine.store.folder import DataFolder, FolderLock

FolderLock(DataFolder(Path(sys.argv[1]))).acquire()
if os.fork():
    os._exit(0)
sys.stdin.read(int(sys.argv[2]))
"""


def _die(folder: Path, bytes_to_wait_for: int) -> subprocess.Popen[bytes]:
    heir = subprocess.Popen([sys.executable, "-c", HEIR, str(folder), str(bytes_to_wait_for)], stdin=subprocess.PIPE)
    heir.wait(30)
    return heir


def test_who_holds_the_folder_is_named(tmp_path: Path) -> None:
    first, second = FolderLock(DataFolder(tmp_path)), FolderLock(DataFolder(tmp_path))
    first.acquire()
    # As another process sees it: to the one that holds it, its own number means one that was given again.
    (tmp_path / "engine.lock").write_text(str(os.getppid()))
    with pytest.raises(StartupError, match=f"already running on .* \\(process {os.getppid()}\\)"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_child_of_a_dead_engine_that_is_being_started_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heir = _die(tmp_path, 1)
    looks = []

    def pause(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            heir.communicate(b".")

    monkeypatch.setattr("mlsystem.engine.store.folder.time.sleep", pause)
    lock = FolderLock(DataFolder(tmp_path))
    lock.acquire()
    lock.release()
    assert len(looks) >= 3


def test_a_child_that_does_not_let_go_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlsystem.engine.store.folder.HEIR_SECONDS", 0.1)
    heir = _die(tmp_path, 1)
    with pytest.raises(StartupError, match="already running"):
        FolderLock(DataFolder(tmp_path)).acquire()
    heir.communicate(b".")
