"""What is to be run, and what became of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from mlsystem.engine.runtime.errors import InvalidProcess
from mlsystem.engine.runtime.shim.plan import Reason

LONGEST_SOCKET_PATH = 107  # sun_path of Linux, less its final zero
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or folder of the host at `target` inside the sandbox. Targets that are missing there are made."""

    source: Path
    target: str
    read_only: bool = True


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """The unpacked files of an image, which no program changes.

    With `is_root` they are a whole root, with a C library and a shell of their own, and are seen in place of the host's;
    else they lie over the host's.
    """

    folder: Path
    is_root: bool = False


@dataclass(frozen=True, slots=True)
class Inbound:
    """The Unix socket of the host on which the program is reached.

    With a port, the shim makes the socket and relays each connection to 127.0.0.1:port where the program is, unless that
    takes the socket: see `shim.launcher`, which tells it how in a variable. With port 0 the program binds the socket
    itself, in a folder that one of its mounts lets it write.
    """

    socket: Path
    port: int


@dataclass(frozen=True, slots=True)
class Outbound:
    """127.0.0.1:port, where the program is, leads to the host's Unix socket: a way out of an isolated network.

    The socket is looked up at each connection, so the server behind it may be restarted. Where the program has no
    network of its own nothing is relayed, and it meets whatever listens on that port of the machine: give the server
    the same port there. `otherwise` is tried where nobody listens on the socket.
    """

    port: int
    socket: Path
    otherwise: Path | None = None

    @property
    def sockets(self) -> tuple[Path, ...]:
        return (self.socket,) if self.otherwise is None else (self.socket, self.otherwise)


@dataclass(frozen=True, slots=True)
class Log:
    """Where stdout and stderr go: `path`, and what was rotated as `path.1` (newer) to `path.<keep>`."""

    path: Path
    max_bytes: int = 64 * 2**20
    keep: int = 3


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One program.

    `id` names it for ever: it is run at most once under it. The program gets the environment given here and nothing
    else, and `argv[0]` is looked up in its PATH. A program that is shut in sees the host's /usr and /etc, the engine's
    interpreter, its `image` and `mounts`; it can write to its mounts and to a /tmp, /var, /run, /home and /root of its own.
    `cpu_limit` is a number of processors, for a machine that has more.
    `network` is not isolated where `sandbox` is "host" (which is for the engine's own servers), or where the machine cannot
    (see `Machine`).
    """

    id: str
    argv: tuple[str, ...]
    log: Log
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str = "/"
    image: ImageFiles | None = None
    mounts: tuple[Mount, ...] = ()
    inbound: Inbound | None = None
    outbound: tuple[Outbound, ...] = ()
    sandbox: Literal["sandboxed", "host"] = "sandboxed"
    network: Literal["isolated", "host"] = "isolated"
    time_limit_seconds: float | None = None
    memory_limit_bytes: int | None = None
    cpu_limit: int | None = None
    stop_grace_seconds: float = 30.0

    def __post_init__(self) -> None:
        check_id(self.id)
        if not self.argv:
            raise InvalidProcess(f"process {self.id}: argv is empty, so there is nothing to run")
        for mount in self.mounts:
            target = PurePosixPath(mount.target)
            if not target.is_absolute() or ".." in target.parts or target == PurePosixPath("/"):
                raise InvalidProcess(f"process {self.id}: {mount.target!r} is no absolute path below / to mount at")
        inbound = () if self.inbound is None else (self.inbound.socket,)
        for path in (*inbound, *(path for way in self.outbound for path in way.sockets)):
            if len(str(path).encode()) > LONGEST_SOCKET_PATH:
                raise InvalidProcess(
                    f"process {self.id}: the socket path {path} is longer than the {LONGEST_SOCKET_PATH} bytes "
                    "that Linux allows; use a shorter data folder"
                )


@dataclass(frozen=True, slots=True)
class NotStarted:
    """Nothing was ever run under this id."""


@dataclass(frozen=True, slots=True)
class Running:
    """The shim holds its lock. `pid` is the shim's; `inside` that of a process with the program below it, if it is not below the shim."""

    pid: int
    inside: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Exited:
    """How it ended; durable, until it is forgotten.

    reason  exited        by itself; `exit_code`, or the `signal` that killed it
            stopped       because of stop(), whatever its exit code; `message` is the reason given to stop()
            time_limit    it was stopped since it ran too long
            memory_limit  it was killed since it held too much memory
            start_failed  it could not be started; `message` says why
            lost          its shim was killed, or the machine was; nothing of it runs any more, and how far it came is
                          not known. `ended_at` is when that was noticed.
    """

    exit_code: int | None
    signal: int | None
    reason: Reason
    message: str
    started_at: datetime
    ended_at: datetime


Status = NotStarted | Running | Exited


def check_id(process_id: str) -> None:
    """Raises InvalidProcess for an id that is no file name."""
    if not _ID.fullmatch(process_id):
        raise InvalidProcess(f"{process_id!r} is no process id: letters, digits, '.', '_' and '-', at most 200")
