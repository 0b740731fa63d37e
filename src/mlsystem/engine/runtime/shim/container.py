"""Stands for a container where the shim expects a sandbox: it ends when the container has ended, and takes it along when it is told to.

    python -I -S -c BOOT <control> <program> <inbound>

The container's first process is the launcher. What the shim has for it are open descriptors, which it is handed over a Unix socket in
a folder that both sides see: so no output, no signal and no connection of the program passes through Docker.
"""

# pathlib would make every start slower.

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress

from . import record
from .daemon import Daemon, DaemonError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .plan import Container

FOLDER = "handover"
SOCKET = "socket"
IMAGE = "mlsystem-skeleton"
_LOOK_SECONDS = 0.5
_START_SECONDS = 120.0
_END_SECONDS = 10.0
_CONFLICT, _NOT_FOUND = 409, 404
_CREDENTIALS = struct.Struct("3i")


def main(control: int, program: int, inbound: int) -> None:
    plan = record.read(record.PLAN)
    assert plan is not None
    porter = Porter(plan["container"], control)
    try:
        porter.bring_in([control, program, sys.stdout.fileno(), *([inbound] if inbound >= 0 else [])])
        for descriptor in (program, inbound):
            if descriptor >= 0:
                os.close(descriptor)
        porter.wait()
    except DaemonError as error:
        sys.stderr.write(f"Docker: {error}\n")
    finally:
        porter.take_away()


class Porter:
    def __init__(self, container: Container, control: int) -> None:
        self._container = container
        self._daemon = Daemon(container["socket"])
        self._name = container["name"]
        self._control = socket.socket(fileno=os.dup(control))
        self._shim = os.pidfd_open(os.getppid())
        self._orders, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, lambda *_: None)
        self._inside: socket.socket | None = None
        self._memory: socket.socket | None = None

    def bring_in(self, descriptors: list[int]) -> None:
        """Starts the container and hands over what its launcher needs. Raises DaemonError."""
        with suppress(FileExistsError):
            os.mkdir(FOLDER, 0o700)
        path = f"{FOLDER}/{SOCKET}"
        with suppress(FileNotFoundError):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)  # from here, as the whole path may be longer than a socket's may be
            listener.listen(1)
            self._create()
            if self._container["keeps_memory"]:
                self._memory = self._daemon.follow_out_of_memory(self._name)
            self._daemon.ask("POST", f"/containers/{self._name}/start")
            self._inside = self._await_launcher(listener)
        if self._inside is not None:
            pid = _CREDENTIALS.unpack(
                self._inside.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            )[0]
            self._tell({"inside": pid})
            with suppress(BrokenPipeError, ConnectionResetError):  # it was killed meanwhile
                socket.send_fds(self._inside, [b"."], descriptors)

    def wait(self) -> None:
        """Until the launcher has ended, the shim is dead, or says that it is enough."""
        if self._inside is None:
            return
        ends = [self._inside.fileno(), self._orders, self._shim]
        memory = [] if self._memory is None else [self._memory.fileno()]
        ready, _, _ = select.select(ends + memory, [], [])
        if self._memory is not None and ready == memory:
            if self._memory.recv(1):
                self._tell({"out_of_memory": True})
            # Else Docker has ended; the container need not.
            select.select(ends, [], [])

    def take_away(self) -> None:
        """Returns when nothing of the container is left, or Docker will not say so; then the engine looks after it."""
        give_up_at = time.monotonic() + _END_SECONDS
        while True:
            try:
                self._tell_of_memory()
                self._daemon.remove_container(self._name)
            except DaemonError as error:
                if error.status == _NOT_FOUND:
                    return
                if time.monotonic() < give_up_at:
                    time.sleep(_LOOK_SECONDS)
                    continue
                sys.stderr.write(f"Docker: the container {self._name} is not removed: {error}\n")
            return

    def _create(self) -> None:
        """Of the skeleton that it needs, which is made if it is not there yet; over what a crash left under its name."""
        request = self._container["request"]
        for _ in range(3):
            try:
                self._daemon.ask("POST", "/containers/create", request, name=self._name)
            except DaemonError as error:
                if error.status == _NOT_FOUND:
                    tag = request["Image"].partition(":")[2]
                    archive = _archive(self._container["skeleton"])
                    self._daemon.ask("POST", "/images/create", archive, fromSrc="-", repo=IMAGE, tag=tag)
                elif error.status == _CONFLICT:
                    self._daemon.remove_container(self._name)
                else:
                    raise
            else:
                return
        raise DaemonError(f"the container {self._name} cannot be made: somebody makes or removes it at the same time")

    def _await_launcher(self, listener: socket.socket) -> socket.socket | None:
        """None when it is not wanted any more. Raises DaemonError where it does not come."""
        give_up_at = time.monotonic() + _START_SECONDS
        while True:
            ready, _, _ = select.select([listener.fileno(), self._orders, self._shim], [], [], _LOOK_SECONDS)
            if self._orders in ready or self._shim in ready:
                return None
            if ready:
                connection, _address = listener.accept()
                return connection
            if not self._daemon.is_running(self._name) or time.monotonic() > give_up_at:
                raise DaemonError(
                    f"the launcher in the container {self._name} does not reach the folder of its process"
                )

    def _tell_of_memory(self) -> None:
        if not self._container["keeps_memory"] or self._inside is None:
            return
        with suppress(DaemonError):
            self._daemon.ask("POST", f"/containers/{self._name}/kill")
        self._daemon.ask("POST", f"/containers/{self._name}/wait")
        if self._daemon.ask("GET", f"/containers/{self._name}/json")["State"]["OOMKilled"]:
            self._tell({"out_of_memory": True})

    def _tell(self, message: dict[str, object]) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self._control.send(json.dumps(message).encode())


def _archive(skeleton: list[list[str]]) -> bytes:
    import io  # only when an image has to be made
    import tarfile  # noqa: TID251 - nothing is extracted

    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for place, to in skeleton:
            member = tarfile.TarInfo(place.lstrip("/"))
            member.type, member.linkname, member.mode = (
                (tarfile.SYMTYPE, to, 0o777) if to else (tarfile.DIRTYPE, "", 0o755)
            )
            tar.addfile(member)
    return stream.getvalue()
