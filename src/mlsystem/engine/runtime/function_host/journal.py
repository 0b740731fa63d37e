"""What the host writes down: log lines, as Lambda's own, and a record of each request for the metrics.

The log is the host's standard output, which the shim keeps. Requests go to spool files beside the socket, one line each, with one write:
a killed host leaves whole lines. The engine ships them and removes what is shipped.
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from .config import Config
from .invocation import Invocation, Outcome

LONGEST_SPOOL_BYTES = 4 * 1024 * 1024
STDOUT = 1


class Journal:
    """`folder` gets the spool files `requests.<generation>.<number>.jsonl`."""

    def __init__(self, config: Config, folder: Path, generation: str):
        self._config = config
        self._prefix = folder / f"requests.{generation}"
        self._number = 0
        self._descriptor = -1
        self._size = LONGEST_SPOOL_BYTES

    def lines(self, *texts: str) -> None:
        """Lines of the log, written at once."""
        os.write(STDOUT, "".join(f"{text}\n" for text in texts).encode())

    def started(self, invocation: Invocation) -> str:
        if self._config.has_json_log:
            record = {"requestId": invocation.request_id, "version": self._config.version}
            return self._platform("platform.start", record)
        return f"START RequestId: {invocation.request_id} Version: {self._config.version}"

    def ended(
        self, invocation: Invocation, outcome: Outcome, seconds: float, init: float | None, peak_mb: int
    ) -> list[str]:
        """The lines that close an invocation."""
        milliseconds = seconds * 1000
        if self._config.has_json_log:
            return [self._json_report(invocation, outcome, milliseconds, init, peak_mb)]
        report = (
            f"REPORT RequestId: {invocation.request_id}\tDuration: {milliseconds:.2f} ms\t"
            f"Billed Duration: {math.ceil(milliseconds)} ms\tMemory Size: {self._config.memory_mb} MB\t"
            f"Max Memory Used: {peak_mb} MB"
        )
        if init is not None:
            report += f"\tInit Duration: {init * 1000:.2f} ms"
        return [f"END RequestId: {invocation.request_id}", report]

    def request(
        self, started_at: float, seconds: float, invocation: Invocation, outcome: Outcome, in_flight: int
    ) -> None:
        """For the metrics: `k` what became of it, `r` the resource, `d` milliseconds, `c` how many ran at the same time."""
        record = {"t": started_at, "k": outcome.kind, "r": invocation.resource, "d": seconds * 1000, "c": in_flight}
        data = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        if self._size + len(data) > LONGEST_SPOOL_BYTES:
            self._next_file()
        os.write(self._descriptor, data)
        self._size += len(data)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _next_file(self) -> None:
        self.close()
        self._number += 1
        path = f"{self._prefix}.{self._number:06d}.jsonl"
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def _json_report(
        self, invocation: Invocation, outcome: Outcome, milliseconds: float, init: float | None, peak_mb: int
    ) -> str:
        metrics: dict[str, object] = {
            "durationMs": round(milliseconds, 3),
            "billedDurationMs": math.ceil(milliseconds),
            "memorySizeMB": self._config.memory_mb,
            "maxMemoryUsedMB": peak_mb,
        }
        if init is not None:
            metrics["initDurationMs"] = round(init * 1000, 3)
        status = {"ok": "success", "timed_out": "timeout"}.get(outcome.kind, "failure")
        return self._platform(
            "platform.report", {"requestId": invocation.request_id, "metrics": metrics, "status": status}
        )

    def _platform(self, kind: str, record: Mapping[str, object]) -> str:
        now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json.dumps({"time": now, "type": kind, "record": record})
