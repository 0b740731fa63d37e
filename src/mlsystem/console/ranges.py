"""Spans of time that a page of figures offers; the one that is chosen is in its URL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Range:
    """`mark` stands in the URL."""

    mark: str
    words: str
    span: timedelta


RANGES = (
    Range("15m", "15 min", timedelta(minutes=15)),
    Range("1h", "1 hour", timedelta(hours=1)),
    Range("3h", "3 hours", timedelta(hours=3)),
    Range("12h", "12 hours", timedelta(hours=12)),
    Range("1d", "1 day", timedelta(days=1)),
    Range("1w", "1 week", timedelta(weeks=1)),
)
USUAL = RANGES[1]


def chosen_range(mark: str) -> Range:
    """The usual one for a mark that is unknown."""
    return next((one for one in RANGES if one.mark == mark), USUAL)
