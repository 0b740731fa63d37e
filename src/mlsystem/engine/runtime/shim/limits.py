"""The limits of one program: control groups and processors that it is started in, and memory that is watched."""

# pathlib would make every start slower.

from __future__ import annotations

import os
import time
from contextlib import suppress

from . import memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .plan import Group, Plan

_REMOVE_SECONDS = 2.0


class Limits:
    """`enter`, start the program, `leave`: so it is never outside, and the shim is never counted."""

    def __init__(self, plan: Plan) -> None:
        self._memory_bytes = plan["memory_limit_bytes"]
        self._processors = plan["cpu_limit"]
        self._groups = plan["groups"]
        self._is_kept = plan["container"] is not None and plan["container"]["keeps_memory"]
        self._entered: list[Group] = []
        self._affinity: set[int] = set()

    @property
    def watches_memory(self) -> bool:
        return self._memory_bytes is not None and not self._is_kept

    def enter(self) -> None:
        """What is not granted any more is left: memory is watched then, and the processors are those of the machine."""
        self._entered = [group for group in self._groups if _enter(group)]
        allowed = sorted(os.sched_getaffinity(0))
        if self._processors is not None and self._processors < len(allowed):
            self._affinity = set(allowed)
            # Not always the same ones, or several programs would share few of many.
            first = int.from_bytes(os.urandom(2), "big") % len(allowed)
            os.sched_setaffinity(0, {allowed[(first + i) % len(allowed)] for i in range(self._processors)})

    def leave(self) -> None:
        if self._affinity:
            os.sched_setaffinity(0, self._affinity)
        for group in self._entered:
            _write(group["home"] + "/cgroup.procs", str(os.getpid()))

    def is_exceeded(self, root: int) -> bool:
        """Whether the process and its descendants held more memory than they may, or do."""
        if self._memory_bytes is None or self._is_kept:
            return False
        counting = [group for group in self._entered if group["events"]]
        if counting:
            return any(map(_kills, counting))
        return memory.exceeds(root, self._memory_bytes)

    @property
    def message(self) -> str:
        return f"it held more than {(self._memory_bytes or 0) / 2**20:.0f} MiB of memory"

    def remove(self) -> None:
        """The groups, once every process in them is dead; the engine looks after what is left."""
        remove(self._entered)


def remove(groups: list[Group]) -> None:
    """Those that are there; what is still in use after a while stays."""
    for group in groups:
        give_up_at = time.monotonic() + _REMOVE_SECONDS
        while time.monotonic() < give_up_at:
            try:
                os.rmdir(group["folder"])
                break
            except FileNotFoundError:
                break
            except OSError:  # its last process is on its way out
                time.sleep(0.005)


def _enter(group: Group) -> bool:
    try:
        with suppress(FileExistsError):
            os.mkdir(group["folder"])
        for file, value, must_be in group["settings"]:
            try:
                _write(f"{group['folder']}/{file}", value)
            except OSError:
                if must_be:
                    raise
        _write(group["folder"] + "/cgroup.procs", str(os.getpid()))
    except OSError:
        return False
    return True


def _kills(group: Group) -> int:
    """How often the kernel has killed a process of the group since it wanted more memory."""
    try:
        with open(f"{group['folder']}/{group['events']}", encoding="ascii") as file:
            for line in file:
                name, _, count = line.partition(" ")
                if name == "oom_kill":
                    return int(count)
    except OSError:
        return 0
    return 0


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
