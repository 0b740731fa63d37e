"""Ships the requests that hosts wrote down, as metrics, to CloudWatch (`metric.data` notices).

How far a spool file was read commits together with the notice, so a request is counted once whatever dies when. Between commits the kernel
tells when a file has grown.
"""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any, ClassVar

import watchfiles

from mlsystem.engine.contract import House, Part
from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.services.lambda_.metrics import NAMESPACE, metric_data
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

log = logging.getLogger(__name__)

TOPIC = "metric.data"
BATCH_MILLISECONDS = 2000
QUIET_MILLISECONDS = 400
RETRY_MILLISECONDS = 30_000
DATUMS_A_NOTICE = 1000
BATCH_BYTES = 1024 * 1024


class SpoolRecord(Record):
    """`key` is the path of a spool file below the folder of functions, `offset` how much of it was shipped."""

    kind: ClassVar[str] = "lambda.spool"
    offset: int = 0


class RequestMetrics(Part):
    """`root` holds the folders of hosts."""

    def __init__(self, house: House, root: Path):
        self._house = house
        self._root = root
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._root.mkdir(exist_ok=True, mode=0o700)
        self._thread = threading.Thread(target=self._follow, name="lambda-metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._ship_all()

    def _follow(self) -> None:
        self._ship_all()
        changes = watchfiles.watch(
            self._root,
            watch_filter=lambda _, path: path.endswith(".jsonl"),
            debounce=BATCH_MILLISECONDS,
            step=QUIET_MILLISECONDS,
            rust_timeout=RETRY_MILLISECONDS,
            yield_on_timeout=True,
            stop_event=self._stop,
        )
        for _ in changes:
            self._ship_all()

    def _ship_all(self) -> None:
        for folder in sorted(self._root.iterdir()):
            spools = sorted(folder.glob("requests.*.jsonl"), key=lambda path: (path.stat().st_mtime, path.name))
            for path in spools:
                try:
                    self._ship(path, is_last=path == spools[-1])
                except Exception:  # the supervisor: one spool that cannot be read must not end the others
                    log.exception("the requests in %s were not counted", path)

    def _ship(self, path: Path, is_last: bool) -> None:
        function, version = json.loads((path.parent / "name.json").read_text())
        key = str(path.relative_to(self._root))
        while True:
            with self._house.database.transaction() as tx:
                spool = tx.get(SpoolRecord, key) or SpoolRecord(key=key)
                data = _whole_lines(path, spool.offset)
                if not data:
                    break
                self._announce(tx, spool, function, version, data)
                tx.put(spool.changed(offset=spool.offset + len(data)))
        if not is_last:
            path.unlink()
            with self._house.database.transaction() as tx:
                tx.remove(SpoolRecord, key)

    def _announce(self, tx: Transaction, spool: SpoolRecord, function: str, version: str, data: bytes) -> None:
        requests: list[dict[str, Any]] = [json.loads(line) for line in data.splitlines()]
        datums = metric_data(function, version, requests)
        for start in range(0, len(datums), DATUMS_A_NOTICE):
            told = {
                "namespace": NAMESPACE,
                "data": datums[start : start + DATUMS_A_NOTICE],
                "idempotency_key": f"{spool.key}/{spool.offset}/{start}",
            }
            self._house.worker.notify(tx, spool.kind, spool.key, Notice(TOPIC, told))


def _whole_lines(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(BATCH_BYTES)
    return data[: data.rfind(b"\n") + 1]
