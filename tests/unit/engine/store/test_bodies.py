"""Bodies on disk: whole, encrypted, readable by ranges, and kept as long as somebody reads them."""

from __future__ import annotations

import base64
import gc
import hashlib
import zlib
from pathlib import Path

import pytest

from mlsystem.engine.decide.errors import EngineError
from mlsystem.engine.store.bodies import Body, BodyGone, BodySlice, BodyStore, BodyWriter, Extent
from mlsystem.engine.store.cipher import CHUNK_BYTES, open_key, seal_key
from mlsystem.engine.store.folder import DataFolder

SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 17]


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.prepare()
    return made


@pytest.fixture
def store(folder: DataFolder) -> BodyStore:
    return BodyStore(folder)


def _pattern(size: int) -> bytes:
    return bytes(index * 31 % 251 for index in range(size))


def _slice(store: BodyStore, body: Body, name: str, start: int = 0, length: int | None = None) -> BodySlice:
    return BodySlice(store, [Extent(name, body.key, start, body.size - start if length is None else length)])


@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_is_read_back_and_told_by_its_digests(store: BodyStore, size: int) -> None:
    data = _pattern(size)
    body = store.write([data[:100], data[100:]])
    assert body.size == size
    assert body.md5 == hashlib.md5(data).hexdigest()
    assert body.sha256 == hashlib.sha256(data).hexdigest()
    assert base64.b64decode(body.checksums["crc32"]) == zlib.crc32(data).to_bytes(4, "big")
    assert _slice(store, body, store.keep(body)).read() == data


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 1), (CHUNK_BYTES - 1, 2), (CHUNK_BYTES, CHUNK_BYTES), (3, 4 * CHUNK_BYTES), (5 * CHUNK_BYTES, 17), (7, 0)],
)
def test_a_range_is_read_without_the_rest(store: BodyStore, start: int, length: int) -> None:
    data = _pattern(5 * CHUNK_BYTES + 17)
    body = store.write([data])
    assert _slice(store, body, store.keep(body), start, length).read() == data[start : start + length]


def test_nothing_on_disk_tells_the_bytes(store: BodyStore, folder: DataFolder) -> None:
    secret = b"a sentence that nobody may find on the disk"
    name = store.keep(store.write([secret * 3000]))
    assert secret not in store.path(name).read_bytes()
    assert not any(secret in path.read_bytes() for path in folder.root.rglob("*") if path.is_file())


@pytest.mark.parametrize("damage", ["flipped", "swapped", "cut"])
def test_a_damaged_body_is_never_given_out(store: BodyStore, damage: str) -> None:
    body = store.write([_pattern(3 * CHUNK_BYTES)])
    name = store.keep(body)
    path = store.path(name)
    sealed = path.read_bytes()
    third = len(sealed) // 3
    match damage:
        case "flipped":
            path.write_bytes(bytes([sealed[0] ^ 1]) + sealed[1:])
        case "swapped":
            path.write_bytes(sealed[third : 2 * third] + sealed[:third] + sealed[2 * third :])
        case "cut":
            path.write_bytes(sealed[: 2 * third])
    with pytest.raises(EngineError, match="damaged"):
        _slice(store, body, name).read()


def test_an_unfinished_body_leaves_nothing(folder: DataFolder) -> None:
    with BodyWriter(folder) as writer:
        writer.write(b"half of it")
    assert list(folder.incoming.iterdir()) == []


def test_a_body_that_is_being_read_survives_its_removal(store: BodyStore) -> None:
    data = _pattern(8 * CHUNK_BYTES)
    body = store.write([data])
    name = store.keep(body)
    slice_ = _slice(store, body, name)
    pieces = slice_.pieces()
    first = next(pieces)
    store.remove([name])
    assert store.path(name).exists()
    assert first + b"".join(pieces) == data
    assert not store.path(name).exists()


def test_a_slice_that_is_forgotten_lets_go_of_its_body(store: BodyStore) -> None:
    body = store.write([b"x"])
    name = store.keep(body)
    slice_ = _slice(store, body, name)
    store.remove([name])
    assert store.path(name).exists()
    del slice_
    gc.collect()
    assert not store.path(name).exists()


def test_a_body_that_was_removed_cannot_be_opened_any_more(store: BodyStore) -> None:
    body = store.write([b"x"])
    name = store.keep(body)
    reader = _slice(store, body, name)
    store.remove([name])
    with pytest.raises(BodyGone):
        _slice(store, body, name)
    reader.close()
    with pytest.raises(BodyGone):
        _slice(store, body, name)


def test_a_duplicate_outlives_the_original(store: BodyStore) -> None:
    body = store.write([b"copied"])
    name = store.keep(body)
    copy = store.duplicate(name)
    store.remove([name])
    assert _slice(store, body, copy).read() == b"copied"
    with pytest.raises(BodyGone):
        store.duplicate(name)


def test_the_sweep_removes_what_no_row_names_and_nothing_else(store: BodyStore, folder: DataFolder) -> None:
    kept, stray = store.write([b"kept"]), store.write([b"stray"])
    name = store.keep(kept)
    stray_name = store.keep(stray)
    aside = store.write([b"aside"])
    assert store.sweep({name}) == 2
    assert store.path(name).exists()
    assert not store.path(stray_name).exists()
    assert not aside.path.exists()


def test_a_sealed_key_opens_for_its_purpose_alone() -> None:
    outer, key = b"o" * 32, b"k" * 32
    sealed = seal_key(outer, key, "file-1")
    assert key not in sealed
    assert open_key(outer, sealed, "file-1") == key
    with pytest.raises(EngineError, match="file-2"):
        open_key(outer, sealed, "file-2")
    with pytest.raises(EngineError, match="file-1"):
        open_key(b"p" * 32, sealed, "file-1")
