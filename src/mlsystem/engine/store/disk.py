"""What is on the disk for good, and what a client is told when the data folder cannot be written."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import OperationalError

from mlsystem.engine.decide.errors import AwsError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def disk_error(error: OSError) -> AwsError:
    """For a file."""
    if error.errno in FULL:
        return _full()
    return AwsError("InternalError", f"The data folder of the engine cannot be written: {error.strerror}.", 500)


def database_error(error: OperationalError) -> AwsError | None:
    """For the database; None for what has nothing to do with the disk."""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return _full()
    if code == sqlite3.SQLITE_IOERR:
        return AwsError("InternalError", "The data folder of the engine cannot be written: is its disk full?", 507)
    return None


def _full() -> AwsError:
    return AwsError(
        "InsufficientStorage", "The disk of the engine's data folder is full: free space, then try again.", 507
    )


def keep_private(path: Path, content: str, *, stays: bool = False) -> None:
    """A file of its owner's alone, there whole or not at all, and on the disk when this returns. `stays`: one that is there already."""
    descriptor, aside = tempfile.mkstemp(dir=path.parent)  # its mode is 0600
    try:
        os.write(descriptor, content.encode())
        os.fsync(descriptor)
        if stays:
            with suppress(FileExistsError):
                path.hardlink_to(aside)
        else:
            Path(aside).replace(path)
    finally:
        os.close(descriptor)
        Path(aside).unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Until it is on the disk which names it has."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
