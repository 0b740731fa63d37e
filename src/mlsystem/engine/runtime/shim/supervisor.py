"""Runs one program from its start to its end: log, limits, orders from the engine, connections in and out.

One thread and one selector. What ends a program early is decided once, and the first reason stays.
"""

# pathlib would make every start slower.

from __future__ import annotations

import json
import os
import select
import selectors
import signal
import socket
import time
from contextlib import suppress
from selectors import EVENT_READ

from . import linux, record
from .limits import Limits
from .relay import Relay
from .rotation import RotatingLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .claims import Claims
    from .plan import Outcome, Plan, Reason

_CHUNK_BYTES = 65536
_MEMORY_SAMPLE_SECONDS = 0.25
_TAIL_BYTES = 2000
_CONTAINER_SECONDS = 30.0


class Supervisor:
    def __init__(self, plan: Plan, control: int, claims: Claims) -> None:
        self._plan = plan
        self._control = control
        self._claims = claims
        self._selector = selectors.DefaultSelector()
        self._relay = Relay(self._selector)
        self._limits = Limits(plan)
        self._tail = b""
        self._reason: Reason | None = None  # set by what ends the program early
        self._message = ""
        self._end: dict[str, Any] | None = None  # what the launcher reported
        self._inside = 0  # the launcher, where it is no descendant of this process
        self._is_started = False
        self._is_over = False
        self._kill_at: float | None = None
        self._limit_at: float | None = None
        self._sample_at: float | None = None

    def run(self) -> Outcome:
        try:
            self._start()
        except OSError as error:
            name = error.filename2 or error.filename or self._plan["command"][0]
            return _outcome("start_failed", f"{name}: {error.strerror}")
        while not self._is_over:
            for key, events in self._selector.select(self._timeout()):
                key.data(events)
            self._keep_limits(time.monotonic())
        linux.kill_children()  # the sandbox's own first process may still be on its way out
        self._leave_container()
        self._drain()
        if self._reason is None and self._limits.is_exceeded(self._root):  # the kernel was faster
            self._reason, self._message = "memory_limit", self._limits.message
        self._limits.remove()
        return self._judge()

    @property
    def _root(self) -> int:
        """Below it are the program's processes."""
        return self._inside or self._child

    def _start(self) -> None:
        self._claims.make()
        log = self._plan["log"]
        self._log = RotatingLog(log["path"], log["max_bytes"], log["keep"])
        output, writing = os.pipe2(os.O_CLOEXEC)
        self._output = output
        os.set_blocking(output, False)
        self._launcher, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._launcher.setblocking(False)
        inbound = self._listen_inwards()
        inherited = [theirs.fileno(), self._program_file(), inbound.fileno() if inbound else -1]
        for descriptor in (*inherited, *self._claims.descriptors):
            if descriptor >= 0:
                os.set_inheritable(descriptor, True)
        command = [*self._plan["command"], *map(str, (*inherited, *self._claims.descriptors))]
        self._limits.enter()
        try:
            self._child = os.posix_spawn(command[0], command, {}, file_actions=_standard_streams(writing))
        finally:
            self._limits.leave()
        os.close(writing)
        os.close(inherited[1])
        for theirs_alone in (theirs, inbound):
            if theirs_alone:
                theirs_alone.close()
        linux.raise_open_files()
        self._begin_watch(time.monotonic())

    def _begin_watch(self, now: float) -> None:
        self._sample_at = now if self._limits.watches_memory else None
        self._selector.register(self._output, EVENT_READ, self._read_output)
        self._selector.register(self._launcher, EVENT_READ, self._hear_launcher)
        self._selector.register(self._control, EVENT_READ, self._obey)
        self._selector.register(os.pidfd_open(self._child), EVENT_READ, self._child_died)

    def _program_file(self) -> int:
        """In memory, so that neither a command line nor a file in the sandbox shows the environment."""
        descriptor = os.memfd_create("program")
        os.write(descriptor, json.dumps(self._plan["program"]).encode())
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    def _listen_inwards(self) -> socket.socket | None:
        path = self._plan["inbound_socket"]
        if not path:
            return None
        with suppress(FileNotFoundError):
            os.unlink(path)
        if not self._plan["program"]["inbound_port"]:
            return None  # the program binds it
        listener = socket.socket(socket.AF_UNIX)
        home = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
        try:
            # By its name alone, which the program can read off what it accepts: it does not learn where the engine's folder is.
            os.chdir(os.path.dirname(path))
            listener.bind(os.path.basename(path))
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from error
        finally:
            os.fchdir(home)
            os.close(home)
        return listener

    # What happens while it runs

    def _read_output(self, _: int) -> None:
        data = os.read(self._output, _CHUNK_BYTES)
        self._log.write(data)
        self._tail = (self._tail + data)[-_TAIL_BYTES:]
        if not data:
            self._selector.unregister(self._output)

    def _hear_launcher(self, _: int) -> None:
        try:
            data, descriptors, _flags, _address = socket.recv_fds(self._launcher, 4096, 1)
        except ConnectionResetError:
            data, descriptors = b"", []
        if data:
            self._heed(json.loads(data), descriptors)
        else:
            self._selector.unregister(self._launcher)

    def _heed(self, message: dict[str, Any], descriptors: list[int]) -> None:
        if "outbound" in message:
            self._connect_outwards(message["outbound"], socket.socket(fileno=descriptors[0]))
        elif "started" in message:
            self._is_started = True
            limit = self._plan["time_limit_seconds"]  # of the program: what a container takes to begin is not its time
            self._limit_at = None if limit is None else time.monotonic() + limit
        elif "inside" in message:  # 0 where this process cannot see it
            self._inside = message["inside"]
            record.replace(record.INSIDE, {"pid": self._inside})
        elif "out_of_memory" in message:
            self._exceed_memory()
        else:
            self._end = message

    def _connect_outwards(self, index: int, inside: socket.socket) -> None:
        for path in self._plan["outbound_sockets"][index]:
            outside = socket.socket(socket.AF_UNIX)
            outside.setblocking(False)
            try:
                outside.connect(path)
            except OSError:
                outside.close()
                continue
            self._relay.join(inside, outside)
            return
        inside.close()  # nobody listens there now; the program sees its connection closed, and may try again

    def _obey(self, _: int) -> None:
        for order in os.read(self._control, 4096).decode().splitlines():
            word, _space, argument = order.partition(" ")
            if word == "signal":
                self._send_signal(int(argument))
            elif word == "stop":
                stop = record.read(record.STOP)
                self._stop("stopped", stop["reason"] if stop else "")
            elif word == "terminate":
                self._stop("stopped", "the shim was told to terminate, as when the machine shuts down")

    def _child_died(self, _: int) -> None:
        self._is_over = True

    # How it ends

    def _timeout(self) -> float | None:
        deadlines = [at for at in (self._kill_at, self._limit_at, self._sample_at) if at is not None]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _keep_limits(self, now: float) -> None:
        if self._limit_at is not None and now >= self._limit_at:
            self._limit_at = None
            self._stop("time_limit", f"it ran longer than {self._plan['time_limit_seconds']:g} seconds")
        if self._sample_at is not None and now >= self._sample_at:
            self._sample_at = now + _MEMORY_SAMPLE_SECONDS
            self._keep_memory_limit()
        if self._kill_at is not None and now >= self._kill_at:
            self._kill_at = None
            self._kill()

    def _keep_memory_limit(self) -> None:
        if self._limits.is_exceeded(self._root):
            self._sample_at = None
            self._exceed_memory()

    def _exceed_memory(self) -> None:
        self._reason = self._reason or "memory_limit"
        self._message = self._message or self._limits.message
        self._kill()

    def _stop(self, reason: Reason, message: str) -> None:
        """Asks the program to end; after its grace it is killed."""
        if self._reason is not None:
            return
        self._reason, self._message = reason, message
        self._kill_at = time.monotonic() + self._plan["stop_grace_seconds"]
        self._send_signal(signal.SIGTERM)

    def _send_signal(self, number: int) -> None:
        with suppress(BrokenPipeError, ConnectionResetError, BlockingIOError):  # it ends, or does not listen
            self._launcher.send(json.dumps({"signal": number}).encode())

    def _kill(self) -> None:
        """Kills the sandbox, and with it all that is inside; without one, `kill_children` finds the rest.

        Of a container the launcher is told, by which it ends as after the death of this process, also where Docker does not answer.
        """
        if self._plan["container"] is None:
            number = signal.SIGKILL
        else:
            number = signal.SIGTERM
            with suppress(OSError):
                self._launcher.shutdown(socket.SHUT_WR)
        with suppress(ProcessLookupError):
            os.kill(self._child, number)

    def _leave_container(self) -> None:
        """Who stood for it may have been killed: then it ends now."""
        if self._plan["container"] is None or not self._inside:
            return
        with suppress(OSError):
            self._launcher.shutdown(socket.SHUT_WR)
        with suppress(ProcessLookupError):
            select.select([os.pidfd_open(self._inside)], [], [], _CONTAINER_SECONDS)

    def _drain(self) -> None:
        """Takes what is left in the pipe and in the launcher's socket; every writer is dead."""
        for source, take in ((self._output, self._read_output), (self._launcher, self._hear_launcher)):
            with suppress(BlockingIOError):  # a stranger was handed the other end: not waited for
                while source in self._selector.get_map():
                    take(EVENT_READ)
        self._log.close()
        if self._plan["inbound_socket"]:
            with suppress(FileNotFoundError):
                os.unlink(self._plan["inbound_socket"])

    def _judge(self) -> Outcome:
        if self._end is not None and "failed" in self._end:
            return _outcome("start_failed", self._end["failed"])
        if not self._is_started and self._reason is None:
            return _outcome("start_failed", self._tail.decode(errors="replace").strip())
        if self._end is None:  # the launcher was killed before it could report: by us, or by somebody else
            message = self._message or "its sandbox was killed from outside"
            return _outcome(self._reason or "exited", message, signal_number=signal.SIGKILL)
        return _outcome(self._reason or "exited", self._message, self._end["exit_code"], self._end["signal"])


def _standard_streams(output: int) -> list[tuple[int, int, int] | tuple[int, int, str, int, int]]:
    return [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_DUP2, output, 2),
    ]


def _outcome(reason: Reason, message: str, exit_code: int | None = None, signal_number: int | None = None) -> Outcome:
    return {"exit_code": exit_code, "signal": signal_number, "reason": reason, "message": message}
