"""What was found a moment ago, for requests that come together and ask for the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
MOST = 32


class Recent(Generic[T]):
    """Thread-safe. A failure is not kept."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic):
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[float, T]] = {}

    def get(self, key: Hashable, find: Callable[[], T]) -> T:
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and self._clock() - kept[0] < self._seconds:
                return kept[1]
        found = find()
        with self._lock:
            self._kept[key] = (self._clock(), found)
            while len(self._kept) > MOST:
                del self._kept[min(self._kept, key=lambda one: self._kept[one][0])]
        return found
