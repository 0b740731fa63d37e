"""What is waited for of an instance comes to be known."""

from __future__ import annotations

import queue
from pathlib import Path

import pytest

from mlsystem.engine.services.sagemaker.instance_watch import InstanceWatch


def test_what_could_not_be_told_is_told_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told: queue.Queue[str] = queue.Queue()
    troubles = [OSError("no space left")]

    def tell() -> None:
        if troubles:
            raise troubles.pop()
        told.put("drained")

    watch = InstanceWatch()
    try:
        watch.until_drained("drain/i-1", tmp_path / "nobody.sock", tell)
        assert told.get(timeout=30) == "drained"
    finally:
        watch.stop()
    assert "no space left" in caplog.text
