"""Whether the kernel keeps a program's limits here, found out by trying: control groups, of either version.

https://docs.kernel.org/admin-guide/cgroup-v1/memory.html and https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from mlsystem.engine.runtime.shim.limits import remove
from mlsystem.engine.runtime.shim.plan import Group

_CONTROLLERS = ("memory", "cpu", "pids")
_PROC = Path("/proc/self")
_PERIOD_MICROSECONDS = 100_000
_PROBE_BYTES = 64 * 2**20
_FEWEST_PROCESSES, _PROCESSES_A_PROCESSOR = 4096, 512


@dataclass(frozen=True, slots=True)
class Controller:
    """Where new groups of a controller are made, and the group that this process, and so each shim, is in."""

    parent: Path
    home: Path


@dataclass(frozen=True, slots=True)
class Cgroups:
    """The controllers that may be used. Those of version 2 have one folder in common."""

    memory: Controller
    cpu: Controller | None
    is_unified: bool
    pids: Controller | None = None

    def groups(self, name: str, memory_bytes: int | None, processors: float | None) -> list[Group]:
        """The groups that keep the limits, for the shim to make. How many processes there may be is limited always."""
        memory = _memory_settings(memory_bytes, self.is_unified) if memory_bytes is not None else []
        cpu = _cpu_settings(processors, self.is_unified) if processors is not None and self.cpu is not None else []
        pids = [("pids.max", str(most_processes()), True)] if self.pids is not None else []
        if self.is_unified:
            settings = [*memory, *cpu, *pids]
            return [_group(self.memory, name, settings, "memory.events" if memory else "")] if settings else []
        groups = [_group(self.memory, name, memory, "memory.oom_control")] if memory else []
        for controller, settings in ((self.cpu, cpu), (self.pids, pids)):
            if settings and controller is not None:
                groups.append(_group(controller, name, settings, ""))
        return groups


def most_processes() -> int:
    """Of one program, each thread counted: more than any needs, and fewer than would keep the machine from starting one."""
    return max(_FEWEST_PROCESSES, _PROCESSES_A_PROCESSOR * (os.cpu_count() or 1))


def probe(proc: Path = _PROC) -> Cgroups | None:
    """None where nobody granted them. Takes a few milliseconds."""
    for found in _candidates(proc):
        if _is_granted(found):
            return found
    return None


def _memory_settings(limit: int, is_unified: bool) -> list[tuple[str, str, bool]]:
    """(file, value, whether it must be): a kernel may be without limits of its swap."""
    if is_unified:
        return [("memory.max", str(limit), True), ("memory.swap.max", "0", False)]
    return [("memory.limit_in_bytes", str(limit), True), ("memory.memsw.limit_in_bytes", str(limit), False)]


def _cpu_settings(processors: float, is_unified: bool) -> list[tuple[str, str, bool]]:
    quota = int(processors * _PERIOD_MICROSECONDS)
    if is_unified:
        return [("cpu.max", f"{quota} {_PERIOD_MICROSECONDS}", True)]
    return [("cpu.cfs_period_us", str(_PERIOD_MICROSECONDS), True), ("cpu.cfs_quota_us", str(quota), True)]


def _group(controller: Controller, name: str, settings: list[tuple[str, str, bool]], events: str) -> Group:
    return {
        "folder": str(controller.parent / name),
        "home": str(controller.home),
        "settings": [list(setting) for setting in settings],
        "events": events,
    }


def _candidates(proc: Path) -> Iterator[Cgroups]:
    mine = _own_groups(proc)
    if "memory" in mine:
        memory, cpu, pids = (Controller(mine[name], mine[name]) if name in mine else None for name in _CONTROLLERS)
        if memory is not None:
            # That of processes may be closed where the others are not.
            yield Cgroups(memory, cpu, is_unified=False, pids=pids)
            yield Cgroups(memory, cpu, is_unified=False)
    if "" in mine:
        home = mine[""]
        # A group with processes of its own has no controllers to give to groups below it, unless it is the first.
        for parent in (home, *home.parents):
            given = _words(parent / "cgroup.subtree_control")
            if "memory" in given:
                controller = Controller(parent, home)
                cpu, pids = (controller if name in given else None for name in ("cpu", "pids"))
                yield Cgroups(controller, cpu, is_unified=True, pids=pids)


def _own_groups(proc: Path) -> dict[str, Path]:
    """The folder of the group that this process is in, by controller; "" is version 2."""
    mounts = _mounts(proc)
    found = {}
    for line in _lines(proc / "cgroup"):
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            if name in mounts:
                root, place = mounts[name]
                inside = Path(path).relative_to(root) if Path(path).is_relative_to(root) else Path(path.lstrip("/"))
                found[name] = place / inside
    return found


def _mounts(proc: Path) -> dict[str, tuple[Path, Path]]:
    """(what is mounted, where) by controller; "" is version 2."""
    found: dict[str, tuple[Path, Path]] = {}
    for line in _lines(proc / "mountinfo"):
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, place = map(Path, before.split(" ")[3:5])
        if kind == "cgroup2":
            found[""] = (root, place)
        elif kind == "cgroup":
            found.update({name: (root, place) for name in options.split(",") if name in _CONTROLLERS})
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _words(path: Path) -> set[str]:
    return set(" ".join(_lines(path)).split())


def _is_granted(candidate: Cgroups) -> bool:
    """Whether a group can be made, limited and entered."""
    groups = candidate.groups(f"mlsystem-probe-{time.monotonic_ns()}", _PROBE_BYTES, 1.0)
    try:
        for group in groups:
            folder = Path(group["folder"])
            folder.mkdir()
            for file, value, _ in filter(itemgetter(2), group["settings"]):
                (folder / file).write_text(value)
            entered = subprocess.run(
                ["sh", "-c", 'echo $$ > "$1/cgroup.procs"', "enter", str(folder)], capture_output=True, check=False
            )
            if entered.returncode != 0:
                return False
    except OSError:
        return False
    finally:
        remove(groups)
    return True
