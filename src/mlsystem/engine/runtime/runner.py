"""Runs programs so that their outcome is known although the engine was dead.

Each process has a folder, and a shim that holds the lock in it and writes down how the program ended. What the runner
says is read from there, so it is as true after a restart of the engine as before, and nothing has to be remembered.
"""

import hashlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlsystem.engine.runtime.enclosure import Enclosure, on_the_host
from mlsystem.engine.runtime.errors import (
    NoSuchProcess,
    PlaceTaken,
    ProcessStillRunning,
    SandboxUnavailable,
    ShimFailed,
)
from mlsystem.engine.runtime.interpreter import shim_command
from mlsystem.engine.runtime.machine import Machine
from mlsystem.engine.runtime.process import Exited, NotStarted, ProcessSpec, Running, Status, check_id
from mlsystem.engine.runtime.program_files import remove_folder
from mlsystem.engine.runtime.runtimes import runtime_of
from mlsystem.engine.runtime.shim import claims, limits, record
from mlsystem.engine.runtime.shim.daemon import Daemon, DaemonError
from mlsystem.engine.runtime.shim.main import READY
from mlsystem.engine.runtime.shim.plan import Ended, Group, Plan
from mlsystem.engine.runtime.watcher import Watcher

_FORGOTTEN = ".forgotten-"
_READINESS = 3  # the shim's descriptor, the first after the standard streams
_DOCKER_SECONDS = 30.0
_LOCKS = 16  # processes start side by side, unless their ids fall on the same lock

logger = logging.getLogger(__name__)

EndCallback = Callable[[str, Exited], None]


class ProcessRunner:
    """The processes of one folder; safe to use from several threads.

    `hidden` are folders that no program may see where that can be, the engine's data folder first of all. One runner a folder
    at a time: the engine's own lock sees to that. The machine says in which runtime programs start; those that run already, and
    what they leave, may be of another one.
    """

    def __init__(self, folder: Path, machine: Machine, hidden: Sequence[Path] = ()) -> None:
        self._folder = folder
        self._machine = machine
        self._runtime = runtime_of(machine, folder, tuple(hidden))
        self._callbacks: list[EndCallback] = []
        self._locks = tuple(threading.RLock() for _ in range(_LOCKS))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._watcher = Watcher(self._report_end)

    def start(self, spec: ProcessSpec) -> None:
        """Runs the program unless it was ever run, or stopped, under this id; then only its end is reported (again).

        Returns when the shim has taken it on, which is before the program runs.

        Raises:
            SandboxUnavailable: the machine cannot run it. Nothing was started.
            PlaceTaken: it cannot yet, as another program has a path that it needs. Nothing was started, and later it may be.
            ShimFailed: the shim could not begin, for example on a full disk. Nothing was started.
        """
        folder = self._folder / spec.id
        plan = self._plan(spec, folder / record.SCRATCH)
        with self._lock(spec.id):
            if isinstance(self.status(spec.id), NotStarted):  # also when a shim is on its way: the lock decides
                folder.mkdir(mode=0o700, exist_ok=True)
                if spec.sandbox == "sandboxed":
                    self._runtime.prepare(spec, folder / record.SCRATCH)
                spec.log.path.parent.mkdir(parents=True, exist_ok=True)
                record.replace(str(folder / record.PLAN), plan)
                self._spawn_shim(spec, folder)
                return
        self._attach(spec.id)

    def stop(self, process_id: str, reason: str) -> None:
        """Has the program sent SIGTERM, and SIGKILL when its grace is over; does not wait for that.

        A stop that comes before the start wins: the program will not run, and has ended as stopped when it is started.
        """
        folder = self._existing(process_id)
        try:
            with self._lock(process_id):
                folder.mkdir(mode=0o700, exist_ok=True)
                record.write_once(str(folder / record.STOP), {"reason": reason})
        except OSError:
            # On a full disk: whoever listens can be told without.
            if not _order(folder, "stop"):
                raise
            return
        _order(folder, "stop")  # a shim that does not listen yet reads the file before it starts the program

    def signal(self, process_id: str, number: signal.Signals) -> None:
        """Sends a signal to the program itself.

        Raises:
            NoSuchProcess: it does not run.
        """
        if not _order(self._existing(process_id), f"signal {int(number)}"):
            raise NoSuchProcess(f"process {process_id} does not run, so {number.name} cannot be sent to it")

    def status(self, process_id: str) -> Status:
        """What the process's folder says now."""
        folder = self._existing(process_id)
        # In this order: who has started held the lock before, and who dropped it has written down the end before.
        started = record.read(str(folder / record.STARTED))
        if started is None:
            return NotStarted()
        pid = record.lock_holder(str(folder / record.LOCK))
        if pid is not None:
            inside = record.read(str(folder / record.INSIDE))
            return Running(pid, inside["pid"] if inside else 0)
        ended = record.read(str(folder / record.EXIT))
        return self._lost_or_forgotten(folder) if ended is None else _exited(ended)

    def watch(self, callback: EndCallback) -> None:
        """Calls `callback(id, how)` on the watcher's thread for each process that ends, in this and earlier lives.

        At least once for every process until it is forgotten: again while a callback raises, and `adopt` and `start`
        report those that had ended before.
        """
        self._callbacks.append(callback)

    def adopt(self) -> list[str]:
        """Takes over what an earlier engine started. Returns the ids alive, and reports the ends that were missed."""
        alive = []
        for folder in sorted(self._folder.iterdir()):
            if folder.name.startswith("."):  # forgotten, or an attempt of ours
                _remove(folder)
            elif self._attach(folder.name):
                alive.append(folder.name)
        self._runtime.sweep(alive)
        return alive

    def forget(self, process_id: str) -> None:
        """Removes all that is known of a process that has ended, and its scratch files; its id may be used again.

        Raises:
            ProcessStillRunning: it has not ended.
        """
        with self._lock(process_id):
            folder = self._existing(process_id)
            if isinstance(self.status(process_id), Running):
                raise ProcessStillRunning(f"process {process_id} still runs: stop it, and forget it when it has ended")
            if not folder.exists():
                return
            plan = record.read(str(folder / record.PLAN))
            _clear_away(plan)
            doomed = folder.with_name(f"{_FORGOTTEN}{process_id}-{time.monotonic_ns()}")
            folder.rename(doomed)  # at once: half a folder would tell a wrong story
        limits.remove(plan.get("groups", []) if plan else [])
        _remove(doomed)

    def close(self) -> None:
        """Stops watching. The processes live on, for the next runner to adopt."""
        self._watcher.close()

    def _lost_or_forgotten(self, folder: Path) -> Status:
        """What a process is that had started, runs no more and left no end: it is written down as lost, once.

        Unless it was forgotten while its folder was being read. With the lock nobody can, and what is read now is of one piece.
        """
        with self._lock(folder.name):
            started = record.read(str(folder / record.STARTED))
            if started is None:
                return NotStarted()
            pid = record.lock_holder(str(folder / record.LOCK))
            if pid is not None:  # forgotten, and the id is used again
                return Running(pid)
            _clear_away(record.read(str(folder / record.PLAN)))
            record.write_once(str(folder / record.EXIT), _lost(folder, started["started_at"]))
            ended = record.read(str(folder / record.EXIT))
            assert ended is not None, f"{folder} lost its {record.EXIT}"
            return _exited(ended)

    def _lock(self, process_id: str) -> threading.RLock:
        return self._locks[hash(process_id) % _LOCKS]

    def _spawn_shim(self, spec: ProcessSpec, folder: Path) -> None:
        """Returns when the shim has started the process, or another one had done so before."""
        reading, writing = os.pipe()
        try:
            pid = _spawn(folder, writing)
        finally:
            os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read()
        if said == READY:
            self._watcher.watch(folder.name, os.pidfd_open(pid))
            return
        os.waitpid(pid, 0)
        if said:
            raise self._in_the_way(spec, said.decode())
        if isinstance(self.status(folder.name), NotStarted):
            raise ShimFailed(f"process {folder.name}: its shim could not begin: {_last_words(folder)}")
        self._attach(folder.name)

    def _in_the_way(self, spec: ProcessSpec, what: str) -> PlaceTaken | SandboxUnavailable:
        """A program that ends by itself may wait for another one; a server would for ever."""
        words = f"process {spec.id} needs {what}"
        if spec.inbound is None:
            return PlaceTaken(words)
        return SandboxUnavailable(f"{words}. {self._machine.sentence}")

    def _existing(self, process_id: str) -> Path:
        check_id(process_id)
        return self._folder / process_id

    def _plan(self, spec: ProcessSpec, scratch: Path) -> Plan:
        inbound = spec.inbound
        is_free = spec.sandbox == "host"
        enclosure = on_the_host(spec) if is_free else self._runtime.enclose(spec, scratch)
        outbound = spec.outbound if not is_free and self._runtime.has_own_network(spec) else ()
        return {
            "command": enclosure.command,
            "container": enclosure.container,
            "claims": list(enclosure.claims),
            "program": {
                "argv": list(spec.argv),
                "environment": dict(spec.environment),
                "working_directory": spec.working_directory,
                "inbound_port": inbound.port if inbound else 0,
                "outbound_ports": [way.port for way in outbound],
            },
            "log": {"path": str(spec.log.path), "max_bytes": spec.log.max_bytes, "keep": spec.log.keep},
            "inbound_socket": str(inbound.socket) if inbound else "",
            "outbound_sockets": [[str(path) for path in way.sockets] for way in outbound],
            "time_limit_seconds": spec.time_limit_seconds,
            "memory_limit_bytes": spec.memory_limit_bytes,
            "cpu_limit": spec.cpu_limit,
            "groups": self._groups(spec, enclosure),
            "stop_grace_seconds": spec.stop_grace_seconds,
        }

    def _groups(self, spec: ProcessSpec, enclosure: Enclosure) -> list[Group]:
        if self._machine.cgroups is None or enclosure.container is not None:
            return []
        # Another engine's processes may have the same ids.
        engine = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:12]
        return self._machine.cgroups.groups(f"mlsystem-{engine}-{spec.id}", spec.memory_limit_bytes, spec.cpu_limit)

    def _attach(self, process_id: str) -> bool:
        """Sees to it that the end is reported; whether it is yet to come."""
        status = self.status(process_id)
        if isinstance(status, Running):
            pidfd = _open_process(status.pid)
            # The holder of the lock is the process that the descriptor means, only if it still holds it now.
            if pidfd is not None and self.status(process_id) == status:
                self._watcher.watch(process_id, pidfd)
                return True
            if pidfd is not None:
                os.close(pidfd)
            status = self.status(process_id)
        if isinstance(status, Exited):
            self._watcher.report(process_id)
        return False

    def _report_end(self, process_id: str) -> bool:
        """Whether everybody took note of it."""
        status = self.status(process_id)
        if isinstance(status, Running):  # a second shim has the lock for the moment that it takes to see it is late
            self._attach(process_id)
        if not isinstance(status, Exited):
            return True  # or it was forgotten meanwhile
        for callback in self._callbacks:
            try:
                callback(process_id, status)
            except Exception:  # a supervisor loop: the ends of the other processes must get through
                logger.exception("nobody took note of the end of process %s; telling it again soon", process_id)
                return False
        return True


def _spawn(folder: Path, readiness: int) -> int:
    command = shim_command(folder, _READINESS)
    log = str(folder / record.SHIM_LOG)
    return os.posix_spawn(
        command[0],
        command,
        {},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, readiness, _READINESS),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM],
    )


def _clear_away(plan: dict[str, Any] | None) -> None:
    """What a program that runs no more, and its shim, left outside of their folder."""
    if plan is None:
        return
    if plan.get("claims"):
        claims.sweep()
    container = plan.get("container")
    if container:
        try:
            Daemon(container["socket"], _DOCKER_SECONDS).remove_container(container["name"])
        except DaemonError as error:
            logger.warning("the container %s may still be there: %s", container["name"], error)


def _remove(doomed: Path) -> None:
    """What cannot be removed now the next adoption looks after.

    The kernel leaves an empty folder beside each overlay that nobody may look into, and that may be root's: only it can be removed.
    """
    for work in doomed.glob(f"{record.SCRATCH}/overlay/*/work*/work"):
        with suppress(OSError):
            work.rmdir()
    remove_folder(doomed)


def _order(folder: Path, order: str) -> bool:
    """Tells the shim; whether one listens."""
    try:
        control = os.open(folder / record.CONTROL, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # no FIFO, or nobody reads it
        return False
    try:
        os.write(control, f"{order}\n".encode())
    finally:
        os.close(control)
    return True


def _open_process(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def _last_words(folder: Path) -> str:
    """The last line that a failing shim left, which is the error; the whole of it stays in its log."""
    log = folder / record.SHIM_LOG
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else ""


def _lost(folder: Path, started_at: float) -> Ended:
    return {
        "exit_code": None,
        "signal": None,
        "reason": "lost",
        "message": _last_words(folder) or "the process's shim was killed, or the machine was switched off",
        "started_at": started_at,
        "ended_at": time.time(),
    }


def _exited(ended: dict[str, Any]) -> Exited:
    return Exited(
        exit_code=ended["exit_code"],
        signal=ended["signal"],
        reason=ended["reason"],
        message=ended["message"],
        started_at=datetime.fromtimestamp(ended["started_at"], UTC),
        ended_at=datetime.fromtimestamp(ended["ended_at"], UTC),
    )
