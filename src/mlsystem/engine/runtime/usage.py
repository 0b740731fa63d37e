"""What a tree of processes uses of the machine, and what the machine has: read from /proc.

https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mlsystem.engine.runtime.process import Running
from mlsystem.engine.runtime.shim.memory import descendants, proportional_bytes

_TICKS = os.sysconf("SC_CLK_TCK")
# Places in /proc/PID/stat behind the name: time in user and kernel mode, its own and that of children who have ended.
_TIMES = slice(11, 15)


@dataclass(frozen=True)
class Usage:
    """`cpu_seconds` since its processes began; memory that processes share is divided among them."""

    cpu_seconds: float
    memory_bytes: int


def usage(process: Running) -> Usage:
    """Of its shim, its program and their descendants; nothing for those that have ended."""
    tree = [pid for root in (process.pid, process.inside) if root for pid in descendants(root)]
    return Usage(sum(map(_cpu_seconds, tree)), sum(map(proportional_bytes, tree)))


@cache
def machine_memory_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def disk_share(folder: Path) -> float:
    """The used part of the file system that holds the folder, from 0 to 1."""
    found = shutil.disk_usage(folder)
    return found.used / found.total if found.total else 0.0


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0.0
    return sum(map(int, fields[_TIMES])) / _TICKS
