"""A data folder with something of everything, without an engine that works on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete, insert

from mlsystem.engine.runtime.shim import record
from mlsystem.engine.store import schema
from mlsystem.engine.store.bodies import BodySlice, BodyStore, Extent
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder
from mlsystem.engine.store.keys import KeyRing

BODY = b"an object " * 20_000
SHARED = b"a shared file"


@dataclass
class Home:
    """A folder with one object, named by a row; `write` and `remove` do what the engine's S3 does."""

    root: Path

    def __post_init__(self) -> None:
        self.folder = DataFolder(self.root)
        self.folder.prepare()
        self.database = Database(self.folder.database, SystemClock())
        self.bodies = BodyStore(self.folder)
        for name in ("account", "region"):
            self.database.setting(name, lambda: "here")
        KeyRing(self.database)

    def write(self) -> Extent:
        body = self.bodies.write([BODY])
        name = self.bodies.keep(body)
        with self.database.transaction() as tx:
            row = {"file": name, "holder": name, "position": 0, "size": body.size, "sealed_key": b""}
            tx.connection.execute(insert(schema.segments).values(**row))
        return Extent(name, body.key, 0, body.size)

    def remove(self, extent: Extent) -> None:
        with self.database.transaction() as tx:
            tx.connection.execute(delete(schema.segments).where(schema.segments.c.file == extent.name))
            tx.after_commit(lambda: self.bodies.remove([extent.name]))

    def fill(self) -> None:
        """What lies beside database and bodies."""
        share = self.folder.shares / "fs-1" / "models"
        share.mkdir(parents=True)
        (share / "model.bin").write_bytes(SHARED)
        (share / "model.bin").chmod(0o750)
        (share / "current").symlink_to("/mnt/models/model.bin")
        (self.folder.shares / "fs-1" / "empty").mkdir(mode=0o711)
        repository = self.folder.repositories / "project.git"
        (repository / "objects" / "ab").mkdir(parents=True)
        (repository / "objects" / "ab" / "cdef").write_bytes(b"a commit")
        (repository / "HEAD").write_text("ref: refs/heads/main\n")
        (repository / "HEAD.lock").touch()
        (self.folder.images / "blobs").mkdir()
        (self.folder.images / "blobs" / "0123").write_bytes(b"a layer")
        (self.folder.door / "spool").mkdir()
        (self.folder.door / "spool" / "captured.log").write_bytes(b"whole\ntor")
        (self.root / "credentials.json").write_text('{"secret_access_key": "root-secret"}')
        self._process("training-job.done", ended=True)
        self._process("training-job.runs", ended=False)

    def _process(self, name: str, ended: bool) -> None:
        place, tree = self.folder.processes / name, self.folder.work / "jobs" / name
        place.mkdir()
        tree.mkdir(parents=True)
        (tree / "model").write_bytes(b"trained")
        record.replace(str(place / record.STARTED), {"shim_pid": 1, "started_at": 1.0})
        record.replace(str(place / record.PLAN), {"AWS_SECRET_ACCESS_KEY": "role-secret", "mounts": [f"{tree}/ml"]})
        if ended:
            end = {"exit_code": 0, "signal": None, "reason": "exited", "message": ""}
            record.replace(str(place / record.EXIT), {**end, "started_at": 1.0, "ended_at": 2.0})


def read(folder: DataFolder, extent: Extent) -> bytes:
    return BodySlice(BodyStore(folder), [extent]).read()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    os.umask(0o022)
    return Home(tmp_path / "home")
