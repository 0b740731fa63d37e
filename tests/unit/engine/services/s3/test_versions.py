"""The order of keys, and the places between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from mlsystem.engine.services.s3.listings import below, common_prefix
from mlsystem.engine.services.s3.object_version import Details, Encryption, ObjectVersion, Segment
from mlsystem.engine.services.s3.versions import FIRST_BATCH, Cursor, Versions, prefix_end
from mlsystem.engine.store.bodies import BodyStore
from mlsystem.engine.store.clock import ManualClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder
from mlsystem.engine.store.schema import objects

DETAILS = Details(encryption=Encryption(algorithm="AES256"))


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path)
    made.prepare()
    return made


@pytest.fixture
def database(folder: DataFolder) -> Iterator[Database]:
    made = Database(folder.database, ManualClock())
    yield made
    made.close()


@pytest.fixture
def versions(folder: DataFolder) -> Versions:
    return Versions(BodyStore(folder))


def _version(key: str, version_id: str, marker: bool = False) -> ObjectVersion:
    return ObjectVersion(
        bucket="b",
        key=key,
        version_id=version_id,
        modified_at=0.0,
        holder=f"{key}:{version_id}",
        is_delete_marker=marker,
        details=None if marker else DETAILS,
    )


@given(st.text(min_size=1), st.text())
def test_all_keys_with_a_prefix_lie_before_its_end(prefix: str, rest: str) -> None:
    end = prefix_end(prefix)
    assert end is None or (prefix + rest).encode() < end.encode()
    assert end is None or not end.startswith(prefix)


def test_the_last_character_has_no_end() -> None:
    assert prefix_end("\U0010ffff") is None
    assert prefix_end("a\U0010ffff") == "b"
    assert prefix_end("\ud7ff") == "\ue000"
    assert below("\U0010ffff") is None


@pytest.mark.parametrize(
    ("key", "prefix", "delimiter", "wanted"),
    [
        ("a/b/c", "", "/", "a/"),
        ("a/b/c", "a/", "/", "a/b/"),
        ("a/b", "a/", "/", None),
        ("a//b", "a/", "/", "a//"),
        ("ab", "a", "", None),
        ("photos-2026-01", "", "-20", "photos-20"),
        ("b/c", "a", "/", None),
    ],
)
def test_what_a_key_is_listed_as(key: str, prefix: str, delimiter: str, wanted: str | None) -> None:
    assert common_prefix(key, prefix, delimiter) == wanted


def test_keys_are_walked_in_the_order_of_their_bytes(database: Database, versions: Versions) -> None:
    keys = ["a", "B", "é", "z", "\uffff", "😀", "a/", "a//", "a b", "a+b"]
    with database.transaction() as tx:
        for key in keys:
            versions.add(tx, _version(key, "null"), [])
        walked = [version.key for version in versions.walk(tx, "b", "", Cursor())]
    assert walked == sorted(keys, key=str.encode)


def test_a_walk_goes_on_over_many_batches_without_loss_or_repetition(database: Database, versions: Versions) -> None:
    keys = [f"k{number:04}" for number in range(3 * FIRST_BATCH)]
    with database.transaction() as tx:
        for key in keys:
            for version_id in ("1", "2", "3"):
                versions.add(tx, _version(key, version_id), [])
        latest = [found.key for found in versions.walk_latest(tx, "b", "k", Cursor(), 5)]
        every = [(one.key, one.version_id) for one in versions.walk(tx, "b", "k", Cursor())]
    assert latest == keys
    assert every == [(key, version_id) for key in keys for version_id in ("3", "2", "1")]


def test_an_object_from_before_there_were_checksums_is_listed(database: Database, versions: Versions) -> None:
    with database.transaction() as tx:
        versions.add(tx, _version("k", "1"), [])
        tx.connection.execute(update(objects).values(body='{"encryption": {}}'))
        (found,) = versions.walk_latest(tx, "b", "", Cursor(), 1)
    assert (found.checksums, found.checksum_type) == ("{}", "FULL_OBJECT")


def test_removing_the_newest_version_makes_the_one_before_it_the_newest(database: Database, versions: Versions) -> None:
    with database.transaction() as tx:
        for version_id in ("1", "2"):
            versions.add(tx, _version("k", version_id), [])
        versions.add(tx, _version("k", "marker", marker=True), [])
        marker = versions.latest(tx, "b", "k")
        assert marker is not None
        assert marker.is_delete_marker
        assert list(versions.walk_latest(tx, "b", "", Cursor(), 1)) == []
        versions.remove(tx, marker)
        newest = versions.latest(tx, "b", "k")
        assert newest is not None
        assert newest.version_id == "2"


def test_the_null_version_is_replaced_and_its_file_removed_once_that_is_on_disk(
    database: Database, versions: Versions
) -> None:
    body = versions.bodies.write([b"x"])
    file = versions.bodies.keep(body)
    with database.transaction() as tx:
        versions.add(tx, _version("k", "null"), [Segment(file=file, size=1, sealed_key=b"")])
    with database.transaction() as tx:
        versions.add(tx, _version("k", "null").model_copy(update={"holder": "other"}), [])
        assert versions.bodies.path(file).exists()
        assert len(versions.of_key(tx, "b", "k")) == 1
    assert not versions.bodies.path(file).exists()
    with database.reading() as tx:
        assert versions.known_files(tx) == set()
