"""Why an engine cannot start is told in one line, whichever part fails."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from mlsystem.engine import start
from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.runtime.errors import ShimFailed
from mlsystem.engine.settings import Settings


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            ShimFailed("process door: its shim could not begin: File too large"),
            "process door: its shim could not begin",
        ),
        (OperationalError("SELECT 1", {}, sqlite3.OperationalError("disk I/O error")), "data folder .* disk I/O error"),
    ],
)
def test_a_part_that_fails_on_the_way_is_told(
    failure: Exception, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(*_: object) -> start.Engine:
        raise failure

    monkeypatch.setattr(start, "build", build)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(StartupError, match=words):
        start.run(Settings(tmp_path), lambda _: None)
