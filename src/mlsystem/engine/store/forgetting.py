"""Forgets records and lines of history that are past their age, a few in each transaction: others write meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import TypeVar

from sqlalchemy import bindparam, delete, select

from mlsystem.engine.store import schema
from mlsystem.engine.store.database import Database, Transaction
from mlsystem.engine.store.records import Record
from mlsystem.engine.store.statement import Statement

R = TypeVar("R", bound=Record)

AT_ONCE = 200
_history = schema.history.c
_OF_RECORD = Statement(
    delete(schema.history).where(_history.kind == bindparam("kind"), _history.key == bindparam("key"))
)
_OLD = select(_history.id).where(_history.kind == bindparam("kind"), _history.at < bindparam("before")).limit(AT_ONCE)
_OLD_LINES = delete(schema.history).where(_history.id.in_(_OLD))


def forget_records(database: Database, model: type[R], before: float, is_over: Callable[[Transaction, R], bool]) -> int:
    """Those that were made before, and of which `is_over` says so: with their timers and their history. How many."""
    with database.reading() as tx:
        old = takewhile(lambda record: record.created_at < before, tx.each(model))
        doomed = [record.key for record in old if is_over(tx, record)]
    for keys in _batches(doomed):
        with database.transaction() as tx:
            for key in keys:
                record = tx.get(model, key)
                # It may have been taken up again since.
                if record is not None and is_over(tx, record):
                    tx.remove(model, key)
                    tx.change(_OF_RECORD, {"kind": model.kind, "key": key})
    return len(doomed)


def forget_history(database: Database, model: type[Record], before: float) -> None:
    """Lines of all records of a kind, also of those that are gone."""
    while True:
        with database.transaction() as tx:
            if not tx.connection.execute(_OLD_LINES, {"kind": model.kind, "before": before}).rowcount:
                return


def forget_lines(database: Database, ids: Sequence[int]) -> None:
    """Lines of the history by their ids."""
    for some in _batches(ids):
        with database.transaction() as tx:
            tx.connection.execute(delete(schema.history).where(_history.id.in_(some)))


T = TypeVar("T")


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]
