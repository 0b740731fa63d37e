"""The log of one program: what it printed, in files of a bounded size and number.

The shim is the only writer, so a rotation is a rename between two lines, and nothing is copied or lost. On a full disk
output is dropped and counted, since a program must not die, or block, for its log.
"""

# pathlib would make every start slower.

from __future__ import annotations

import os
from contextlib import suppress

_MODE = 0o600


class RotatingLog:
    """`path` is the newest file, `path.1` the one before, up to `path.<keep>`."""

    def __init__(self, path: str, max_bytes: int, keep: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._lost = 0
        self._open()

    def write(self, data: bytes) -> None:
        while data:
            head = data[: self._whole_lines(data)]
            self._append(head)
            data = data[len(head) :]
            if data:
                self._rotate()

    def close(self) -> None:
        os.close(self.descriptor)

    def _whole_lines(self, data: bytes) -> int:
        """How much of `data` this file still takes, ending in a line's end unless one line exceeds a whole file."""
        room = max(0, self._max_bytes - self._size)
        if len(data) <= room:
            return len(data)
        lines = data.rfind(b"\n", 0, room) + 1
        return lines if lines or self._size else self._max_bytes

    def _append(self, data: bytes) -> None:
        if self._lost:
            notice = b"[%d bytes of output were lost: the disk was full]\n" % self._lost
            if self._write(notice) == len(notice):
                self._lost = 0
        self._lost += len(data) - self._write(data)

    def _write(self, data: bytes) -> int:
        """How many of the bytes reached the file."""
        written = 0
        with suppress(OSError):
            while written < len(data):
                written += os.write(self.descriptor, data[written:])
        self._size += written
        return written

    def _rotate(self) -> None:
        self._size = 0
        if self._keep == 0:
            os.ftruncate(self.descriptor, 0)
            return
        names = [self._path, *(f"{self._path}.{number}" for number in range(1, self._keep + 1))]
        for older, newer in zip(names[:0:-1], names[-2::-1], strict=True):
            with suppress(FileNotFoundError):
                os.replace(newer, older)
        previous = self.descriptor
        with suppress(OSError):  # a full disk: go on in the old file
            self._open()
            os.close(previous)

    def _open(self) -> None:
        self.descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _MODE)
        self._size = os.fstat(self.descriptor).st_size
