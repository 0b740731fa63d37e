"""Remembers what was read of one kind of record, until a commit changes a record of that kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from mlsystem.engine.store.database import Database, Transaction
from mlsystem.engine.store.records import Record

T = TypeVar("T")
MOST_REMEMBERED = 4096


class Remembered(Generic[T]):
    """For what is asked far more often than it changes, such as policies.

    What was read is kept with the number of the last commit before the reading began. So a reader on a snapshot from before a commit cannot
    leave behind what the commit has changed, and a transaction that has changed such records itself reads them anew.
    """

    def __init__(self, model: type[Record], read: Callable[[Transaction, str], T]):
        self._kind = model.kind
        self._read = read
        self._known: dict[str, tuple[int, T]] = {}

    def get(self, tx: Transaction, key: str) -> T:
        if self._kind in tx.changed_kinds:
            return self._read(tx, key)
        found = self._known.get(key)
        if found is not None and tx.changes.last.get(self._kind, 0) <= found[0]:
            return found[1]
        value = self._read(tx, key)
        if len(self._known) >= MOST_REMEMBERED:
            self._known = {}
        self._known[key] = (tx.begun, value)
        return value

    def now(self, database: Database, key: str) -> T:
        """As `get`, for who is in no transaction: for what is known none is begun, which costs more than what is done in it."""
        found = self._known.get(key)
        if found is not None and database.changes.last.get(self._kind, 0) <= found[0]:
            return found[1]
        with database.reading() as tx:
            return self.get(tx, key)
