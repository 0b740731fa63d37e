"""Code of functions: kept as long as a function or a version has it, and a day longer."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.durable.worker import Worker
from mlsystem.engine.front.dispatch import Dispatcher
from mlsystem.engine.front.guard import Guard
from mlsystem.engine.runtime.images import ImageStore
from mlsystem.engine.services.iam.role_book import RoleBook
from mlsystem.engine.services.lambda_.code import CodeStore
from mlsystem.engine.services.lambda_.function import FunctionRecord, VersionRecord
from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder

SCOPE = Scope("000000000000", "us-east-1")
LONG_AGO, YESTERDAY = 1_000.0, 2_000.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder, clock = DataFolder(tmp_path / "home"), ManualClock()
    folder.prepare()
    database = Database(folder.database, clock)
    call = Dispatcher(database, SCOPE, Guard(SCOPE, RoleBook()))
    yield House(SCOPE, clock, database, Worker(database, clock), folder, call, "http://127.0.0.1", call.demand)
    database.close()


@pytest.fixture
def store(house: House) -> CodeStore:
    return CodeStore(house, ImageStore(house.folder.images))


def _take(store: CodeStore, text: str) -> dict[str, Any]:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("app.py", text)
    code = store.take({"ZipFile": stream.getvalue()}, "Zip", Principal("arn:aws:iam::000000000000:root", "0"))
    store.prepare(code)
    return code


def _places(house: House) -> set[Path]:
    return {*(house.folder.root / "functions").iterdir(), *(house.folder.work / "functions").iterdir()}


def _age(house: House) -> None:
    for path in _places(house):
        os.utime(path, (LONG_AGO, LONG_AGO))


def test_code_that_nothing_has_any_more_is_removed(house: House, store: CodeStore) -> None:
    function, version, old = (_take(store, name) for name in ("function", "version", "old"))
    with house.database.transaction() as tx:
        tx.add(FunctionRecord(key="f", configuration={}, code=function, revision_id="1", modified_at=1.0))
        tx.add(VersionRecord(key="f:1", parent="f", configuration={}, code=version, revision_id="1", modified_at=1.0))
    _age(house)
    store.sweep(YESTERDAY)
    assert {path.stem for path in _places(house)} == {function["hex"], version["hex"]}
    assert (store.folder(function) / "app.py").read_text() == "function"
    assert old["hex"] not in {path.stem for path in _places(house)}


def test_code_that_has_just_been_taken_in_again_stays(house: House, store: CodeStore) -> None:
    code = _take(store, "again")
    _age(house)
    assert _take(store, "again") == code
    store.sweep(YESTERDAY)
    assert (store.folder(code) / "app.py").read_text() == "again"
