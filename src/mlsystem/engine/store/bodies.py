"""Object bodies as files: encrypted and written aside, flushed to disk, then renamed into place.

A body that is in place is whole. What a crash leaves aside is swept at the next start. A body that is being read when its object is
overwritten or deleted stays until it has been read.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import threading
import weakref
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from mlsystem.engine.decide.errors import EngineError
from mlsystem.engine.store.cipher import CHUNK_BYTES, KEY_BYTES, SEALED_CHUNK_BYTES, ChunkCipher
from mlsystem.engine.store.disk import disk_error, sync_folder
from mlsystem.engine.store.folder import DataFolder

PIECE_BYTES = 16 * CHUNK_BYTES


class BodyGone(EngineError):
    """The body was removed after its row was read: read the row again."""


@dataclass(frozen=True)
class Body:
    """A complete body that lies aside: `path` is in the folder `incoming`, encrypted under `key`.

    `size` and the digests are those of the plain bytes; `checksums` are those which most uploads name, base64, as S3 sends them.
    """

    path: Path
    size: int
    md5: str
    sha256: str
    checksums: Mapping[str, str]
    key: bytes = field(repr=False)

    def pieces(self) -> Iterator[bytes]:
        """Its plain bytes, as long as it lies aside."""
        return _read(self.path, Extent(self.path.name, self.key, 0, self.size))


class BodyWriter:
    """Takes a body in pieces. Use as a context manager: what is not finished is removed."""

    def __init__(self, folder: DataFolder):
        self._path = folder.incoming / secrets.token_hex(16)
        self._file: BinaryIO | None = self._path.open("xb")
        self._key = secrets.token_bytes(KEY_BYTES)
        self._cipher = ChunkCipher(self._key)
        self._pending = bytearray()
        self._chunks = 0
        self._size = 0
        self._crc32 = 0
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha256")}

    def __enter__(self) -> BodyWriter:
        return self

    def __exit__(self, *_: object) -> None:
        file, self._file = self._file, None
        if file is not None:
            self._path.unlink(missing_ok=True)
            # On a full disk closing fails too, as it would write what is buffered.
            with suppress(OSError):
                file.close()

    def write(self, data: bytes) -> None:
        """Raises OSError, for example on a full disk."""
        self._size += len(data)
        self._crc32 = zlib.crc32(data, self._crc32)
        for digest in self._hashes.values():
            digest.update(data)
        rest = memoryview(data)
        if self._pending:
            taken = CHUNK_BYTES - len(self._pending)
            self._pending += rest[:taken]
            rest = rest[taken:]
            if len(self._pending) == CHUNK_BYTES:
                self._write_chunk(self._pending)
                self._pending.clear()
        while len(rest) >= CHUNK_BYTES:
            self._write_chunk(rest[:CHUNK_BYTES])
            rest = rest[CHUNK_BYTES:]
        self._pending += rest

    def _write_chunk(self, chunk: bytearray | memoryview) -> None:
        assert self._file is not None
        self._file.write(self._cipher.seal(self._chunks, chunk))
        self._chunks += 1

    def finish(self) -> Body:
        """Flush to disk; from here on the file belongs to whoever takes the Body."""
        assert self._file is not None
        if self._pending:
            self._write_chunk(self._pending)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        checksums = {
            "crc32": base64.b64encode(self._crc32.to_bytes(4, "big")).decode(),
            "sha256": base64.b64encode(self._hashes["sha256"].digest()).decode(),
        }
        md5, sha256 = self._hashes["md5"].hexdigest(), self._hashes["sha256"].hexdigest()
        return Body(self._path, self._size, md5, sha256, checksums, self._key)


@dataclass(frozen=True)
class Extent:
    """A range of one body in place: `length` plain bytes from `start`."""

    name: str
    key: bytes = field(repr=False)
    start: int
    length: int


class BodySlice:
    """A range of an object, as it leaves; its bodies are kept until it is closed, read to its end, or forgotten."""

    def __init__(self, store: BodyStore, extents: Sequence[Extent]):
        """Raises BodyGone."""
        names = tuple(extent.name for extent in extents)
        store.hold(names)
        self._let_go = weakref.finalize(self, store.let_go, names)
        self._let_go.atexit = False
        self._store = store
        self._extents = tuple(extents)
        self.length = sum(extent.length for extent in extents)

    def pieces(self) -> Iterator[bytes]:
        """Its bytes, once."""
        try:
            for extent in self._extents:
                yield from _read(self._store.path(extent.name), extent)
        finally:
            self.close()

    def read(self) -> bytes:
        """All of it, as botocore's StreamingBody has it."""
        return b"".join(self.pieces())

    def close(self) -> None:
        self._let_go()


def _read(path: Path, extent: Extent) -> Iterator[bytes]:
    cipher = ChunkCipher(extent.key)
    index, skipped = divmod(extent.start, CHUNK_BYTES)
    missing = extent.length
    with path.open("rb") as file:
        file.seek(index * SEALED_CHUNK_BYTES)
        while missing > 0:
            piece = bytearray()
            while len(piece) < min(PIECE_BYTES, missing + skipped):
                sealed = file.read(SEALED_CHUNK_BYTES)
                if not sealed:
                    raise EngineError(f"the body {path.name} is shorter than its row says: the data folder is damaged")
                piece += cipher.open(index, sealed)
                index += 1
            wanted = bytes(piece[skipped : skipped + missing])
            skipped = 0
            missing -= len(wanted)
            yield wanted


class BodyStore:
    """The folder of bodies in place, by a random name each. Thread-safe."""

    def __init__(self, folder: DataFolder):
        self._folder = folder
        # Reentrant: a slice may be forgotten, and so let go, by the garbage collector in the middle of any of these.
        self._lock = threading.RLock()
        self._held: Counter[str] = Counter()
        self._doomed: set[str] = set()

    def write(self, pieces: Iterable[bytes]) -> Body:
        """Write a body aside. Raises OSError."""
        with BodyWriter(self._folder) as writer:
            for piece in pieces:
                writer.write(piece)
            return writer.finish()

    def keep(self, body: Body) -> str:
        """Rename a body into place; the name under which it is found. Raises AwsError (507) when the disk is full."""
        name = body.path.name
        try:
            target = self._place(name)
            body.path.rename(target)
            sync_folder(target.parent)
        except OSError as error:
            raise disk_error(error) from error
        return name

    def duplicate(self, name: str) -> str:
        """A second name for the same bytes, which lives on its own. Raises BodyGone."""
        copy = secrets.token_hex(16)
        target = self._place(copy)
        try:
            target.hardlink_to(self.path(name))
        except FileNotFoundError as error:
            raise BodyGone(name) from error
        sync_folder(target.parent)
        return copy

    def path(self, name: str) -> Path:
        """Where the body `name` is."""
        return self._folder.objects / name[:2] / name

    def _place(self, name: str) -> Path:
        target = self.path(name)
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True, mode=0o700)
            sync_folder(self._folder.objects)
        return target

    def hold(self, names: Sequence[str]) -> None:
        """Keep these bodies until `let_go`. Raises BodyGone where one has been removed already."""
        with self._lock:
            for name in names:
                if name in self._doomed or not self.path(name).exists():
                    raise BodyGone(name)
            self._held.update(names)

    def let_go(self, names: Sequence[str]) -> None:
        with self._lock:
            self._held.subtract(names)
            for name in set(names):
                if self._held[name] > 0:
                    continue
                del self._held[name]
                if name in self._doomed:
                    self._doomed.remove(name)
                    self.path(name).unlink(missing_ok=True)

    def remove(self, names: Iterable[str]) -> None:
        """Delete bodies that no row names any more: those that are held, when they are let go."""
        with self._lock:
            for name in names:
                if self._held[name] > 0:
                    self._doomed.add(name)
                else:
                    self.path(name).unlink(missing_ok=True)

    def sweep(self, known: set[str]) -> int:
        """Remove what lies aside and every body that no row names; how many."""
        strays = list(self._folder.incoming.iterdir())
        for shelf in self._folder.objects.iterdir():
            with os.scandir(shelf) as entries:
                strays += [shelf / entry.name for entry in entries if entry.name not in known]
        for path in strays:
            path.unlink(missing_ok=True)
        return len(strays)
