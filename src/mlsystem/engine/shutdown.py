"""Ends an engine and every process that it ever started: what `mlsystem down` means.

An engine that is merely restarted leaves its jobs, instances and front door running, to adopt them again. This is the other case:
afterwards nothing of the data folder runs. It works as well when the engine itself was killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.runtime.containers import leave
from mlsystem.engine.runtime.machine import probe
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.runtime.shim.daemon import DaemonError
from mlsystem.engine.store.folder import DataFolder, FolderLock

ENGINE_GRACE_SECONDS = 20.0
PROCESS_GRACE_SECONDS = 150.0
# After which it is asked whether the disk is why a process does not end.
DISK_GRACE_SECONDS = 10.0
FULL_BYTES = 4096


def shut_down(root: Path) -> int:
    """How many processes were ended beside the engine. Raises StartupError when something will not end."""
    folder = DataFolder(root)
    if not root.is_dir():
        return 0
    lock = FolderLock(folder)
    _end_engine(lock)
    try:
        count = _end_processes(folder)
        _leave_docker(folder)
        return count
    finally:
        lock.release()


def _is_full(root: Path) -> bool:
    return shutil.disk_usage(root).free < FULL_BYTES


def _end_engine(lock: FolderLock) -> None:
    """Take the lock, asking whoever holds it to leave, and in the end making it."""
    deadline = time.monotonic() + ENGINE_GRACE_SECONDS
    number = signal.SIGTERM
    waiting = threading.Event()
    while True:
        holder = lock.try_acquire()
        if holder is None:
            return
        if time.monotonic() > deadline:
            if number == signal.SIGKILL:
                raise StartupError(f"the engine (process {holder}) does not end")
            number, deadline = signal.SIGKILL, time.monotonic() + ENGINE_GRACE_SECONDS
        if holder:
            with suppress(ProcessLookupError):
                os.kill(holder, number)
        waiting.wait(0.1)


def _leave_docker(folder: DataFolder) -> None:
    """Of what ran there nothing runs any more; where Docker does not answer, the next `mlsystem down` asks it again."""
    if folder.docker.exists():
        with suppress(DaemonError):
            leave(Path(folder.docker.read_text()), folder.processes)
            folder.docker.unlink()


def _end_processes(folder: DataFolder) -> int:
    if not folder.processes.is_dir():
        return 0
    runner = ProcessRunner(folder.processes, probe(), hidden=(folder.root,))
    ended = threading.Condition()
    alive: set[str] = set()

    def on_end(process_id: str, _how: object) -> None:
        with ended:
            alive.discard(process_id)
            ended.notify_all()

    runner.watch(on_end)
    try:
        with ended:
            alive.update(runner.adopt())
            count = len(alive)
            for process_id in sorted(alive):
                runner.stop(process_id, "mlsystem down")
            if not ended.wait_for(lambda: not alive, timeout=DISK_GRACE_SECONDS) and _is_full(folder.root):
                raise StartupError(
                    f"the disk of {folder.root} is full, and these processes cannot write down that they have ended: "
                    f"{', '.join(sorted(alive))}. Free space, then `mlsystem down` again"
                )
            if not ended.wait_for(lambda: not alive, timeout=PROCESS_GRACE_SECONDS):
                raise StartupError(f"these processes do not end: {', '.join(sorted(alive))}")
        return count
    finally:
        runner.close()
