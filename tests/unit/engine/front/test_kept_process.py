"""A process that the engine keeps, where the machine does not let it begin."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.front.kept_process import KeptProcess
from mlsystem.engine.runtime.errors import ShimFailed
from mlsystem.engine.runtime.exits import ExitBoard
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database


class FullDisk:
    """As much of a runner as is asked: nothing runs, and nothing can be started."""

    def status(self, _process_id: str) -> None:
        return None

    def start(self, _spec: Any) -> None:
        raise ShimFailed("process door.1: its shim could not begin: File too large")


class Exits:
    def subscribe(self, _owner: str, _on_exit: Any) -> None:
        """Nothing ends."""


def test_one_that_cannot_be_started_is_told_in_one_line(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db", SystemClock())
    runner = cast(ProcessRunner, FullDisk())
    door = KeptProcess("door", "the front door", lambda: ["envoy"], tmp_path, tmp_path / "log", database, runner)
    with pytest.raises(StartupError, match=r"^the front door cannot be started: .*: File too large$"):
        door.start(cast(ExitBoard, Exits()))
    database.close()
