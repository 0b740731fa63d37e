"""The spools: what Envoy writes down, handed over file by file.

Envoy appends to one live log. `rotate` seals it: renames it, has Envoy open a new one, and waits until it has. A
sealed file never changes, so its name and an offset in it name a line for ever; whoever has dealt with all of it
deletes it. A crash at any point loses nothing: what was renamed but not yet sealed is sealed by the next rotation.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from mlsystem.engine.dataplane.admin import Admin
from mlsystem.engine.dataplane.errors import AdminUnreachable, DataPlaneError

_REOPEN_SECONDS = 5.0
_POLL_SECONDS = 0.001


class Spool:
    """The files of one log."""

    def __init__(self, live: Path, admin: Admin):
        self.live = live
        self._admin = admin
        self._lock = threading.Lock()

    def rotate(self, with_buffer: bool = False) -> list[Path]:
        """Seal what was written so far; all sealed files, oldest first.

        An empty log is left alone, unless what Envoy has not yet written is wanted, too: `with_buffer`. When Envoy does not run, nobody
        writes, and the rename is enough.
        """
        with self._lock:
            self._seal(with_buffer)
            if with_buffer:
                # Told to open its logs anew, Envoy writes what it holds to the new one: the second time to seal has that.
                self._seal(with_buffer)
            return self.sealed()

    def _seal(self, though_empty: bool) -> None:
        if self.live.exists() and (though_empty or self.live.stat().st_size > 0):
            self.live.replace(self.live.with_name(f"{self.live.stem}-{time.time_ns():020d}.unsealed"))
        unsealed = sorted(self.live.parent.glob(f"{self.live.stem}-*.unsealed"))
        if unsealed:
            self._reopen()
        for path in unsealed:
            path.replace(path.with_suffix(".sealed"))

    def sealed(self) -> list[Path]:
        """The sealed files, oldest first."""
        return sorted(self.live.parent.glob(f"{self.live.stem}-*.sealed"))

    def _reopen(self) -> None:
        """Envoy closes the old file before it creates the new one: once that is there, the old one is complete."""
        try:
            self._admin.reopen_logs()
        except AdminUnreachable:
            return
        deadline = time.monotonic() + _REOPEN_SECONDS
        while not self.live.exists():
            if time.monotonic() > deadline:
                raise DataPlaneError(f"the front door did not open a new {self.live} within {_REOPEN_SECONDS:g} s")
            time.sleep(_POLL_SECONDS)


def complete_lines(path: Path, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Each complete line from `offset` on, with the offset at which it begins; a torn last one is left out."""
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield offset, line
            offset += len(line)
