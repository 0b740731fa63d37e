"""How far back a page looks: a few lengths of time, one of which its URL names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

LENGTHS = {
    "15m": ("15 min", timedelta(minutes=15)),
    "1h": ("1 h", timedelta(hours=1)),
    "3h": ("3 h", timedelta(hours=3)),
    "12h": ("12 h", timedelta(hours=12)),
    "1d": ("1 d", timedelta(days=1)),
    "1w": ("1 w", timedelta(weeks=1)),
    "2w": ("2 w", timedelta(weeks=2)),
}
USUAL = ("15m", "1h", "3h", "12h", "1d", "1w")


@dataclass(frozen=True)
class Choice:
    """`url` is a query alone."""

    words: str
    url: str
    is_chosen: bool


@dataclass(frozen=True)
class Range:
    name: str
    words: str
    since: datetime
    until: datetime
    choices: tuple[Choice, ...]

    @property
    def length(self) -> timedelta:
        return self.until - self.since


def range_of(query: Mapping[str, str], now: datetime, names: Sequence[str], default: str) -> Range:
    """The one that `range` names, else the default. The rest of the query stays in the others' URLs."""
    name = query.get("range", default)
    name = name if name in names else default
    words, length = LENGTHS[name]
    choices = tuple(Choice(LENGTHS[one][0], with_query(query, range=one), one == name) for one in names)
    return Range(name, words, now - length, now, choices)


def with_query(query: Mapping[str, str], **changes: str) -> str:
    """A URL of the same page: its query with these changes; an empty value takes one away. What a stream knows is left out."""
    left = {name: value for name, value in {**query, **changes}.items() if value and name != "live"}
    return f"?{urlencode(left)}"
