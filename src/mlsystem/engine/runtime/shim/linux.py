"""What Linux offers to keep a family of processes together, and Python does not expose."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from contextlib import suppress

from . import memory

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def die_with_parent() -> None:
    """The kernel kills this process when the one that forked it dies."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Descendants whose parents die become children of this process, not of the machine's first one."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def kill_children() -> None:
    """Kills and reaps every child, and every orphan that becomes one by that, until none is left."""
    while True:
        for pid in memory.children(os.getpid()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def raise_open_files() -> tuple[int, int]:
    """Allows as many open files as the machine does; returns the limits of before."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    return before


def restore_defaults(open_files: tuple[int, int]) -> None:
    """Undoes, before another program is executed, what Python and `raise_open_files` changed in this process.

    And what the person's shell did: under `nohup` a program could not react to SIGHUP.
    """
    resource.setrlimit(resource.RLIMIT_NOFILE, open_files)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)


def wake_on_child() -> int:
    """A descriptor that becomes readable when a child has changed its state."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler nothing is written
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) was refused")
