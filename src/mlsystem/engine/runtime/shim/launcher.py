"""Starts one program inside its sandbox, passes signals to it, relays its ports, and tells the shim how it ended.

It stands between the sandbox and the program because only a parent learns the exact exit, and only somebody inside
the network namespace reaches its ports. Connections inwards arrive on the shim's own listening socket; connections
outwards are handed to the shim as open descriptors. So no path of the host is visible inside.

A program may take that listening socket itself: then nothing is relayed inwards. Its variable MODEL_SERVER_LISTENER names two open
descriptors, `LISTENER,TAKEN`; once it has written a byte to the second, it alone accepts. Who knows nothing of this listens on its port.
"""

# pathlib would make every start slower.

from __future__ import annotations

import json
import os
import selectors
import socket
import sys
from contextlib import suppress

from . import linux
from .relay import Relay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from .plan import Program

_LOOPBACK = "127.0.0.1"
_LISTENER = "MODEL_SERVER_LISTENER"
_BADNESS = b"500"  # out of memory, the kernel should choose the program before the engine


def main(control: int, program: int, inbound: int, *kept: int) -> None:
    """The arguments are inherited descriptors: the shim's socket, the program as JSON, the listening socket or -1.

    And those that are to be open as long as the program may live: locks, which its shim's death must not give to others before.
    """
    for descriptor in (control, program, inbound, *kept):
        if descriptor >= 0:
            os.set_inheritable(descriptor, False)
    with open(program, encoding="utf-8") as file:
        launcher = Launcher(socket.socket(fileno=control), json.load(file))
    if launcher.is_orphaned():
        return
    try:
        launcher.relay(socket.socket(fileno=inbound) if inbound >= 0 else None)
        launcher.start()
    except OSError as error:
        launcher.tell({"failed": str(error)})
        return
    launcher.serve()


class Launcher:
    def __init__(self, control: socket.socket, program: Program) -> None:
        self._control = control
        self._program = program
        self._selector = selectors.DefaultSelector()
        self._relay = Relay(self._selector)
        self._open_files = linux.raise_open_files()
        self._deaths = linux.wake_on_child()
        self._inbound: socket.socket | None = None
        self._offered = -1  # what the program writes to that takes the socket
        self._pid = 0
        self._is_ended = False

    def is_orphaned(self) -> bool:
        """Whether the shim has died: then the program is known as lost, and must not begin."""
        try:
            return not self._control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True

    def tell(self, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # a dead shim: `_obey` acts on that
            socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)

    def relay(self, inbound: socket.socket | None) -> None:
        """Listens before the program starts, so that its first connection outwards is served."""
        if inbound is not None:
            self._relay.listen(inbound, self._connect_inwards)
            self._offer(inbound)
        for index, port in enumerate(self._program["outbound_ports"]):
            self._listen_outwards(index, port)

    def start(self) -> None:
        """Returns when the program's image runs.

        Raises:
            OSError: it could not be executed; nothing runs.
        """
        linux.adopt_orphans()
        reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            self._become_program(writing)
        os.close(writing)
        if self._offered >= 0:
            os.close(self._offered)
        with open(reading, encoding="utf-8") as pipe:
            problem = pipe.read()
        if problem:
            os.waitpid(self._pid, 0)
            raise OSError(problem)
        self.tell({"started": True})

    def serve(self) -> None:
        """Works until the program ends, or the shim does. The shim kills what the program leaves behind."""
        self._selector.register(self._control, selectors.EVENT_READ, self._obey)
        self._selector.register(self._deaths, selectors.EVENT_READ, self._reap)
        self._reap(0)
        while not self._is_ended:
            for key, events in self._selector.select():
                key.data(events)

    def _reap(self, _: int) -> None:
        """Takes leave of every dead child: the program, and orphans of its own that came to the launcher."""
        with suppress(BlockingIOError):
            os.read(self._deaths, 4096)
        with suppress(ChildProcessError):
            while not self._is_ended:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self._pid:
                    self._end(os.waitstatus_to_exitcode(status))

    def _end(self, code: int) -> None:
        self._is_ended = True
        self.tell({"exit_code": code if code >= 0 else None, "signal": -code if code < 0 else None})

    def _obey(self, _: int) -> None:
        try:
            message = self._control.recv(4096)
        except ConnectionResetError:
            message = b""
        if not message:  # the shim is dead: nobody would learn what the program still does
            linux.kill_children()
            sys.exit(1)
        if not self._is_ended:
            os.kill(self._pid, json.loads(message)["signal"])

    def _offer(self, inbound: socket.socket) -> None:
        taken, self._offered = os.pipe2(os.O_CLOEXEC)
        self._inbound = inbound

        def hear(_: int) -> None:
            self._selector.unregister(taken)
            if os.read(taken, 1):
                self._selector.unregister(inbound)
                inbound.close()
            os.close(taken)

        self._selector.register(taken, selectors.EVENT_READ, hear)

    def _connect_inwards(self, outside: socket.socket) -> None:
        inside = socket.socket()
        inside.setblocking(False)
        inside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        inside.connect_ex((_LOOPBACK, self._program["inbound_port"]))  # a refusal shows at the first read or write
        self._relay.join(outside, inside)

    def _listen_outwards(self, index: int, port: int) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_LOOPBACK, port))
        except OSError as error:
            raise OSError(f"cannot listen on {_LOOPBACK}:{port} for connections outwards: {error.strerror}") from error

        def hand_over(connection: socket.socket) -> None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.tell({"outbound": index}, (connection.fileno(),))
            connection.close()

        self._relay.listen(listener, hand_over)

    def _become_program(self, problem: int) -> NoReturn:
        program = self._program
        culprit = program["working_directory"]
        try:
            linux.die_with_parent()
            os.setsid()
            linux.restore_defaults(self._open_files)
            _offer_to_the_oom_killer()
            os.chdir(culprit)
            environment = program["environment"]
            if self._inbound is not None:
                descriptors = (self._inbound.fileno(), self._offered)
                for descriptor in descriptors:
                    os.set_inheritable(descriptor, True)
                environment = {_LISTENER: "{},{}".format(*descriptors), **environment}
            culprit = program["argv"][0]
            os.execvpe(culprit, program["argv"], environment)  # noqa: S606 (no shell is wanted)
        except OSError as error:
            os.write(problem, f"{culprit}: {error.strerror}".encode())
        except ValueError as error:  # for example a zero byte in the environment
            os.write(problem, f"{culprit}: {error}".encode())
        finally:
            os._exit(127)


def _offer_to_the_oom_killer() -> None:
    with suppress(OSError), open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
        file.write(_BADNESS)
