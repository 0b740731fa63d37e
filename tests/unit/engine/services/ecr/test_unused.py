"""Files of images that nothing names any more are removed after a day, and no others."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from mlsystem.engine.runtime.images import ImageStore
from mlsystem.engine.services.ecr.unused import sweep_images
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.records import Record

LONG_AGO, YESTERDAY = 1_000.0, 2_000.0


class Naming(Record):
    """A record of any room that has the digest of an image."""

    kind: ClassVar[str] = "sagemaker.training_job"
    digest: str


class NamingImage(Naming):
    kind: ClassVar[str] = "ecr.image"


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "state.db", SystemClock())
    yield made
    made.close()


def _image(store: ImageStore, name: str, shared: bytes = b"shared") -> str:
    """An unpacked image of two layers, one of which others have, too."""
    layers = [store.add(_layer(name.encode())), store.add(_layer(shared))]
    config = store.add(io.BytesIO(json.dumps({"config": {"Env": [f"NAME={name}"]}}).encode()))
    manifest = {"config": {"digest": config}, "layers": [{"digest": layer} for layer in layers]}
    digest = store.add(io.BytesIO(json.dumps(manifest).encode()))
    store.open(digest)
    return digest


def _layer(content: bytes) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        header = tarfile.TarInfo(f"file-{content.decode()}")
        header.size = len(content)
        tar.addfile(header, io.BytesIO(content))
    stream.seek(0)
    return stream


def _age(folder: Path) -> None:
    for path in (*(folder / "blobs").iterdir(), *(folder / "trees").iterdir()):
        os.utime(path, (LONG_AGO, LONG_AGO))


def test_what_no_image_has_goes_and_what_one_has_stays(store: ImageStore, database: Database, tmp_path: Path) -> None:
    kept, gone = _image(store, "kept"), _image(store, "gone")
    with database.transaction() as tx:
        tx.add(NamingImage(key="one", digest=kept))
    _age(tmp_path / "images")
    # The manifest, its configuration, its own layer, and its tree.
    assert sweep_images(database, store, YESTERDAY) == 4
    assert store.open(kept).environment == {"NAME": "kept"}
    assert sorted(path.name for path in store.open(kept).files.folder.iterdir()) == ["file-kept", "file-shared"]
    assert not store.has(gone)


@pytest.mark.parametrize(("state", "stays"), [("InProgress", True), ("Completed", False)])
def test_a_job_that_goes_on_keeps_its_image(
    store: ImageStore, database: Database, tmp_path: Path, state: str, stays: bool
) -> None:
    digest = _image(store, "used")
    with database.transaction() as tx:
        tx.add(Naming(key="job", state=state, digest=digest))
    _age(tmp_path / "images")
    assert bool(sweep_images(database, store, YESTERDAY)) != stays
    assert store.has(digest) == stays


def test_what_is_being_pushed_stays(store: ImageStore, database: Database, tmp_path: Path) -> None:
    """Layers come before the image that names them; a client that is told that one is there does not send it."""
    old, new = store.add(_layer(b"old")), store.add(_layer(b"new"))
    _age(tmp_path / "images")
    assert store.touch(new)
    assert sweep_images(database, store, YESTERDAY) == 1
    assert (store.has(old), store.has(new)) == (False, True)
    assert not store.touch(old)
