"""What the runner asks of the shim and what the shim answers, as JSON in the process's folder.

Imported for its types alone: the shim itself never loads `typing`.
"""

from typing import Any, Literal, TypedDict

Reason = Literal["exited", "stopped", "time_limit", "memory_limit", "start_failed", "lost"]


class Program(TypedDict):
    """What the launcher starts, inside the sandbox where there is one."""

    argv: list[str]
    environment: dict[str, str]
    working_directory: str
    inbound_port: int  # 0: nothing to relay inwards
    outbound_ports: list[int]


class LogPlan(TypedDict):
    path: str
    max_bytes: int
    keep: int


class Group(TypedDict):
    """A control group to make and to start the program in."""

    folder: str
    home: str  # the group that the shim itself is in
    settings: list[list[Any]]  # [file, value, whether the group is of no use without]
    events: str  # the file that counts what the kernel killed for want of memory; "": none


class Claim(TypedDict):
    """What one program at a time has of this machine, where it has none of its own."""

    place: str  # a path that is to lead to `source`; "": none
    source: str
    port: int  # 0: none


class Container(TypedDict):
    """What Docker is asked for."""

    socket: str  # Docker's
    name: str
    skeleton: list[
        list[str]
    ]  # [place, where the link there leads; "": a folder] of the image that the container begins with
    request: dict[str, Any]  # the body of its creation
    keeps_memory: bool


class Plan(TypedDict):
    command: list[str]  # the sandbox and the launcher, to which the shim appends file descriptors: see `launcher.main`
    container: Container | None  # then `command` is `container.main`
    claims: list[Claim]
    program: Program
    log: LogPlan
    inbound_socket: str  # "": none
    outbound_sockets: list[list[str]]  # in the order of outbound_ports: the first that answers
    time_limit_seconds: float | None
    memory_limit_bytes: int | None
    cpu_limit: int | None  # processors
    groups: list[Group]
    stop_grace_seconds: float


class Started(TypedDict):
    shim_pid: int
    started_at: float


class Outcome(TypedDict):
    """`exit_code` and `signal` are both None when nothing ran, or nothing is known."""

    exit_code: int | None
    signal: int | None
    reason: Reason
    message: str


class Ended(Outcome):
    """exit.json."""

    started_at: float
    ended_at: float
