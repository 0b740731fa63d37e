"""What a chaos run does to an engine from within its process, told through a file that both map.

The wall clock jumps, its folder cannot be written, and what it does to the world is done twice, or done and not heard of: as after a crash
between an action and its commit. The engine's code is not changed for it.
"""

from __future__ import annotations

import errno
import mmap
import os
import random
import stat
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlsystem.engine.durable.machine import Event
    from mlsystem.engine.durable.worker import ActionCall, ActionHandler

LAYOUT = struct.Struct("=d?dd")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# Audit events of Python that change a folder; the arguments of each begin with its paths.
CHANGES = {"os.rename": 2, "os.link": 2, "os.remove": 1, "os.mkdir": 1, "os.rmdir": 1, "os.truncate": 1}


class OutcomeLostError(Exception):
    """An action was carried out, and the engine is not to know."""


class Controls:
    """Written by the run, read by the engine: each field for itself."""

    def __init__(self, path: Path):
        if not path.exists():
            path.write_bytes(bytes(LAYOUT.size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), LAYOUT.size)

    def read(self) -> tuple[float, bool, float, float]:
        """Seconds that the clock is ahead; whether the folder is read-only; shares of actions done twice, and of outcomes lost."""
        return LAYOUT.unpack_from(self._map)

    def write(
        self,
        ahead: float | None = None,
        is_read_only: bool | None = None,
        twice: float | None = None,
        lost: float | None = None,
    ) -> None:
        """What is None stays."""
        given = (ahead, is_read_only, twice, lost)
        both = zip(self.read(), given, strict=True)
        LAYOUT.pack_into(self._map, 0, *(old if new is None else new for old, new in both))


def bend(path: Path) -> None:
    """This process, which is about to become an engine. `path` lies beside its data folder, and is named after it."""
    controls = Controls(path)
    _bend_clock(controls)
    _bend_disk(controls, str(path.with_suffix("")))
    _bend_actions(controls)


def _bend_clock(controls: Controls) -> None:
    real = time.time
    time.time = lambda: real() + controls.read()[0]


def _bend_disk(controls: Controls, folder: str) -> None:
    def refuse(event: str, given: tuple[Any, ...]) -> None:
        if event != "open" and event not in CHANGES:
            return
        if not controls.read()[1]:
            return
        paths = [os.fsdecode(one) for one in given[: CHANGES.get(event, 1)] if isinstance(one, str | bytes | Path)]
        if event == "open" and not (given[2] & WRITING and not _is_pipe(paths)):
            return
        if any(one.startswith(folder) for one in paths):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), paths[0])

    sys.addaudithook(refuse)


def _is_pipe(paths: list[str]) -> bool:
    """One can be written to on a disk that cannot."""
    with suppress(OSError, IndexError):
        return stat.S_ISFIFO(os.stat(paths[0]).st_mode)  # noqa: PTH116 - pathlib would be audited too
    return False


def _bend_actions(controls: Controls) -> None:
    from mlsystem.engine.durable.worker import Worker

    register = Worker.register_action

    def register_bent(worker: Worker, name: str, handler: ActionHandler) -> None:
        def carry_out(call: ActionCall) -> Event | None:
            event = handler(call)
            # Asked now: what an action does may take a while.
            _, _, twice, lost = controls.read()
            if random.random() < twice:
                event = handler(call)
            if random.random() < lost:
                raise OutcomeLostError(name)
            return event

        register(worker, name, carry_out)

    Worker.register_action = register_bent  # type: ignore[method-assign, assignment]
