"""The audit trail: a JSON line for each request that reached the control plane, and for each thing that a room did for a principal.

docs/permissions.md says what is in a line. It is written whatever becomes of the transaction of the request. Bodies and secrets are not.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from mlsystem.engine.front.guard import Permit

MAX_BYTES = 16 * 1024 * 1024
KEPT_FILES = 4


class AuditTrail:
    """Writes `audit.jsonl` in the data folder, rotated by size: `audit.jsonl.1` is the newest of those before it."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES):
        self._handler = RotatingFileHandler(path, maxBytes=max_bytes, backupCount=KEPT_FILES, delay=True)

    def write(self, line: dict[str, object]) -> None:
        record = logging.LogRecord("audit", logging.INFO, "", 0, json.dumps(line), None, None)
        self._handler.handle(record)

    def close(self) -> None:
        self._handler.close()


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
