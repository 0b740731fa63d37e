"""Tables of a folder, new or from before; and what is remembered of records."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database, Transaction, _all
from mlsystem.engine.store.keys import AccessKey
from mlsystem.engine.store.remembered import Remembered


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "engine.db", SystemClock())
    yield made
    made.close()


def _indexes(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}


def test_an_index_that_came_later_is_made_in_a_folder_of_before(tmp_path: Path) -> None:
    path = tmp_path / "engine.db"
    Database(path, SystemClock()).close()
    whole = _indexes(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP INDEX records_by_state_and_creation")
        connection.commit()
    assert "records_by_state_and_creation" in whole - _indexes(path)
    Database(path, SystemClock()).close()
    assert _indexes(path) == whole


@pytest.mark.parametrize(
    ("given", "index"),
    [
        (("state",), "records_by_state_and_creation (kind=? AND state=?)"),
        (("parent",), "records_by_parent (kind=? AND parent=?)"),
        (("parent", "state"), "records_by_parent_and_state (kind=? AND parent=? AND state=?)"),
        ((), "records_by_creation (kind=?)"),
    ],
)
def test_records_are_found_by_what_is_known_of_them(
    database: Database, tmp_path: Path, given: tuple[str, ...], index: str
) -> None:
    """Those that go on are few; those of their kind that have ended are very many."""
    query = str(_all(*given, newest_first=False, by_key=False).compile(dialect=SQLiteDialect()))
    with closing(sqlite3.connect(tmp_path / "engine.db")) as connection:
        steps = connection.execute(f"EXPLAIN QUERY PLAN {query}", ("kind", *given)).fetchall()
    assert steps[0][3] == f"SEARCH records USING INDEX {index}"


def test_a_setting_is_decided_once(database: Database) -> None:
    assert database.setting("region", lambda: "here") == "here"
    assert database.setting("region", lambda: "there") == "here"
    database.change_setting("region", "elsewhere")
    assert database.setting("region", lambda: "there") == "elsewhere"


def test_the_parent_of_a_record_is_told_alone(database: Database) -> None:
    with database.transaction() as tx:
        tx.add(AccessKey(key="AKIA", parent="role", principal="somebody", account="000000000000"))
        assert (tx.parent_of(AccessKey, "AKIA"), tx.parent_of(AccessKey, "AKIB")) == ("role", None)


def test_what_is_remembered_is_read_again_once_a_commit_has_changed_such_a_record(database: Database) -> None:
    reads: list[str] = []

    def read(tx: Transaction, key: str) -> AccessKey | None:
        reads.append(key)
        return tx.get(AccessKey, key)

    remembered = Remembered(AccessKey, read)
    assert remembered.now(database, "AKIA") is None
    with database.transaction() as tx:
        tx.add(AccessKey(key="AKIA", principal="somebody", account="000000000000"))
    for _ in range(2):
        found = remembered.now(database, "AKIA")
        assert found is not None and found.principal == "somebody"
    with database.transaction() as tx:
        tx.remove(AccessKey, "AKIA")
    assert remembered.now(database, "AKIA") is None
    assert len(reads) == 3
