"""One field of a cron expression: a list of values, ranges and steps.

Each of the six fields has its own bounds, its own names, and its own special letters, which its readers see first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_ITEM = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d{1,9}))?")
# More than any value has; Python reads no number of any length.
_MOST_DIGITS = 9


class CronError(ValueError):
    """Why an expression is refused."""


@dataclass(frozen=True)
class FieldKind:
    """What a field may hold."""

    name: str
    least: int
    most: int
    names: Mapping[str, int] = field(default_factory=dict)

    def values(self, text: str) -> frozenset[int]:
        """All values that a field without special letters stands for. Raises CronError."""
        found: set[int] = set()
        for item in text.split(","):
            found |= self._item(item)
        return frozenset(found)

    def number(self, text: str) -> int:
        """A single value, by number or by name. Raises CronError."""
        value = self.names.get(text.upper())
        if value is None and text.isdecimal() and len(text) <= _MOST_DIGITS:
            value = int(text)
        if value is None or not self.least <= value <= self.most:
            raise CronError(f"the {self.name} {text!r} is not between {self.least} and {self.most}")
        return value

    def _item(self, item: str) -> set[int]:
        found = _ITEM.fullmatch(item)
        if found is None or (found["first"] == "*" and found["last"]):
            raise CronError(f"cannot read {item!r} in the field {self.name}")
        step = int(found["step"] or 1)
        if step < 1:
            raise CronError(f"the step of {item!r} in the field {self.name} must be at least 1")
        if found["first"] == "*":
            return set(range(self.least, self.most + 1, step))
        first = self.number(found["first"])
        if found["last"]:
            return self._range(first, self.number(found["last"]), step)
        return set(range(first, self.most + 1, step)) if found["step"] else {first}

    def _range(self, first: int, last: int, step: int) -> set[int]:
        """`FRI-MON` goes round the end."""
        if first <= last:
            return set(range(first, last + 1, step))
        size = self.most - self.least + 1
        return {(value - self.least) % size + self.least for value in range(first, last + size + 1, step)}


MINUTES = FieldKind("minutes", 0, 59)
HOURS = FieldKind("hours", 0, 23)
DAY_OF_MONTH = FieldKind("day-of-month", 1, 31)
MONTH = FieldKind(
    "month",
    1,
    12,
    {"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6}
    | {"JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12},
)
DAY_OF_WEEK = FieldKind("day-of-week", 1, 7, {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7})
YEAR = FieldKind("year", 1970, 2199)
