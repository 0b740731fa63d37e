"""The master key lies outside the data folder, whole and for its owner alone; what is wrong with it is told with what to do."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.master_key import FOLDER_VARIABLE, INSIDE, keys_folder, master_key


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Not there yet."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "keys"))
    return tmp_path / "keys"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    made = Database(home / "state.db", ManualClock())
    yield made
    made.close()


def everything_in(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_it_is_made_once_outside_the_folder_and_for_its_owner_alone(database: Database, keys: Path, home: Path) -> None:
    key = master_key(database)
    assert master_key(database) == key
    (file,) = keys.iterdir()
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (f"{key}\n", 0o600)
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    database.close()
    assert key.encode() not in everything_in(home)


def test_each_folder_has_its_own(database: Database, keys: Path, tmp_path: Path) -> None:
    other = Database(tmp_path / "other.db", ManualClock())
    assert master_key(other) != master_key(database)
    other.close()
    assert len(list(keys.iterdir())) == 2


def test_a_key_of_before_moves_out_and_leaves_nothing_behind(home: Path, keys: Path) -> None:
    key = "5a" * 32
    database = Database(home / "state.db", ManualClock())
    database.setting(INSIDE, lambda: key)
    # It stands in the file itself, not only in its log.
    with closing(sqlite3.connect(home / "state.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert key.encode() in everything_in(home)
    assert master_key(database) == key
    assert key.encode() not in everything_in(home)
    assert master_key(database) == key
    database.close()


def test_a_folder_whose_key_is_missing_says_where_it_was_and_makes_no_other(database: Database, keys: Path) -> None:
    master_key(database)
    (file,) = keys.iterdir()
    file.unlink()
    for _ in range(2):
        with pytest.raises(StartupError, match=f"missing: {file}"):
            master_key(database)
    assert list(keys.iterdir()) == []


@pytest.mark.parametrize("content", ["", "garbage\n", "00" * 32 + "\n"])
def test_another_key_under_its_name_is_refused(database: Database, keys: Path, content: str) -> None:
    master_key(database)
    (file,) = keys.iterdir()
    file.write_text(content)
    with pytest.raises(StartupError, match="is damaged"):
        master_key(database)


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_decided(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file" / "keys"))
    with pytest.raises(StartupError, match=FOLDER_VARIABLE):
        master_key(database)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "keys"))
    assert master_key(database) == master_key(database)


def test_it_lies_where_data_of_a_person_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert keys_folder() == tmp_path / ".local" / "share" / "mlsystem" / "keys"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert keys_folder() == tmp_path / "data" / "mlsystem" / "keys"
    monkeypatch.setenv(FOLDER_VARIABLE, "keys")
    with pytest.raises(StartupError, match="absolute"):
        keys_folder()
