"""Files that callers sent, kept for a while on the shared volume: for support, and as future training data.

Every copy of the API function shares the folder, so a file's age alone decides, and a file that another copy removed
first is no error.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from pathlib import Path

PRUNE_SECONDS = 60.0  # at most one walk through the folder a minute


class KeptFiles:
    """A folder whose files are removed when they are older than `retain_seconds`."""

    def __init__(self, folder: Path, retain_seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._retain_seconds = retain_seconds
        self._clock = clock
        self._pruned_at = float("-inf")

    def keep(self, content: bytes, filename: str) -> Path:
        """Write a file under a name of its own that still shows the caller's."""
        self.prune()
        self._folder.mkdir(parents=True, exist_ok=True)
        shown = re.sub(r"[^A-Za-z0-9._-]+", "_", Path(filename).name).lstrip(".")[-100:] or "file"
        path = self._folder / f"{uuid.uuid4().hex}-{shown}"
        path.write_bytes(content)
        return path

    def prune(self) -> None:
        now = self._clock()
        if now - self._pruned_at < PRUNE_SECONDS or not self._folder.is_dir():
            return
        self._pruned_at = now
        for path in self._folder.iterdir():
            _remove_if_older(path, now - self._retain_seconds)


def _remove_if_older(path: Path, limit: float) -> None:
    try:
        if path.is_file() and path.stat().st_mtime < limit:
            path.unlink()
    except FileNotFoundError:
        return  # another copy of the function was faster
