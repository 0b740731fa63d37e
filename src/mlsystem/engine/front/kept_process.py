"""A server of the engine's own that is always there: started under the shim, adopted by the next engine, started again when it dies.

It is named by a number that grows with every start, which is written down, since a process's name is used once.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mlsystem.engine.decide.errors import AwsError, StartupError
from mlsystem.engine.runtime.errors import ProcessError
from mlsystem.engine.runtime.exits import ExitBoard
from mlsystem.engine.runtime.process import Exited, Inbound, Log, Mount, ProcessSpec, Running
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.store.database import Database

log = logging.getLogger(__name__)

_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.01
# One that dies again and again is started again after a pause that grows.
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0


class KeptProcess:
    """The one with the name `owner` of a data folder. `title` is what a person calls it.

    With `mounts` it is shut in: it sees those and no other file of the person's, and has no network but the `socket` that it makes.
    `may_start` tells whether the one before has let go of what it had: a program outlives its shim, by whose end its own is known.
    """

    def __init__(
        self,
        owner: str,
        title: str,
        command: Callable[[], Sequence[str]],
        working_directory: Path,
        log_path: Path,
        database: Database,
        runner: ProcessRunner,
        mounts: Sequence[Mount] = (),
        socket: Path | None = None,
        may_start: Callable[[], bool] = lambda: True,
    ):
        self._owner = owner
        self._title = title
        self._argv = command
        self._working_directory = working_directory
        self._log_path = log_path
        self._database = database
        self._runner = runner
        self._mounts = tuple(mounts)
        self._inbound = None if socket is None else Inbound(socket, port=0)
        self._may_start = may_start
        self._condition = threading.Condition()
        self._is_stopping = False
        self._ended: set[str] = set()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        return isinstance(self._runner.status(self._process_id()), Running)

    def start(self, exits: ExitBoard) -> None:
        """Adopt the process that runs, unless it was started by another command, or start one. Raises StartupError."""
        exits.subscribe(self._owner, self._on_exit)
        if self.is_running and self._database.setting(f"{self._owner}_command", str) != self._command():
            self.end()
        if not self.is_running:
            try:
                self._start_next()
            except ProcessError as error:
                raise StartupError(f"{self._title} cannot be started: {error}") from error
        self._thread = threading.Thread(target=self._supervise, name=f"{self._owner}-process", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, for an engine that ends in good order."""
        with self._condition:
            self._is_stopping = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join()
        self.end()

    def end(self) -> None:
        """End the process, and wait until it has."""
        process_id = self._process_id()
        if not self.is_running:
            return
        self._runner.stop(process_id, "the engine ends")
        deadline = time.monotonic() + _STOP_SECONDS
        while isinstance(self._runner.status(process_id), Running) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def last_words(self) -> str:
        try:
            lines = self._log_path.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else f"it left no word in {self._log_path}"

    # ------------------------------------------------------------------ supervision
    def _on_exit(self, process_id: str, how: Exited) -> None:
        with self._condition:
            self._ended.add(process_id)
            self._condition.notify_all()

    def _supervise(self) -> None:
        pause, began = 0.0, time.monotonic()
        while self._await_end():
            has_lived = time.monotonic() - began > _LONGEST_PAUSE_SECONDS
            pause = 0.0 if has_lived else min(pause * 2 + _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
            log.warning("%s ended and is started again: %s", self._title, self.last_words())
            if self._is_stopped_within(pause):
                return
            while not self._may_start():
                if self._is_stopped_within(_POLL_SECONDS):
                    return
            began = time.monotonic()
            self._try_next()

    def _is_stopped_within(self, seconds: float) -> bool:
        with self._condition:
            return self._condition.wait_for(lambda: self._is_stopping, seconds)

    def _await_end(self) -> bool:
        """Whether it ended; False when the engine does."""
        with self._condition:
            self._condition.wait_for(lambda: self._is_stopping or self._process_id() in self._ended)
            return not self._is_stopping

    def _try_next(self) -> None:
        try:
            self._start_next()
        except (ProcessError, AwsError, OSError):  # a full disk may have room again
            log.exception("%s cannot be started", self._title)
            self._ended.add(self._process_id())

    def _start_next(self) -> None:
        before = self._process_id()
        number, command = f"{self._owner}_generation", f"{self._owner}_command"
        with self._database.transaction():
            generation = int(self._database.setting(number, lambda: "0")) + 1
            self._database.change_setting(number, str(generation))
            self._database.setting(command, str)
            self._database.change_setting(command, self._command())
        spec = ProcessSpec(
            id=self._process_id(),
            argv=tuple(self._argv()),
            log=Log(self._log_path),
            working_directory=str(self._working_directory),
            mounts=self._mounts,
            inbound=self._inbound,
            sandbox="sandboxed" if self._mounts else "host",
            network="isolated" if self._mounts else "host",
            stop_grace_seconds=5.0,
        )
        self._runner.start(spec)
        self._runner.forget(before)

    def _process_id(self) -> str:
        return f"{self._owner}.{self._database.setting(f'{self._owner}_generation', lambda: '0')}"

    def _command(self) -> str:
        return json.dumps(list(self._argv()))
