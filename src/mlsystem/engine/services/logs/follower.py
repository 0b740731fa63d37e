"""Follows the log files of processes into their log streams.

How far a file was read commits together with the events that were read from it, so after a crash no line is lost and none comes twice.
Between commits the follower only waits for the kernel to tell that a file has grown. When the program has ended, and all that it wrote is
in the stream, the files are removed.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.log_measures import measures
from mlsystem.engine.decide.metric_data import Series, metric_data
from mlsystem.engine.durable.machine import Json
from mlsystem.engine.durable.metric_notice import metric_notices
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.logs.events import write_events
from mlsystem.engine.services.logs.groups import ensure_stream
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.folder_watch import FolderWatch
from mlsystem.engine.store.records import Record

log = logging.getLogger(__name__)

BATCH_BYTES = 1024 * 1024
DEBOUNCE_MILLISECONDS = 200
LONGEST_ROTATION = 16


class Tail(Record):
    """A file that is followed; `key` is its path. `inode` tells a rotated file from the one that follows it.

    `is_closed`: all of it is in the stream, and it is being removed.
    """

    kind: ClassVar[str] = "logs.tail"
    group: str
    stream: str
    inode: int = 0
    offset: int = 0
    is_closed: bool = False
    # {"namespace", "dimensions", "definitions"}: see `runtime.workload.measured_by`
    measured: dict[str, Any] | None = None


class Follower(Part):
    """Subscribes to `process.log.opened` and `process.log.closed`, which rooms that run programs announce."""

    def __init__(self, house: House):
        self._house = house
        self._watch = FolderWatch(
            "log-follower",
            house.folder.root / "logs",
            self._catch_up,
            batch_milliseconds=DEBOUNCE_MILLISECONDS,
            quiet_milliseconds=DEBOUNCE_MILLISECONDS // 4,
        )

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"process.log.opened": self._on_opened, "process.log.closed": self._on_closed}

    def start(self) -> None:
        with self._house.database.reading() as tx:
            closed = [tail.key for tail in tx.all(Tail) if tail.is_closed]
        for path in closed:
            self._remove(path)
        self._watch.start()

    def stop(self) -> None:
        self._watch.stop()

    def _on_opened(self, tx: Transaction, topic: str, data: Json) -> None:
        ensure_stream(tx, data["group"], data["stream"])
        if tx.get(Tail, data["path"]) is None:
            measured = data.get("measured")
            tx.add(Tail(key=data["path"], group=data["group"], stream=data["stream"], measured=measured))
        self.read(tx, data["path"])

    def _on_closed(self, tx: Transaction, topic: str, data: Json) -> None:
        self.read(tx, data["path"], to_the_end=True)
        tail = tx.get(Tail, data["path"])
        if tail is not None:
            tx.put(tail.changed(is_closed=True))
            tx.after_commit(lambda: self._remove(tail.key))

    def _remove(self, path: str) -> None:
        """Remove a closed file, and what was rotated away of it, then its record: a crash in between is made good at the next start."""
        for file in (Path(path), *_rotated(path)):
            file.unlink(missing_ok=True)
        with self._house.database.transaction() as tx:
            tx.remove(Tail, path)

    def _catch_up(self, paths: set[str] | None) -> None:
        if paths is None:
            with self._house.database.reading() as tx:
                paths = {tail.key for tail in tx.all(Tail)}
        for path in sorted(paths):
            try:
                with self._house.database.transaction() as tx:
                    self.read(tx, path)
            except Exception:  # the supervisor of logs: one file that cannot be read must not end the others
                log.exception("the log file %s was not read", path)

    def read(self, tx: Transaction, path: str, to_the_end: bool = False) -> None:
        """Take in what a file has more than when it was last read. A last line without an end waits, unless `to_the_end`."""
        tail = tx.get(Tail, path)
        if tail is None:
            return
        now = int(time.time() * 1000)
        for file, offset in list(_unread(tail)):
            tail = tail.changed(inode=file.stat().st_ino, offset=offset)
            for lines, end in _lines(file, offset, to_the_end or file != Path(path)):
                write_events(self._house, tx, tail.group, tail.stream, [(now, line) for line in lines])
                self._measure(tx, tail, lines, now)
                tail = tail.changed(offset=end)
        tx.put(tail)

    def _measure(self, tx: Transaction, tail: Tail, lines: list[str], now: int) -> None:
        if tail.measured is None:
            return
        dimensions = tuple((str(name), str(value)) for name, value in tail.measured["dimensions"])
        data = metric_data(
            (Series(tail.measured["namespace"], name, "None", dimensions, now // 1000), value)
            for name, value in measures(tail.measured["definitions"], lines)
        )
        for notice in metric_notices(data, f"{tail.key}/{tail.inode}/{tail.offset}"):
            self._house.worker.notify(tx, Tail.kind, tail.key, notice)


def _unread(tail: Tail) -> Iterator[tuple[Path, int]]:
    """The files to read from, oldest first, each with the offset to begin at: what was rotated away meanwhile, then the file itself."""
    current = Path(tail.key)
    if not current.exists():
        return
    if not tail.inode or current.stat().st_ino == tail.inode:
        yield current, tail.offset
        return
    missed: list[tuple[Path, int]] = []
    for path in _rotated(tail.key):
        is_last_read = path.stat().st_ino == tail.inode
        missed.append((path, tail.offset if is_last_read else 0))
        if is_last_read:
            break
    yield from reversed(missed)
    yield current, 0


def _rotated(path: str) -> Iterator[Path]:
    """What was rotated away and is still there, newest first."""
    candidates = (Path(f"{path}.{number}") for number in range(1, LONGEST_ROTATION))
    return itertools.takewhile(Path.exists, candidates)


def _lines(file: Path, offset: int, to_the_end: bool) -> Iterator[tuple[list[str], int]]:
    """Whole lines from `offset` on, in batches, each with the offset behind it."""
    with file.open("rb") as stream:
        stream.seek(offset)
        rest = b""
        while piece := stream.read(BATCH_BYTES):
            whole, newline, rest = (rest + piece).rpartition(b"\n")
            if newline:
                offset += len(whole) + 1
                yield [line.decode(errors="replace") for line in whole.split(b"\n")], offset
        if rest and to_the_end:
            yield [rest.decode(errors="replace")], offset + len(rest)
