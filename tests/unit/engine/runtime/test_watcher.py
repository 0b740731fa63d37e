"""The watcher outlives whatever goes wrong when an end is told."""

from __future__ import annotations

import queue

import pytest

from mlsystem.engine.runtime.watcher import Watcher


def test_an_end_that_could_not_be_told_is_told_again_and_hinders_no_other(caplog: pytest.LogCaptureFixture) -> None:
    told: queue.Queue[str] = queue.Queue()
    troubles = [OSError("no space left")]

    def ended(process_id: str) -> bool:
        if process_id == "one" and troubles:
            raise troubles.pop()
        told.put(process_id)
        return True

    watcher = Watcher(ended)
    try:
        watcher.report("one")
        watcher.report("two")
        assert [told.get(timeout=30), told.get(timeout=30)] == ["two", "one"]
    finally:
        watcher.close()
    assert "no space left" in caplog.text
