"""Reports on their way to disk: what cannot be written ends the run."""

import contextlib
from pathlib import Path

from mlsystem.monitor.errors import OutputError


def write_file(path: Path, text: str) -> None:
    """Writes a file, and the folders above it. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
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
