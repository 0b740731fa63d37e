"""Tells each room of the ends of its own processes."""

from __future__ import annotations

from collections.abc import Callable

from mlsystem.engine.runtime.process import Exited

ExitHandler = Callable[[str, Exited], None]


class ExitBoard:
    """Routes by the part of a process id before the first full stop: `training-job.demo.18c3` belongs to `training-job`."""

    SEPARATOR = "."

    def __init__(self) -> None:
        self._handlers: dict[str, ExitHandler] = {}

    def subscribe(self, owner: str, handler: ExitHandler) -> None:
        """`handler(process_id, how)` is called at least once for each end, on the watcher's thread."""
        self._handlers[owner] = handler

    def report(self, process_id: str, how: Exited) -> None:
        owner = process_id.split(self.SEPARATOR, 1)[0]
        if owner in self._handlers:
            self._handlers[owner](process_id, how)
