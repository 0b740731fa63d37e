"""The audit trail: a JSON line for each request that reached the control plane, and for each thing that a room did for a principal.

docs/permissions.md says what is in a line. It is written whatever becomes of the transaction of the request. Bodies and secrets are not.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from mlsystem.engine.front.guard import Permit

MAX_BYTES = 16 * 1024 * 1024
KEPT_FILES = 4


class AuditTrail:
    """Writes `audit.jsonl` in the data folder, rotated by size: `audit.jsonl.1` is the newest of those before it.

    Every request waits for its line, which logging's handlers would take five times as long for. On a full disk it goes on without.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES):
        self._path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._file = -1
        self._size = 0

    def write(self, line: dict[str, object]) -> None:
        data = f"{json.dumps(line)}\n".encode()
        with self._lock, suppress(OSError):
            if self._file < 0:
                self._open()
            elif self._size + len(data) > self._max_bytes:
                self._rotate()
            self._size += os.write(self._file, data)

    def close(self) -> None:
        with self._lock:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        self._size = os.fstat(self._file).st_size

    def _rotate(self) -> None:
        for number in range(KEPT_FILES, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            with suppress(FileNotFoundError):
                (self._path if number == 1 else older.with_suffix(f".{number - 1}")).rename(older)
        full, self._file = self._file, -1
        os.close(full)
        self._open()


class Entry:
    """What the trail will say of one request; it begins when this is made."""

    def __init__(
        self,
        trail: AuditTrail,
        principal: str = "anonymous",
        service: str = "",
        operation: str = "",
        inner: bool = False,
    ):
        self._trail = trail
        self._at = time.time()
        self._started = time.monotonic()
        self._is_inner = inner
        self.principal = principal
        self.service = service
        self.operation = operation
        self.error = ""
        self.permits: tuple[Permit, ...] = ()

    def write(self, status: int) -> None:
        line: dict[str, object] = {
            "eventTime": datetime.fromtimestamp(self._at, UTC).isoformat(timespec="milliseconds"),
            "principal": self.principal,
            "eventSource": self.service,
            "eventName": self.operation,
            "inner": self._is_inner,
            "status": status,
            "errorCode": self.error or None,
            "milliseconds": round((time.monotonic() - self._started) * 1000, 1),
        }
        permits = list(_permits(self.permits))
        self._trail.write({**line, "allowed": permits} if permits else line)


def _permits(permits: Iterable[Permit]) -> Iterator[dict[str, object]]:
    for permit in permits:
        requirement = permit.requirement
        found: dict[str, object] = {"action": requirement.action, "resource": requirement.resource}
        if requirement.context:
            found["keys"] = requirement.context
        # A statement without a Sid is told by its place in the document, from 0.
        found["by"] = [[one.source, one.sid or one.index] for one in permit.statements]
        yield found
