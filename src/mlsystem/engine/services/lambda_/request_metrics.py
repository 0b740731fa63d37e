"""Ships the requests that hosts wrote down, as metrics, to CloudWatch (`metric.data` notices).

How far a spool file was read commits together with the notice, so a request is counted once whatever dies when. Between commits the kernel
tells when a file has grown.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, ClassVar

from mlsystem.engine.contract import House, Part
from mlsystem.engine.durable.metric_notice import metric_notices
from mlsystem.engine.services.lambda_.metrics import function_metrics
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.folder_watch import FolderWatch
from mlsystem.engine.store.records import Record

log = logging.getLogger(__name__)

BATCH_BYTES = 1024 * 1024


class SpoolRecord(Record):
    """`key` is the path of a spool file below the folder of functions, `offset` how much of it was shipped."""

    kind: ClassVar[str] = "lambda.spool"
    offset: int = 0


class RequestMetrics(Part):
    """Follows the spools in the folders of hosts; `root` holds them."""

    def __init__(self, house: House, root: Path):
        self._house = house
        self._root = root
        self._watch = FolderWatch("lambda-metrics", root, self._look, lambda path: path.endswith(".jsonl"))

    def start(self) -> None:
        self._watch.start()

    def stop(self) -> None:
        self._watch.stop()
        self._look(None)

    def _look(self, changed: set[str] | None) -> None:
        """At the folders of the files that have changed; None: at all."""
        folders = self._root.iterdir() if changed is None else {Path(path).parent for path in changed}
        for folder in sorted(folders):
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

    def _announce(self, tx: Transaction, spool: SpoolRecord, function: str, version: str, lines: bytes) -> None:
        requests: list[dict[str, Any]] = [json.loads(line) for line in lines.splitlines()]
        data = function_metrics(function, version, requests)
        for notice in metric_notices(data, f"{spool.key}/{spool.offset}"):
            self._house.worker.notify(tx, spool.kind, spool.key, notice)


def _whole_lines(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(BATCH_BYTES)
    return data[: data.rfind(b"\n") + 1]
