"""Follows the log files of processes into their log streams.

How far a file was read commits together with the events that were read from it, so after a crash no line is lost and none comes twice.
Between commits the follower only waits for the kernel to tell that a file has grown.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import watchfiles

from mlsystem.engine.contract import House, Part
from mlsystem.engine.durable.machine import Json
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.logs.events import write_events
from mlsystem.engine.services.logs.groups import ensure_stream
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

log = logging.getLogger(__name__)

BATCH_BYTES = 1024 * 1024
DEBOUNCE_MILLISECONDS = 200
LONGEST_ROTATION = 16


class Tail(Record):
    """A file that is followed; `key` is its path. `inode` tells a rotated file from the one that follows it."""

    kind: ClassVar[str] = "logs.tail"
    group: str
    stream: str
    inode: int = 0
    offset: int = 0


class Follower(Part):
    """Subscribes to `process.log.opened` and `process.log.closed`, which rooms that run programs announce."""

    def __init__(self, house: House):
        self._house = house
        self._folder = house.folder.root / "logs"
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"process.log.opened": self._on_opened, "process.log.closed": self._on_closed}

    def start(self) -> None:
        self._folder.mkdir(exist_ok=True, mode=0o700)
        self._thread = threading.Thread(target=self._follow, name="log-follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _on_opened(self, tx: Transaction, topic: str, data: Json) -> None:
        ensure_stream(tx, data["group"], data["stream"])
        if tx.get(Tail, data["path"]) is None:
            tx.add(Tail(key=data["path"], group=data["group"], stream=data["stream"]))
        self.read(tx, data["path"])

    def _on_closed(self, tx: Transaction, topic: str, data: Json) -> None:
        self.read(tx, data["path"], to_the_end=True)
        tx.remove(Tail, data["path"])

    def _follow(self) -> None:
        with self._house.database.reading() as tx:
            known = {tail.key for tail in tx.all(Tail)}
        self._catch_up(known)
        changes = watchfiles.watch(
            self._folder,
            stop_event=self._stop,
            debounce=DEBOUNCE_MILLISECONDS,
            step=DEBOUNCE_MILLISECONDS // 4,
            rust_timeout=60_000,
            yield_on_timeout=True,
            watch_filter=None,
        )
        for change in changes:
            self._catch_up({path for _, path in change})

    def _catch_up(self, paths: set[str]) -> None:
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
                tail = tail.changed(offset=end)
        tx.put(tail)


def _unread(tail: Tail) -> Iterator[tuple[Path, int]]:
    """The files to read from, oldest first, each with the offset to begin at: what was rotated away meanwhile, then the file itself."""
    current = Path(tail.key)
    if not current.exists():
        return
    if not tail.inode or current.stat().st_ino == tail.inode:
        yield current, tail.offset
        return
    rotated = [Path(f"{tail.key}.{number}") for number in range(1, LONGEST_ROTATION)]
    missed: list[tuple[Path, int]] = []
    for path in rotated:
        if not path.exists():
            break
        is_last_read = path.stat().st_ino == tail.inode
        missed.append((path, tail.offset if is_last_read else 0))
        if is_last_read:
            break
    yield from reversed(missed)
    yield current, 0


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
