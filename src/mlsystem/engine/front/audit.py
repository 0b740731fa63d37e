"""The audit trail: one JSON line for each request that reached the control plane."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
KEPT_FILES = 4


class AuditTrail:
    """Writes `audit.jsonl` in the data folder, rotated by size. Bodies and secrets are not written."""

    def __init__(self, path: Path):
        self._handler = RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, delay=True)

    def write(
        self, *, at: float, principal: str, service: str, operation: str, status: int, error: str, seconds: float
    ) -> None:
        line = {
            "eventTime": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
            "principal": principal,
            "eventSource": service,
            "eventName": operation,
            "status": status,
            "errorCode": error or None,
            "milliseconds": round(seconds * 1000, 1),
        }
        record = logging.LogRecord("audit", logging.INFO, "", 0, json.dumps(line), None, None)
        self._handler.handle(record)

    def close(self) -> None:
        self._handler.close()
