"""The spools: what Envoy writes down, handed over file by file.

Envoy appends to one live log. `rotate` seals it: renames it, has Envoy open a new one, and waits until it has. A
sealed file never changes, so its name and an offset in it name a line for ever; whoever has dealt with all of it
deletes it. A crash at any point loses nothing: what was renamed but not yet sealed is sealed by the next rotation.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mlsystem.engine.dataplane.admin import Admin
from mlsystem.engine.dataplane.errors import AdminSilent, AdminUnreachable
from mlsystem.engine.store.folder_watch import LONGEST_PAUSE_SECONDS, FolderWatch

_REOPEN_SECONDS = 5.0
# Many flush intervals of Envoy: what it held has been written by then.
_FLUSH_SECONDS = 2.0
_POLL_SECONDS = 0.01
_BUFFERED = "filesystem.write_total_buffered"


class Spool:
    """The files of one log."""

    def __init__(self, live: Path, admin: Admin):
        self.live = live
        self._admin = admin
        self._lock = threading.Lock()

    def rotate(self, with_buffer: bool = False) -> list[Path]:
        """Seal what was written so far; all sealed files, oldest first.

        `with_buffer` waits for what Envoy still holds in memory. An empty log is left alone. When Envoy does not run, nobody writes, and
        the rename is enough; where it runs and does not answer, it may yet write to what was renamed: that is left for the next time.
        """
        with self._lock:
            if with_buffer:
                self._await_written()
            if self.live.exists() and self.live.stat().st_size > 0:
                self.live.replace(self.live.with_name(f"{self.live.stem}-{time.time_ns():020d}.unsealed"))
            unsealed = sorted(self.live.parent.glob(f"{self.live.stem}-*.unsealed"))
            if unsealed and self._reopen():
                for path in unsealed:
                    path.replace(path.with_suffix(".sealed"))
            return self.sealed()

    def watch(self, name: str, ship: Callable[[], None], longest_seconds: float = LONGEST_PAUSE_SECONDS) -> FolderWatch:
        """Calls `ship` when the live log has grown; it is to `rotate`, and to remove what it has dealt with."""
        live = str(self.live)
        return FolderWatch(
            name, self.live.parent, lambda _: ship(), lambda path: path == live, longest_seconds=longest_seconds
        )

    def sealed(self) -> list[Path]:
        """The sealed files, oldest first."""
        return sorted(self.live.parent.glob(f"{self.live.stem}-*.sealed"))

    def _reopen(self) -> bool:
        """Returns when the old file is complete; False when nobody can say whether it is.

        Told to open its logs anew, Envoy closes the old file before it creates the new one, but only when it has something to write or
        its flush interval is over. What is not yet written then goes to the new file; so when it holds nothing, the old one is complete,
        too, and likewise when no new one appeared for many flush intervals: nobody has ever written to this log.
        """
        try:
            self._admin.reopen_logs()
            deadline = time.monotonic() + _REOPEN_SECONDS
            while not self.live.exists() and self._is_buffering() and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
        except AdminSilent:
            return False
        except AdminUnreachable:
            return True
        return True

    def _await_written(self) -> None:
        try:
            deadline = time.monotonic() + _FLUSH_SECONDS
            while self._is_buffering() and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
        except AdminUnreachable:
            return

    def _is_buffering(self) -> bool:
        """Whether Envoy holds lines of any log in memory."""
        return bool(self._admin.statistics(f"^{_BUFFERED}$").get(_BUFFERED, 0))


def complete_lines(path: Path, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Each complete line from `offset` on, with the offset at which it begins; a torn last one is left out."""
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield offset, line
            offset += len(line)
