"""Statements that pass SQLAlchemy by, and are otherwise as its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from mlsystem.engine.store import schema
from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.statement import Statement

TABLE = schema.meta
ADD = Statement(insert(TABLE))
FIRST = Statement(select(TABLE).where(TABLE.c.name >= bindparam("since")).order_by(TABLE.c.name).limit(1))
REMOVE = Statement(delete(TABLE).where(TABLE.c.value == bindparam("old")))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "state.db", ManualClock())
    yield made
    made.close()


def test_rows_have_names_and_changes_are_counted(database: Database) -> None:
    with database.transaction() as tx:
        assert [tx.change(ADD, {"name": name, "value": "mine"}) for name in ("x", "y", "z")] == [1, 1, 1]
        [found] = tx.rows(FIRST, {"since": "y"})
        assert (found.name, found.value) == ("y", "mine")
        assert tx.change(REMOVE, {"old": "mine"}) == 3
        assert tx.rows(FIRST, {"since": "x"}) == []


def test_what_was_written_is_gone_with_its_transaction(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        tx.change(ADD, {"name": "x", "value": "mine"})
        raise ZeroDivisionError
    with database.reading() as tx:
        assert tx.rows(FIRST, {"since": "x"}) == []


def test_errors_are_sqlalchemys(database: Database) -> None:
    with database.transaction() as tx:
        tx.change(ADD, {"name": "x", "value": "mine"})
        with pytest.raises(IntegrityError):
            tx.change(ADD, {"name": "x", "value": "another"})
    with pytest.raises(OperationalError, match="no such table"), database.transaction() as tx:
        tx.connection.exec_driver_sql("DROP TABLE meta")
        tx.rows(FIRST, {"since": "x"})
