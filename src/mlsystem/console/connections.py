"""The one connection of a console; to an engine that is started anew it is made anew."""

from __future__ import annotations

import threading
from pathlib import Path

from mlsystem.client.connection import Connection, Target


class Connections:
    """Thread-safe."""

    def __init__(self, target: Target, home: Path):
        self._target: Target = target
        self._home = home
        self._lock = threading.Lock()
        self._made: tuple[int, Connection] | None = None

    def current(self) -> Connection:
        """Raises NotRunning."""
        with self._lock:
            mark = self._mark()
            if self._made is None or self._made[0] != mark:
                self._made = (mark, Connection(self._target, self._home))
            return self._made[1]

    def _mark(self) -> int:
        """Changes whenever an engine has begun."""
        try:
            return (self._home / "credentials.json").stat().st_mtime_ns if self._target == "local" else 0
        except OSError:
            return -1
