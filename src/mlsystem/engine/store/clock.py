"""The clock: instants are real, durations are scaled.

With a time scale of 60 a wait of an hour takes a minute, while every time stamp that a client sees stays real. Tests of long
spans use `ManualClock`, which moves only when told to.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What the engine knows of time. `now` is in seconds since the epoch."""

    time_scale: float

    def now(self) -> float: ...

    def due_in(self, seconds: float) -> float:
        """The instant at which a duration that starts now is over."""
        ...

    def wait(self, condition: threading.Condition, until: float | None) -> None:
        """Wait on `condition` (held by the caller) until it is notified or `until` has come."""
        ...


class SystemClock:
    """The machine's clock."""

    # A jump of the wall clock is noticed after this many seconds at the latest.
    LONGEST_WAIT_SECONDS = 5.0

    def __init__(self, time_scale: float = 1.0):
        if time_scale <= 0:
            raise ValueError(f"the time scale must be above 0, not {time_scale}")
        self.time_scale = time_scale

    def now(self) -> float:
        return time.time()

    def due_in(self, seconds: float) -> float:
        return self.now() + seconds / self.time_scale

    def wait(self, condition: threading.Condition, until: float | None) -> None:
        if until is None:
            condition.wait()
        else:
            condition.wait(min(max(0.0, until - self.now()), self.LONGEST_WAIT_SECONDS))


class ManualClock:
    """A clock for tests: it stands until `advance`."""

    def __init__(self, start: float = 1_700_000_000.0, time_scale: float = 1.0):
        self.time_scale = time_scale
        self._now = start
        self._conditions: list[threading.Condition] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._now

    def due_in(self, seconds: float) -> float:
        return self._now + seconds / self.time_scale

    def wait(self, condition: threading.Condition, until: float | None) -> None:
        with self._lock:
            if condition not in self._conditions:
                self._conditions.append(condition)
        if until is None or until > self._now:
            condition.wait()

    def advance(self, seconds: float) -> None:
        """Move on and wake whoever waits."""
        with self._lock:
            self._now += seconds
            waiting = list(self._conditions)
        for condition in waiting:
            with condition:
                condition.notify_all()
