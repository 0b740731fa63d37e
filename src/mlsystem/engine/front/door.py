"""Envoy's process and port.

The door goes on serving while the engine is dead, so its port and its process outlive an engine, and are written down.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path

from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.dataplane.errors import DataPlaneError
from mlsystem.engine.decide.errors import StartupError
from mlsystem.engine.front.kept_process import KeptProcess
from mlsystem.engine.runtime.exits import ExitBoard
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.store.database import Database

OWNER = "door"
_PORT = "door_port"
_OPEN_SECONDS = 15.0
_POLL_SECONDS = 0.01


class DoorProcess:
    """The one Envoy of a data folder."""

    def __init__(self, database: Database, runner: ProcessRunner, plane: DataPlane, log_path: Path, host: str):
        self._plane = plane
        self._database = database
        self._host = host
        self._process = KeptProcess(
            OWNER,
            "the front door",
            plane.command,
            plane.layout.folder,
            log_path,
            database,
            runner,
            may_start=self._is_port_free,
        )

    @property
    def is_running(self) -> bool:
        return self._process.is_running

    def start(self, exits: ExitBoard) -> None:
        """Adopt the Envoy that runs, or start one. The configuration must be written."""
        self._process.start(exits)

    def wait_open(self) -> None:
        """Wait until the door is open and serves what was written. Raises StartupError with Envoy's last words."""
        deadline = time.monotonic() + _OPEN_SECONDS
        while not self._plane.is_ready():
            if not self.is_running or time.monotonic() > deadline:
                raise StartupError(f"the front door did not open: {self._process.last_words()}")
            time.sleep(_POLL_SECONDS)
        try:
            self._plane.wait_applied()
        except DataPlaneError as error:
            raise StartupError(f"the front door did not open: {error}") from error

    def _is_port_free(self) -> bool:
        """Envoy tries once to listen, and would stand there closed."""
        try:
            _reserve(self._host, _written_port(self._database)).release()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End Envoy, for an engine that ends in good order."""
        self._process.stop()


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
    before = _written_port(database)
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


def _written_port(database: Database) -> int:
    return int(database.setting(_PORT, lambda: "0"))


def _reserve(host: str, port: int) -> ReservedPort:
    holder = socket.socket()
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((host, port))
    except OSError:
        holder.close()
        raise
    return ReservedPort(int(holder.getsockname()[1]), holder)
