"""Writes the lines of the audit trail, each chained to the one before: through rotations, restarts, crashes and full disks."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import threading
from contextlib import suppress
from pathlib import Path

from mlsystem.audit_chain import (
    HEAD,
    KEPT_FILES,
    KEY,
    START,
    TRAIL,
    Gap,
    Link,
    head_text,
    older_files,
    read_head,
    read_key,
    read_line,
    sealed,
)

log = logging.getLogger(__name__)

MAX_BYTES = 16 * 1024 * 1024
# Of what the chain adds to a record.
SEAL_BYTES = 300
TAIL_BYTES = 64 * 1024
# Of lines that no chain holds together, as they were written before there was a key.
UNCHAINED = "unchained-"


class AuditFile:
    """`audit.jsonl` of a folder, rotated by size: `audit.jsonl.1` is the first of those before it, a higher number newer.

    On a full disk the engine goes on without; the next line that can be written says how many could not. Thread-safe.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES):
        self._folder = folder
        self._path = folder / TRAIL
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._key = b""
        self._link = START
        self._gap = Gap()
        self._lost = 0
        self._file = self._head = -1
        self._size = 0

    def write(self, record: bytes) -> None:
        """`record` is a JSON object without a line break."""
        with self._lock:
            try:
                self._append(record)
            except (OSError, ValueError) as error:
                if not self._lost:
                    log.warning("the audit trail cannot be written: %s", error)
                self._lost += 1
                self._close()

    def close(self) -> None:
        with self._lock:
            self._close()

    def _append(self, record: bytes) -> None:
        if self._file >= 0 and self._size > 0 and self._size + len(record) + SEAL_BYTES > self._max_bytes:
            self._rotate()
        if self._file < 0:
            self._open()
        line, link = sealed(self._key, self._link, record, self._gap)
        if os.write(self._file, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        self._size += len(line)
        self._link, self._gap, self._lost = link, _NO_GAP, 0
        with suppress(OSError):
            os.pwrite(self._head, head_text(self._key, link), 0)

    def _rotate(self) -> None:
        self._close()
        numbers = older_files(self._folder)
        newest = max(numbers, default=0) + 1
        with suppress(FileNotFoundError):
            self._path.rename(self._path.with_name(f"{TRAIL}.{newest}"))
        for number, path in numbers.items():
            if number <= newest - KEPT_FILES:
                path.unlink()

    def _open(self) -> None:
        """Find out how far the trail has come, and what a writer that was killed has left behind its last line."""
        self._key = self._read_key()
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._head = os.open(self._folder / HEAD, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._file).st_size
        if self._size and os.pread(self._file, 1, self._size - 1) != b"\n":
            self._size += os.write(self._file, b"\n")
        link, torn = _tail(self._path)
        if link is None:
            newest = max(older_files(self._folder).items(), default=None)
            link = (_tail(newest[1])[0] if newest else None) or START
        head = read_head(self._key, os.pread(self._head, 256, 0).decode(errors="replace"))
        self._link = head if head is not None and head.sequence > link.sequence else link
        is_headless = head is None and link.sequence > 0
        self._gap = Gap(self._lost, torn, is_headless, is_first=True)

    def _read_key(self) -> bytes:
        """The key of the folder, made where there is none; the trail begins with it."""
        path = self._folder / KEY
        try:
            return read_key(self._folder)
        except FileNotFoundError:
            if path.is_symlink():
                raise
        for old in [self._path, *older_files(self._folder).values()]:
            with suppress(FileNotFoundError):
                old.rename(old.with_name(UNCHAINED + old.name))
        key = secrets.token_bytes(32)
        aside = path.with_suffix(".tmp")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, key.hex().encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        aside.rename(path)
        return key

    def _close(self) -> None:
        for descriptor in (self._file, self._head):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._head = -1


_NO_GAP = Gap()


def _tail(path: Path) -> tuple[Link | None, bytes]:
    """The last whole line's link, and what stands behind it."""
    size = path.stat().st_size
    wanted = TAIL_BYTES
    while True:
        with path.open("rb") as file:
            file.seek(max(0, size - wanted))
            lines = list(file)
        torn = b""
        while lines:
            raw = lines.pop()
            line = read_line(raw)
            if line is not None:
                return line.link, torn
            torn = raw + torn
        if wanted >= size:
            return None, torn
        wanted *= 16
