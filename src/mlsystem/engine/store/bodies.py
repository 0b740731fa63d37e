"""Object bodies as files: written aside, flushed to disk, then renamed into place.

A body that is in place is whole. What a crash leaves aside is swept at the next start.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.store.folder import DataFolder

# The HTTP header of each checksum that is verified, and how it is computed.
CHECKSUMS = ("crc32", "sha1", "sha256")


@dataclass(frozen=True)
class Body:
    """A complete body that lies aside: `path` is in the folder `incoming`. Checksums are base64, as S3 sends them."""

    path: Path
    size: int
    md5: str
    sha256: str
    checksums: Mapping[str, str]


@dataclass(frozen=True)
class BodySlice:
    """A part of a body in place, as it leaves: `length` bytes from `start`."""

    path: Path
    start: int
    length: int

    PIECE_BYTES: ClassVar[int] = 256 * 1024

    def pieces(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(self.start)
            missing = self.length
            while missing > 0:
                piece = file.read(min(self.PIECE_BYTES, missing))
                if not piece:
                    raise AwsError("InternalError", f"the body {self.path.name} is shorter than its row says", 500)
                missing -= len(piece)
                yield piece

    def read(self) -> bytes:
        """All of it, as botocore's StreamingBody has it."""
        return b"".join(self.pieces())


class BodyWriter:
    """Takes a body in pieces. Use as a context manager: what is not finished is removed."""

    def __init__(self, folder: DataFolder):
        self._path = folder.incoming / secrets.token_hex(16)
        self._file: BinaryIO | None = self._path.open("xb")
        self._size = 0
        self._crc32 = 0
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha1", "sha256")}

    def __enter__(self) -> BodyWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Raises OSError, for example on a full disk."""
        assert self._file is not None
        self._file.write(data)
        self._size += len(data)
        self._crc32 = zlib.crc32(data, self._crc32)
        for digest in self._hashes.values():
            digest.update(data)

    def finish(self) -> Body:
        """Flush to disk; from here on the file belongs to whoever takes the Body."""
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        checksums = {
            "crc32": base64.b64encode(self._crc32.to_bytes(4, "big")).decode(),
            "sha1": base64.b64encode(self._hashes["sha1"].digest()).decode(),
            "sha256": base64.b64encode(self._hashes["sha256"].digest()).decode(),
        }
        return Body(
            self._path, self._size, self._hashes["md5"].hexdigest(), self._hashes["sha256"].hexdigest(), checksums
        )


class BodyStore:
    """The folder of bodies in place, by a random name each."""

    def __init__(self, folder: DataFolder):
        self._folder = folder

    def write(self, pieces: Iterable[bytes]) -> Body:
        """Write a body aside."""
        with BodyWriter(self._folder) as writer:
            for piece in pieces:
                writer.write(piece)
            return writer.finish()

    def keep(self, body: Body) -> str:
        """Rename a body into place; the name under which it is found."""
        name = body.path.name
        target = self.path(name)
        target.parent.mkdir(exist_ok=True, mode=0o700)
        body.path.rename(target)
        _sync_folder(target.parent)
        return name

    def path(self, name: str) -> Path:
        """Where the body `name` is. Raises AwsError when the file is gone, which only happens to a damaged folder."""
        return self._folder.objects / name[:2] / name

    def open(self, name: str) -> BinaryIO:
        try:
            return self.path(name).open("rb")
        except FileNotFoundError as error:
            raise AwsError("InternalError", f"the body {name} is missing in {self._folder.objects}", 500) from error

    def remove(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)

    def sweep(self, known: set[str]) -> int:
        """Remove what lies aside and every body that no row names; how many."""
        strays = [path for path in self._folder.objects.glob("*/*") if path.name not in known]
        strays += list(self._folder.incoming.iterdir())
        for path in strays:
            path.unlink(missing_ok=True)
        return len(strays)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
