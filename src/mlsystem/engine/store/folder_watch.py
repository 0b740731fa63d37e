"""Looks when the files of a folder have changed: how spools and logs are followed without polling.

The kernel tells what has changed. It grants all programs of a person so many watches together, and refuses more; then, and when a look
failed, everything is looked at again after a pause. So whatever goes wrong is made good, only later: what follows a folder must not end.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from watchfiles._rust_notify import RustNotify  # documented as its direct usage

log = logging.getLogger(__name__)

# Everything is looked at this often although nothing was told.
LONGEST_PAUSE_SECONDS = 30.0
REFUSED_SECONDS = 1.0

# Given the paths that have changed, or None for everything.
Look = Callable[[set[str] | None], None]


class FolderWatch:
    """One thread. `look` is called on it when it starts, and after that when files that `is_wanted` have changed.

    What changes within `batch_milliseconds` is looked at together, or as soon as all is quiet for `quiet_milliseconds`. Where nothing
    changes for `longest_seconds`, everything is looked at.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        look: Look,
        is_wanted: Callable[[str], bool] = lambda _: True,
        batch_milliseconds: int = 2000,
        quiet_milliseconds: int = 400,
        longest_seconds: float = LONGEST_PAUSE_SECONDS,
    ):
        self._name = name
        self._folder = folder
        self._look = look
        self._is_wanted = is_wanted
        self._batch_milliseconds = batch_milliseconds
        self._quiet_milliseconds = quiet_milliseconds
        self._longest_milliseconds = int(min(longest_seconds, LONGEST_PAUSE_SECONDS) * 1000)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """The folder is made where it is missing."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when no look is under way and none will come."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except Exception:  # the supervisor: whatever refuses, a later watch may be granted
                log.exception("%s cannot be watched: it is looked at every %g s", self._folder, REFUSED_SECONDS)
                self._try(None)
                self._stop.wait(REFUSED_SECONDS)

    def _follow(self) -> None:
        """The first look comes when the watch is there: what changes during it is told, too."""
        with RustNotify([str(self._folder)], False, False, 0, True, False) as watcher:
            self._try(None)
            while not self._stop.is_set():
                told = watcher.watch(
                    self._batch_milliseconds, self._quiet_milliseconds, self._longest_milliseconds, self._stop
                )
                if told == "timeout":
                    self._try(None)
                elif not isinstance(told, str) and (wanted := {path for _, path in told if self._is_wanted(path)}):
                    self._try(wanted)

    def _try(self, paths: set[str] | None) -> None:
        try:
            self._look(paths)
        except Exception:  # the supervisor: what could not be done now is done with the next change
            log.exception("%s: what is in %s could not be dealt with", self._name, self._folder)
