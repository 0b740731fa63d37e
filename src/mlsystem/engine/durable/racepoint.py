"""Race points: named moments at which the kill-point harness ends the engine.

A crash between two steps is a test case, not bad luck: `MLSYSTEM_KILL_AT=name` (or `name#3` for the third passage) kills this process with
SIGKILL there, and `MLSYSTEM_RACE_LOG=file` writes down each passage, so that a harness can visit them all.
"""

from __future__ import annotations

import os
import signal
import threading

_lock = threading.Lock()
_passages: dict[str, int] = {}


def race_point(name: str) -> None:
    """Pass the point `name`; a no-op unless the environment says otherwise."""
    target = os.environ.get("MLSYSTEM_KILL_AT")
    log = os.environ.get("MLSYSTEM_RACE_LOG")
    if not target and not log:
        return
    with _lock:
        _passages[name] = _passages.get(name, 0) + 1
        passage = _passages[name]
        if log:
            with open(log, "a") as file:  # noqa: PTH123 - the hot path of a harness
                file.write(f"{name}#{passage}\n")
    if target in (name, f"{name}#{passage}") and (passage == 1 or "#" in target):
        os.kill(os.getpid(), signal.SIGKILL)
