"""Ends a check a little before Lambda would end its function, while there is time to say so.

A function that Lambda ends says nothing, and whoever called it waits for an hour.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from check import CheckError

RESERVE_SECONDS = 10.0  # to say how it ended
LEAST_SECONDS = 0.001  # a timer of zero is none


class Context(Protocol):
    """Lambda's context, as far as it is used here."""

    def get_remaining_time_in_millis(self) -> int: ...


class _OutOfTimeError(BaseException):
    """Raised out of whatever the check was doing, which may catch any Exception."""


@contextmanager
def time_limit(context: Context) -> Iterator[None]:
    """Raises CheckError when time is up. For the main thread, in which Lambda calls handlers."""
    seconds = context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS

    def end(_signal: int, _frame: object) -> None:
        raise _OutOfTimeError

    earlier = signal.signal(signal.SIGALRM, end)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, LEAST_SECONDS))
        yield
    except _OutOfTimeError as error:
        raise CheckError(f"the check had not ended after {seconds:.0f} s, and the function's time is up") from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)
