"""An engine that is looked at from outside: what its processes use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.served import processes
from mlsystem.engine.runtime.shim.record import lock_holder
from tests.live import LiveEngine

REST_SECONDS = 1.0


@contextmanager
def engine_in(folder: Path) -> Iterator[LiveEngine]:
    """Running, as a process of its own rather than a fork of the tests' starter."""
    engine = LiveEngine(folder, within=("env",))
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def engine_processes(engine: LiveEngine) -> set[int]:
    assert engine.process is not None
    return {engine.process.pid}


def processes_of(engine: LiveEngine, pattern: str) -> set[int]:
    """Those of the shims that hold the locks of such folders, and what runs below them."""
    found = set[int]()
    for lock in (engine.folder / "processes").glob(f"{pattern}/lock"):
        pid = lock_holder(str(lock))
        if pid is not None:
            found |= {pid} | processes.descendants(pid)
    return found


def door_processes(engine: LiveEngine) -> set[int]:
    return processes_of(engine, "door.*")


def engine_cpu_ms(engine: LiveEngine, what: Callable[[], object], times: int = 1) -> float:
    """Milliseconds of processors that the engine takes for it each time, Envoy included; the kernel counts by hundredths of a second."""
    watched = engine_processes(engine) | door_processes(engine)
    before = processes.cpu_seconds(watched)
    for _ in range(times):
        what()
    return (processes.cpu_seconds(watched) - before) / times * 1e3


def at_rest_ms(engine: LiveEngine, seconds: float = REST_SECONDS) -> float:
    """Milliseconds of processors a second that the engine takes while nobody asks for anything."""
    return engine_cpu_ms(engine, lambda: time.sleep(seconds)) / seconds
