"""The table of timers, which are set and cancelled with the step that asks for it; and which of them is due."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from mlsystem.engine.durable.machine import CancelTimer, SetTimer
from mlsystem.engine.store import schema
from mlsystem.engine.store.clock import Clock
from mlsystem.engine.store.database import Database, Transaction
from mlsystem.engine.store.statement import Statement

_columns = schema.timers.c
_THIS = (
    _columns.kind == bindparam("of_kind"),
    _columns.key == bindparam("of_key"),
    _columns.name == bindparam("named"),
)
_cancel = delete(schema.timers).where(*_THIS)
_CANCEL = Statement(_cancel)
_FIRED = Statement(_cancel.where(_columns.due_at == bindparam("was_due_at")))
_DELAY = update(schema.timers).where(*_THIS)
_set = insert(schema.timers)
_SET = Statement(_set.on_conflict_do_update(index_elements=["kind", "key", "name"], set_=dict(_set.excluded.items())))
_NEXT = Statement(select(schema.timers).order_by(_columns.due_at).limit(1))
UNKNOWN = 0.0


class Timers:
    """Rows have `kind`, `key`, `name`, `due_at` and `body`.

    `due` is for one thread, which `wake` wakes when one was set; all else for any.
    """

    def __init__(self, clock: Clock, wake: Callable[[], None]):
        self._clock = clock
        self._wake = wake
        self._lock = threading.Lock()
        self._was_set = False
        # When the next one is due; None: there is none.
        self.next_at: float | None = UNKNOWN

    def write(self, tx: Transaction, kind: str, key: str, timer: SetTimer | CancelTimer) -> None:
        if isinstance(timer, CancelTimer):
            tx.change(_CANCEL, {"of_kind": kind, "of_key": key, "named": timer.name})
            return
        due_at = timer.at if timer.at is not None else tx.now + (timer.after_seconds or 0.0) / self._clock.time_scale
        values = {"kind": kind, "key": key, "name": timer.name, "due_at": due_at, "body": json.dumps(timer.data)}
        tx.change(_SET, values)
        tx.after_commit(self._note)

    def due(self, database: Database) -> Any | None:
        """One that is due. The database is asked only when one may be: since the last look one was set, or has become due."""
        with self._lock:
            if self._was_set:
                self._was_set, self.next_at = False, UNKNOWN
        if self.next_at is None or self.next_at > self._clock.now():
            return None
        with database.reading() as tx:
            found = tx.rows(_NEXT, {})
        self.next_at = found[0].due_at if found else None
        return found[0] if found and found[0].due_at <= self._clock.now() else None

    def fire(self, tx: Transaction, row: Any) -> bool:
        """Take it away. False where it was set anew or cancelled meanwhile."""
        return bool(tx.change(_FIRED, {**_named(row), "was_due_at": row.due_at}))

    def delay(self, tx: Transaction, row: Any, seconds: float) -> None:
        tx.connection.execute(_DELAY, {**_named(row), "due_at": self._clock.now() + seconds})

    def _note(self) -> None:
        with self._lock:
            self._was_set = True
        self._wake()


def _named(row: Any) -> dict[str, str]:
    return {"of_kind": row.kind, "of_key": row.key, "named": row.name}
