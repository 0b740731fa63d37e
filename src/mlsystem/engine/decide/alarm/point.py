"""One period of what an alarm watches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    """`timestamp`: the period's start, in seconds since the epoch. `value` None: nothing was put in that period."""

    timestamp: float
    value: float | None = None
    sample_count: float | None = None
