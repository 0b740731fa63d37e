"""The processes of a contender: all that descend from this one, so that none of them is overlooked that puts itself apart."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Set
from contextlib import suppress
from pathlib import Path

_SET_CHILD_SUBREAPER = 36  # of prctl(2)
_TICKS = os.sysconf("SC_CLK_TCK")
_GRACE_SECONDS = 10.0
_PAUSE_SECONDS = 0.05


def adopt_orphans() -> None:
    """From here on a process whose parent has ended is this one's child."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def descendants(pid: int) -> set[int]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdecimal():
            with suppress(OSError):
                children.setdefault(int(_fields(int(path.name))[1]), []).append(int(path.name))
    found, ahead = set[int](), [pid]
    while ahead:
        for child in children.get(ahead.pop(), []):
            found.add(child)
            ahead.append(child)
    return found


def cpu_seconds(pids: Set[int]) -> float:
    """That they have used so far, and those of their children that have ended."""
    ticks = 0
    for pid in pids:
        with suppress(OSError):
            ticks += sum(int(value) for value in _fields(pid)[11:15])
    return ticks / _TICKS


def own_seconds(pid: int) -> tuple[float, float]:
    """That it has used so far in its program and in the kernel. Raises OSError where it has ended."""
    user, kernel = _fields(pid)[11:13]
    return int(user) / _TICKS, int(kernel) / _TICKS


def megabytes(pids: Set[int]) -> float:
    """What they have together; what several share counts once."""
    kilobytes = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / 1024


def end(spared: Set[int]) -> None:
    """All descendants but those spared: first asked to, then made to."""
    deadline = time.monotonic() + _GRACE_SECONDS
    number = signal.SIGTERM
    told = set[int]()
    while left := descendants(os.getpid()) - spared:
        if time.monotonic() > deadline:
            number, told = signal.SIGKILL, set()
        for pid in left - told:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        told |= left
        time.sleep(_PAUSE_SECONDS)
        for pid in left:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _fields(pid: int) -> list[str]:
    """Of /proc/PID/stat, from the state on."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
