"""Which part of the system a process is."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.served import processes

# Each by a word of its command; what has none of them is the server of the model.
PARTS = {
    "/envoy": "front door",
    "mlsystem.engine": "engine",
    "function_host": "function host",
    "awslambdaric": "function",
    "shim": "shims and sandboxes",
    "bwrap": "shims and sandboxes",
}
SERVER = "model server"


def part_of(pid: int) -> str:
    """Raises OSError where it has ended."""
    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return next((part for word, part in PARTS.items() if word in command), SERVER)


def seconds_used() -> dict[int, tuple[str, float, float]]:
    """Of each process that descends from this one: its part, and what it has used so far in its program and in the kernel."""
    found = {}
    for pid in processes.descendants(os.getpid()):
        try:
            found[pid] = (part_of(pid), *processes.own_seconds(pid))
        except OSError:  # it has just ended
            continue
    return found
