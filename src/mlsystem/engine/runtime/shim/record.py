"""The folder of one process: files that are whole or absent, and the lock that is the shim's identity.

The lock is a POSIX record lock. The kernel drops it when the shim dies, however it dies; no child inherits it; and
anybody can ask who holds it without taking it, so looking never disturbs a shim that is about to start.
"""

# pathlib would make every start slower.

from __future__ import annotations

import fcntl
import json
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PLAN = "plan.json"
STARTED = "started.json"  # durable before the program runs: with it, and without an end, the program must not run again
STOP = "stop.json"  # somebody wants it to end; also when it has not begun
EXIT = "exit.json"
LOCK = "lock"
CONTROL = "control"  # a FIFO that the shim reads; nobody listens on that of a dead one
INSIDE = "inside.json"  # a process that is not below the shim and has the program below it
SHIM_LOG = "shim.log"
SCRATCH = "scratch"

_FLOCK = "hhqqi4x"  # struct flock of 64-bit Linux


def read(path: str) -> dict[str, Any] | None:
    """The record, or None when there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
            return found
    except FileNotFoundError:
        return None


def replace(path: str, value: Mapping[str, Any]) -> None:
    """Writes the record so that a reader, or a power cut, sees the old one or the new one whole."""
    os.replace(_temporary(path, value), path)
    _sync_folder(path)


def write_once(path: str, value: Mapping[str, Any]) -> bool:
    """Writes the record unless there is one; whether this call wrote it."""
    temporary = _temporary(path, value)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    _sync_folder(path)
    return True


def take_lock(path: str) -> int | None:
    """The file descriptor of the lock now held, or None when another process holds it.

    Never close any descriptor of that file in the process that holds the lock: that would drop it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def lock_holder(path: str) -> int | None:
    """The pid of the process that holds the lock, or None."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, question))
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else int(pid)


def _temporary(path: str, value: Mapping[str, Any]) -> str:
    temporary = f"{path}.{os.urandom(6).hex()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        os.unlink(temporary)  # a full disk must not fill further with halves
        raise
    return temporary


def _sync_folder(path: str) -> None:
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
