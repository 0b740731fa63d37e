"""Steps from one schema to the next: all of them or none, and nothing of a later version is touched."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

import mlsystem.engine.start  # noqa: F401 - with it come all records
from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.migrations import SCHEMA_VERSION, Migration
from mlsystem.engine.store.records import Record
from tests.earlier import VERSIONS, make_earlier

Open = Callable[..., Path]


def _add_column(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE history ADD COLUMN colour TEXT")


def _colour(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE history SET colour = 'red'")


def _fail_half_way(connection: Connection) -> None:
    connection.exec_driver_sql("DROP TABLE timers")
    connection.exec_driver_sql("DELETE FROM records")
    connection.exec_driver_sql("SELECT * FROM nowhere")


def _be_killed(connection: Connection) -> None:
    connection.exec_driver_sql("DROP TABLE timers")
    connection.exec_driver_sql("DELETE FROM records")
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The database of an earlier release, brought to this one's schema."""
    found = make_earlier(VERSIONS[0], tmp_path / "home").database
    Database(found, SystemClock()).close()
    return found


def _open(path: Path, *more: Migration) -> None:
    """With steps that come after those of this version."""
    from mlsystem.engine.store.migrations import MIGRATIONS

    Database(path, SystemClock(), (*MIGRATIONS, *more)).close()


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())


def _version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()[0])


def _shape(path: Path) -> Iterator[tuple[str, ...]]:
    """Tables with their columns, and indexes."""
    with closing(sqlite3.connect(path)) as database:
        for name, kind in database.execute("SELECT name, type FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"):
            columns = database.execute(f"PRAGMA {kind}_info({name})").fetchall()
            yield (kind, name, *(str(column[2 if kind == "index" else 1]) for column in columns))


def test_steps_are_taken_in_their_order_and_once(path: Path) -> None:
    _open(path, _add_column, _colour)
    assert _version(path) == SCHEMA_VERSION + 2
    with closing(sqlite3.connect(path)) as database:
        assert set(database.execute("SELECT colour FROM history")) == {("red",)}
    _open(path, _fail_half_way, _fail_half_way)
    assert _version(path) == SCHEMA_VERSION + 2


def test_a_new_folder_takes_no_steps(tmp_path: Path) -> None:
    _open(tmp_path / "state.db", _fail_half_way)
    assert _version(tmp_path / "state.db") == SCHEMA_VERSION + 1


def test_a_step_that_fails_leaves_the_folder_as_it_was(path: Path) -> None:
    before = _dump(path)
    with pytest.raises(
        StartupError, match=f"from schema {SCHEMA_VERSION + 1} to {SCHEMA_VERSION + 2}, and is as it was"
    ):
        _open(path, _add_column, _fail_half_way)
    assert _dump(path) == before
    _open(path)


def test_a_kill_in_the_middle_of_a_step_leaves_the_folder_as_it_was(path: Path) -> None:
    before = _dump(path)
    program = (
        "import sys; from pathlib import Path; from tests.unit.engine.store import test_migrations as t; "
        "t._open(Path(sys.argv[1]), t._add_column, t._be_killed)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False, cwd=Path(__file__).parents[4])
    assert done.returncode == -signal.SIGKILL
    assert _dump(path) == before
    _open(path)


def test_a_later_version_is_refused_and_gets_no_index(path: Path) -> None:
    _open(path, _add_column)
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP INDEX records_by_parent")
        database.commit()
    before = _dump(path)
    with pytest.raises(
        StartupError, match=f"has schema {SCHEMA_VERSION + 1}, this version reads schema {SCHEMA_VERSION}"
    ):
        _open(path)
    assert _dump(path) == before


@pytest.mark.parametrize("version", VERSIONS)
def test_the_tables_of_every_release_become_those_of_a_new_folder(version: int, tmp_path: Path) -> None:
    earlier, new = make_earlier(version, tmp_path / "home").database, tmp_path / "new.db"
    for one in (earlier, new):
        Database(one, SystemClock()).close()
    assert sorted(_shape(earlier)) == sorted(_shape(new))
    assert _version(earlier) == SCHEMA_VERSION


@pytest.mark.parametrize("version", VERSIONS)
def test_every_record_of_every_release_is_read(version: int, tmp_path: Path) -> None:
    models = {model.kind: model for model in _models(Record)}
    with closing(sqlite3.connect(make_earlier(version, tmp_path / "home").database)) as database:
        rows = database.execute("SELECT kind, key, body FROM records").fetchall()
    assert {models[kind].model_validate_json(body).key for kind, _, body in rows} == {key for _, key, _ in rows}


def _models(base: type[Record]) -> Iterator[type[Record]]:
    for model in base.__subclasses__():
        if "kind" in vars(model) and model.__module__.startswith("mlsystem."):
            yield model
        yield from _models(model)


def test_there_is_a_state_of_every_version_before_this() -> None:
    assert set(range(1, SCHEMA_VERSION)) <= set(VERSIONS)
