"""Envoy's process and port: started under the shim, adopted by the next engine, started again when it dies.

The door goes on serving while the engine is dead, so its port and its process outlive an engine and are written down: the process
by a number that grows with every start, since a process's name is used once.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from pathlib import Path

from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.dataplane.errors import DataPlaneError
from mlsystem.engine.decide.errors import AwsError, StartupError
from mlsystem.engine.runtime.errors import ProcessError
from mlsystem.engine.runtime.exits import ExitBoard
from mlsystem.engine.runtime.process import Exited, Log, ProcessSpec, Running
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.store.database import Database

log = logging.getLogger(__name__)

OWNER = "door"
_PORT = "door_port"
_GENERATION = "door_generation"
_COMMAND = "door_command"
_OPEN_SECONDS = 15.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.01
# A door that dies again and again is started again after a pause that grows.
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0


class DoorProcess:
    """The one Envoy of a data folder."""

    def __init__(self, database: Database, runner: ProcessRunner, plane: DataPlane, log_path: Path):
        self._database = database
        self._runner = runner
        self._plane = plane
        self._log_path = log_path
        self._condition = threading.Condition()
        self._is_stopping = False
        self._ended: set[str] = set()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        return isinstance(self._runner.status(self._process_id()), Running)

    def start(self, exits: ExitBoard) -> None:
        """Adopt the Envoy that runs, or start one. The configuration must be written."""
        exits.subscribe(OWNER, self._on_exit)
        if self.is_running and self._database.setting(_COMMAND, str) != self._command():
            self._end_and_wait()
        if not self.is_running:
            self._start_next()
        self._thread = threading.Thread(target=self._supervise, name="door-process", daemon=True)
        self._thread.start()

    def wait_open(self) -> None:
        """Wait until the door is open and serves what was written. Raises StartupError with Envoy's last words."""
        deadline = time.monotonic() + _OPEN_SECONDS
        while not self._plane.is_ready():
            if not self.is_running or time.monotonic() > deadline:
                raise StartupError(f"the front door did not open: {self._last_words()}")
            time.sleep(_POLL_SECONDS)
        try:
            self._plane.wait_applied()
        except DataPlaneError as error:
            raise StartupError(f"the front door did not open: {error}") from error

    def stop(self) -> None:
        """End Envoy, for an engine that ends in good order."""
        with self._condition:
            self._is_stopping = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._end_and_wait()

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
            log.warning("the front door ended and is started again: %s", self._last_words())
            with self._condition:
                if self._condition.wait_for(lambda: self._is_stopping, pause):
                    return
            began = time.monotonic()
            self._try_next()

    def _await_end(self) -> bool:
        """Whether Envoy ended; False when the engine does."""
        with self._condition:
            self._condition.wait_for(lambda: self._is_stopping or self._process_id() in self._ended)
            return not self._is_stopping

    def _try_next(self) -> None:
        try:
            self._start_next()
        except (ProcessError, AwsError, OSError):  # a full disk may have room again
            log.exception("the front door cannot be started")
            self._ended.add(self._process_id())

    def _start_next(self) -> None:
        before = self._process_id()
        with self._database.transaction():
            generation = int(self._database.setting(_GENERATION, lambda: "0")) + 1
            self._database.change_setting(_GENERATION, str(generation))
            self._database.setting(_COMMAND, str)
            self._database.change_setting(_COMMAND, self._command())
        spec = ProcessSpec(
            id=self._process_id(),
            argv=tuple(self._plane.command()),
            log=Log(self._log_path),
            working_directory=str(self._plane.layout.folder),
            sandbox="host",
            network="host",
            stop_grace_seconds=5.0,
        )
        self._runner.start(spec)
        self._runner.forget(before)

    def _end_and_wait(self) -> None:
        process_id = self._process_id()
        if not self.is_running:
            return
        self._runner.stop(process_id, "the engine ends")
        deadline = time.monotonic() + _STOP_SECONDS
        while isinstance(self._runner.status(process_id), Running) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)

    def _process_id(self) -> str:
        return f"{OWNER}.{self._database.setting(_GENERATION, lambda: '0')}"

    def _command(self) -> str:
        return json.dumps(self._plane.command())

    def _last_words(self) -> str:
        try:
            lines = self._log_path.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else f"it left no word in {self._log_path}"


class ReservedPort:
    """The door's port. Until it is released no other program is given it; Envoy may take it meanwhile, for this one does not listen."""

    def __init__(self, number: int, holder: socket.socket | None = None):
        self.number = number
        self._holder = holder

    def release(self) -> None:
        if self._holder is not None:
            self._holder.close()


def reserve_port(database: Database, host: str, wanted: int, is_open: bool) -> ReservedPort:
    """The door's port: the wanted one, or for 0 the one of before, else a free one; it is written down.

    `is_open`: Envoy runs already, and has the port of before. Raises StartupError when another program has the wanted one.
    """
    before = int(database.setting(_PORT, lambda: "0"))
    if is_open and wanted in (0, before):
        return ReservedPort(before)
    try:
        port = _reserve(host, wanted or before)
    except OSError as error:
        if wanted:
            raise StartupError(
                f"port {wanted} on {host} is in use: end the program that has it, or choose another with --port"
            ) from error
        port = _reserve(host, 0)
    database.change_setting(_PORT, str(port.number))
    return port


def _reserve(host: str, port: int) -> ReservedPort:
    holder = socket.socket()
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((host, port))
    except OSError:
        holder.close()
        raise
    return ReservedPort(int(holder.getsockname()[1]), holder)
