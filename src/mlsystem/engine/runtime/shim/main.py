"""The shim: one small process that stands for one program, and outlives the engine that started it.

    python -I -S -c BOOT <folder of the process> <descriptor to report readiness on>

Order matters here. The lock comes first, so of two shims one goes on. Then comes what no two programs of the machine may have: while
another one has it, nothing has begun. `started.json` is durable before the program
runs, so a program whose shim died is known to have begun. `exit.json` is durable before the lock is dropped, so who
finds the lock free can trust what the folder says.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from . import linux, record
from .claims import Claims
from .supervisor import Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .plan import Ended, Plan

READY = b"1"
_HIGHEST_DESCRIPTOR = 2**31 - 1
_LOCK_RETRY_SECONDS = 0.002
_FULL_DISK_RETRY_SECONDS = 1.0


def main(folder: str, readiness: int) -> None:
    os.closerange(readiness + 1, _HIGHEST_DESCRIPTOR)  # what the engine got from its own parent is not for programs
    os.chdir(folder)
    control = _open_control()
    if not _take_lock() or record.read(record.STARTED) is not None:
        return
    plan = record.read(record.PLAN)
    if plan is None:
        raise SystemExit(f"there is no {record.PLAN} in {folder}: the engine removed the process while it began")
    claims = Claims(plan["claims"], folder)
    in_the_way = claims.take() if record.read(record.STOP) is None else ""
    if in_the_way:
        os.write(readiness, in_the_way.encode())
        return
    started_at = time.time()
    record.replace(record.STARTED, {"shim_pid": os.getpid(), "started_at": started_at})
    with suppress(BrokenPipeError):  # the engine has died since
        os.write(readiness, READY)
    os.close(readiness)
    ended = _run(plan, control, started_at, claims)  # type: ignore[arg-type] # the runner wrote it from a Plan
    claims.give_back()
    _write_end(ended)


def _take_lock() -> bool:
    """False when another shim has started the process. One that only may waits here: it could be killed before."""
    while record.take_lock(record.LOCK) is None:
        if record.read(record.STARTED) is not None:
            return False
        time.sleep(_LOCK_RETRY_SECONDS)
    return True


def _run(plan: Plan, control: int, started_at: float, claims: Claims) -> Ended:
    stop = record.read(record.STOP)
    if stop is not None:
        return {
            "exit_code": None,
            "signal": None,
            "reason": "stopped",
            "message": stop["reason"],
            "started_at": started_at,
            "ended_at": started_at,
        }
    linux.adopt_orphans()
    outcome = Supervisor(plan, control, claims).run()
    return {**outcome, "started_at": started_at, "ended_at": time.time()}


def _open_control() -> int:
    """The FIFO, open both ways: it never reports an end of file when a writer leaves."""
    with suppress(FileExistsError):
        os.mkfifo(record.CONTROL, 0o600)
    control = os.open(record.CONTROL, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGTERM, lambda *_: os.write(control, b"terminate\n"))
    return control


def _write_end(ended: Ended) -> None:
    """Does not give up: until it is written, the held lock says truly that the outcome is not known."""
    while True:
        try:
            record.write_once(record.EXIT, ended)
            return
        except OSError:
            time.sleep(_FULL_DISK_RETRY_SECONDS)
