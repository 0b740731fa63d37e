"""One SQLite database a data folder: WAL, synchronous=FULL, one writer at a time.

Everything that must commit together does so in one `Transaction`. Within a thread a transaction that is opened while another one
is open joins it, so that a room which calls another room commits with it or not at all.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from mlsystem.engine.decide.errors import EngineError, StartupError
from mlsystem.engine.store import schema
from mlsystem.engine.store.clock import Clock
from mlsystem.engine.store.disk import database_error
from mlsystem.engine.store.migrations import MIGRATIONS, Migration, bring_up_to_date
from mlsystem.engine.store.records import Record
from mlsystem.engine.store.statement import Statement, driver, translated

R = TypeVar("R", bound=Record)

# What a long reading, such as that of a backup, has made grow is given back afterwards.
LARGEST_LOG = 64 << 20
LAST_CHARACTER = "\U0010ffff"

# Statements are made once: putting one together costs more than running it.
_records, _timers, _history = schema.records.c, schema.timers.c, schema.history.c
_GET = Statement(select(_records.body).where(_records.kind == bindparam("kind"), _records.key == bindparam("key")))
_PARENT = Statement(select(_records.parent).where(_records.kind == bindparam("kind"), _records.key == bindparam("key")))
_ADD = Statement(insert(schema.records))
_put = sqlite_insert(schema.records)
_PUT = Statement(_put.on_conflict_do_update(index_elements=["kind", "key"], set_=dict(_put.excluded.items())))
_COUNT = (
    select(func.count())
    .select_from(schema.records)
    .where(_records.kind == bindparam("kind"), _records.parent == bindparam("parent"))
)
_REMOVE = Statement(delete(schema.records).where(_records.kind == bindparam("kind"), _records.key == bindparam("key")))
_REMOVE_TIMERS = Statement(
    delete(schema.timers).where(_timers.kind == bindparam("kind"), _timers.key == bindparam("key"))
)
_ADD_HISTORY = Statement(insert(schema.history), ("kind", "key", "at", "type", "body"))
_HISTORY = (
    select(_history.id, _history.at, _history.type, _history.body)
    .where(_history.kind == bindparam("kind"), _history.key == bindparam("key"))
    .order_by(_history.id)
)
_SETTING = select(schema.meta.c.value).where(schema.meta.c.name == bindparam("name"))


# Of a list that is read as far as its reader goes.
_CHUNK = 50


@cache
def _all(*given: str, newest_first: bool, by_key: bool, keys_only: bool = False) -> Select[Any]:
    """Records of a kind, of which `given` are known: parent, state, first and last key, the last one before; and how many at most.

    Their bodies, or with `keys_only` when they were made and their keys.
    """
    conditions = {
        "parent": _records.parent == bindparam("parent"),
        "state": _records.state == bindparam("state"),
        "first": _records.key >= bindparam("first"),
        "last": _records.key <= bindparam("last"),
    }
    order: list[ColumnElement[Any]] = [_records.key] if by_key else [_records.created_at, _records.key]
    mark = tuple_(_records.created_at, _records.key)
    last = tuple_(bindparam("after_created_at"), bindparam("after_key"))
    # The bound of the time alone is for the index, which a comparison of both does not always use.
    bound: ColumnElement[Any] = bindparam("after_created_at")
    near = _records.created_at <= bound if newest_first else _records.created_at >= bound
    conditions["after_key"] = and_(near, mark < last if newest_first else mark > last)
    directed = [column.desc() for column in order] if newest_first else order
    columns = (_records.created_at, _records.key) if keys_only else (_records.body,)
    query: Select[Any] = select(*columns).where(_records.kind == bindparam("kind")).order_by(*directed)
    query = query.where(*(conditions[name] for name in given if name in conditions))
    return query.limit(bindparam("limit")) if "limit" in given else query


class AlreadyExists(EngineError):
    """A record with this kind and key is there already."""


class Changes:
    """Numbers the commits, and remembers for each kind of record the last one that changed it: what a cache stands on."""

    def __init__(self) -> None:
        self.number = 0
        self.last: dict[str, int] = {}
        self._lock = threading.Lock()

    def committed(self, kinds: set[str]) -> None:
        with self._lock:
            self.number += 1
            self.last.update(dict.fromkeys(kinds, self.number))


class Transaction:
    """Reads and writes of records that commit together. Made by `Database.transaction`.

    `begun` is the number of the last commit before it, `changed_kinds` are those of the records that it has written itself.
    """

    def __init__(self, connection: Connection, now: float, changes: Changes, begun: int):
        self.connection = connection
        self.now = now
        self.changes = changes
        self.begun = begun
        self.changed_kinds: set[str] = set()
        self._after_commit: list[Callable[[], None]] = []

    def rows(self, statement: Statement, values: Mapping[str, object]) -> list[Any]:
        return statement.rows(self.connection, values)

    def change(self, statement: Statement, values: Mapping[str, object]) -> int:
        """The number of rows that were."""
        return statement.change(self.connection, values)

    def get(self, model: type[R], key: str) -> R | None:
        found = self.rows(_GET, {"kind": model.kind, "key": key})
        return model.model_validate_json(found[0][0]) if found else None

    def parent_of(self, model: type[Record], key: str) -> str | None:
        """As that of what `get` gives, without reading the rest of it; None where it is not there."""
        found = self.rows(_PARENT, {"kind": model.kind, "key": key})
        return str(found[0].parent) if found else None

    def add(self, record: R) -> R:
        """Write a new record. Raises AlreadyExists."""
        stamped = record.model_copy(update={"created_at": record.created_at or self.now, "updated_at": self.now})
        self.changed_kinds.add(record.kind)
        try:
            self.change(_ADD, self._columns(stamped))
        except IntegrityError as error:
            raise AlreadyExists(f"{record.kind} {record.key} exists already") from error
        return stamped

    def put(self, record: R) -> R:
        """Write a record, new or not."""
        stamped = record.model_copy(update={"created_at": record.created_at or self.now, "updated_at": self.now})
        self.changed_kinds.add(record.kind)
        self.change(_PUT, self._columns(stamped))
        return stamped

    def remove(self, model: type[Record], key: str) -> bool:
        """Delete a record and its timers; its history stays. False where there was none."""
        self.changed_kinds.add(model.kind)
        named = {"kind": model.kind, "key": key}
        self.change(_REMOVE_TIMERS, named)
        return bool(self.change(_REMOVE, named))

    def all(
        self,
        model: type[R],
        *,
        parent: str | None = None,
        state: str | None = None,
        prefix: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> list[R]:
        """Records of a kind in the order of their creation."""
        return list(self.each(model, parent=parent, state=state, prefix=prefix, newest_first=newest_first, limit=limit))

    def each(
        self,
        model: type[R],
        *,
        parent: str | None = None,
        state: str | None = None,
        prefix: str | None = None,
        newest_first: bool = False,
        by_key: bool = False,
        limit: int | None = None,
        after: Sequence[float | str] | None = None,
    ) -> Iterator[R]:
        """As `all`, or in the order of their keys, read only as far as the caller goes, who writes nothing meanwhile.

        `after`: begin behind this time of creation and key, which costs nothing; not in the order of keys.
        """
        asked: dict[str, Any] = {"parent": parent, "state": state, "first": prefix, "limit": limit}
        if after is not None:
            asked |= {"after_created_at": after[0], "after_key": after[1]}
        given = {name: value for name, value in asked.items() if value is not None}
        if prefix is not None:
            given["last"] = prefix + LAST_CHARACTER
        query = _all(*given, newest_first=newest_first, by_key=by_key)
        found = self.connection.execute(query, {"kind": model.kind, **given}, execution_options={"yield_per": _CHUNK})
        for body in found.scalars():
            yield model.model_validate_json(body)

    def each_key(
        self, model: type[Record], *, parent: str | None = None, state: str | None = None
    ) -> Iterator[tuple[float, str]]:
        """When each record was made and its key, newest first; read as `each` does, but without the records themselves."""
        asked = {"parent": parent, "state": state}
        given = {name: value for name, value in asked.items() if value is not None}
        query = _all(*given, newest_first=True, by_key=False, keys_only=True)
        found = self.connection.execute(query, {"kind": model.kind, **given}, execution_options={"yield_per": _CHUNK})
        return ((row[0], row[1]) for row in found)

    def count(self, model: type[Record], *, parent: str) -> int:
        """How many records of a kind there are below a parent."""
        return int(self.connection.execute(_COUNT, {"kind": model.kind, "parent": parent}).scalar_one())

    def record_history(self, kind: str, key: str, event_type: str, body: str) -> None:
        """Append one line to what is told about a record; it commits with the record's state."""
        values = {"kind": kind, "key": key, "at": self.now, "type": event_type, "body": body}
        self.change(_ADD_HISTORY, values)

    def history(self, kind: str, key: str) -> list[tuple[int, float, str, str]]:
        """(id, at, type, body) of each line, oldest first."""
        rows = self.connection.execute(_HISTORY, {"kind": kind, "key": key})
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def after_commit(self, what: Callable[[], None]) -> None:
        """Run once this transaction is on disk; not at all if it is rolled back."""
        self._after_commit.append(what)

    def _columns(self, record: Record) -> dict[str, Any]:
        return {
            "kind": record.kind,
            "key": record.key,
            "parent": record.parent,
            "state": record.state,
            "body": record.model_dump_json(),
            "created_at": record.created_at,
            "updated_at": record.updated_at,
        }


class Database:
    """The database file of a data folder."""

    def __init__(self, path: Path, clock: Clock, migrations: Sequence[Migration] = MIGRATIONS):
        """Raises StartupError for tables that cannot be brought to what this version reads; they are as they were then."""
        self._clock = clock
        self._path = path
        self._engine = _open(path, "IMMEDIATE")
        self._readers = _open(path, "DEFERRED")
        self._writer = threading.RLock()
        self._local = threading.local()
        self.changes = Changes()
        self._followers: list[tuple[str, Callable[[], None]]] = []
        try:
            with self._engine.connect() as connection, connection.begin():
                bring_up_to_date(connection, migrations)
        except DatabaseError as error:
            self.close()
            raise StartupError(f"the database {path} cannot be opened: {error.orig}") from error
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """The transaction of this thread: a new one, or the one that is open already.

        Raises AwsError (507) when the disk is full: then nothing of it is written.
        """
        current: Transaction | None = getattr(self._local, "transaction", None)
        if current is not None:
            yield current
            return
        with self._writer:
            try:
                with self._engine.connect() as connection, connection.begin():
                    begun = self.changes.number
                    transaction = Transaction(connection, self._clock.now(), self.changes, begun)
                    self._local.transaction = transaction
                    try:
                        yield transaction
                    finally:
                        self._local.transaction = None
            except OperationalError as error:
                translated = database_error(error)
                if translated is None:
                    raise
                raise translated from error
            if transaction.changed_kinds:
                self.changes.committed(transaction.changed_kinds)
            followers = [what for kind, what in self._followers if kind in transaction.changed_kinds]
            for what in (*transaction._after_commit, *followers):
                what()

    def follow(self, model: type[Record], what: Callable[[], None]) -> None:
        """Call `what` after each commit that has changed a record of this kind. It must be quick; to be said before the first."""
        self._followers.append((model.kind, what))

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A snapshot that writes nothing and waits for no writer; the open transaction where this thread has one."""
        current: Transaction | None = getattr(self._local, "transaction", None)
        if current is not None:
            yield current
            return
        begun = self.changes.number
        with self._readers.connect() as connection, connection.begin():
            yield Transaction(connection, self._clock.now(), self.changes, begun)

    @property
    def is_in_transaction(self) -> bool:
        """Whether this thread holds the writer's lock: then it must not wait for anything outside."""
        return getattr(self._local, "transaction", None) is not None

    def close(self) -> None:
        self._engine.dispose()
        self._readers.dispose()

    def setting(self, name: str, default: Callable[[], str]) -> str:
        """A value that is decided once for this data folder and kept. Where it is already, no writer is waited for."""
        found = self.find_setting(name)
        if found is not None:
            return found
        with self.transaction() as tx:
            found = _setting(tx, name)
            if found is None:
                found = default()
                tx.connection.execute(insert(schema.meta).values(name=name, value=found))
            return found

    def find_setting(self, name: str) -> str | None:
        with self.reading() as tx:
            return _setting(tx, name)

    def replace_secret(self, name: str, instead: str, value: str) -> None:
        """Remove a setting, so that nothing of it is left in the files, and set another one."""
        with self.transaction() as tx:
            tx.connection.execute(delete(schema.meta).where(schema.meta.c.name == name))
            tx.connection.execute(insert(schema.meta).values(name=instead, value=value))
        self.forget_removed()

    def forget_removed(self) -> None:
        """Empty the log, where what was removed still stands: in the database itself it was overwritten.

        Within no transaction. A snapshot that somebody goes on reading for long keeps the log for now.
        """
        with closing(sqlite3.connect(self._path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def change_setting(self, name: str, value: str) -> None:
        table = schema.meta
        with self.transaction() as tx:
            tx.connection.execute(update(table).where(table.c.name == name).values(value=value))


def _setting(tx: Transaction, name: str) -> str | None:
    found = tx.connection.execute(_SETTING, {"name": name}).scalar_one_or_none()
    return None if found is None else str(found)


def _open(path: Path, mode: str) -> Engine:
    begin = f"BEGIN {mode}"
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": 30, "check_same_thread": False, "isolation_level": None}
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        size = f"journal_size_limit={LARGEST_LOG}"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON", size):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        try:
            driver(connection).execute(begin)
        except sqlite3.Error as error:
            raise translated(error, begin, {}) from error

    return engine
