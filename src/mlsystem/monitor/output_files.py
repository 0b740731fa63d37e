"""Reports on their way to disk: what cannot be written ends the run."""

import contextlib
import secrets
from pathlib import Path

from mlsystem.monitor.errors import OutputError


def write_file(path: Path, text: str) -> None:
    """Writes a file as a whole or not at all, and the folders above it. Raises OutputError.

    Half a surrogate pair, which a name in the data can hold and UTF-8 cannot, becomes what JSON writes for it.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", errors="backslashreplace")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def remove_file(path: Path) -> None:
    """Removes the file of an earlier run, if there is one. Raises OutputError."""
    try:
        if path.is_file():
            path.unlink()
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def report_failure(message: Path, reason: str) -> None:
    """Leaves the reason of a failure where the exit message would be, if that can be written at all."""
    with contextlib.suppress(OutputError):  # the caller tells the reason on its standard error, too
        write_file(message, reason)
