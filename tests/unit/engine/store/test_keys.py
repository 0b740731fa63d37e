"""The keys of a data folder: derived, stable, and each for one purpose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.keys import AccessKey, KeyRing


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "state.db", ManualClock())
    yield made
    made.close()


def test_the_same_folder_always_has_the_same_keys(database: Database) -> None:
    assert KeyRing(database).folder_key("s3") == KeyRing(database).folder_key("s3")
    assert len(KeyRing(database).folder_key("s3")) == 32


def test_each_purpose_has_a_key_of_its_own(database: Database) -> None:
    ring = KeyRing(database)
    assert ring.folder_key("s3") != ring.folder_key("kms")


def test_no_purpose_of_a_key_can_give_a_credential(database: Database) -> None:
    ring = KeyRing(database)
    secret = ring.credentials("AKIAX").secret_access_key
    assert ring.folder_key("secret:AKIAX").hex() not in secret


def test_a_session_key_is_forgotten_after_its_time_and_a_long_term_key_is_not(database: Database) -> None:
    ring = KeyRing(database)
    with database.transaction() as tx:
        session = ring.issue(tx, "arn:aws:sts::1:assumed-role/r/s", "1", tx.now - 1)
        lasting = ring.issue(tx, "arn:aws:iam::1:root", "1", None)
        ring.prune(tx)
        assert tx.get(AccessKey, session.access_key_id) is None
        assert tx.get(AccessKey, lasting.access_key_id) is not None
    assert session.token is not None
    assert lasting.token is None
