"""Why a backup was not made, or not put back; and a full disk in these words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.store.disk import FULL


class BackupError(StartupError):
    """The one line that the person sees; nothing has changed."""


@contextmanager
def told_of_disk(place: Path) -> Iterator[None]:
    """What the operating system and SQLite say of the disk of `place` becomes a BackupError."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise _full(place) from error
        raise BackupError(f"{error.filename or place}: {error.strerror or error}") from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise _full(place) from error
        raise BackupError(f"the database cannot be copied: {error}") from error


def _full(place: Path) -> BackupError:
    return BackupError(f"the disk of {place} is full: free space, then try again. Nothing is left of this try")
