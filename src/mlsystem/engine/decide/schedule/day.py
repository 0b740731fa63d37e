"""The two fields of a cron expression that choose days, with their special letters.

`L` is the last day of the month (or the last such weekday of it, in `6L`), `15W` the weekday nearest to the 15th, `LW` the month's last
weekday, and `3#2` its second Tuesday: Sunday is 1.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date

from mlsystem.engine.decide.schedule.field import DAY_OF_MONTH, DAY_OF_WEEK, CronError

# The days of a month (year, month) that are chosen.
Days = Callable[[int, int], set[int]]

FRIDAY, SATURDAY, SUNDAY = 4, 5, 6


def chosen_days(day_of_month: str, day_of_week: str) -> Days:
    """One of the fields must be `?`. Raises CronError."""
    if (day_of_month == "?") == (day_of_week == "?"):
        raise CronError("exactly one of day-of-month and day-of-week must be ?")
    if day_of_week == "?":
        return _union([_of_month(item) for item in day_of_month.split(",")])
    return _union([_of_week(item) for item in day_of_week.split(",")])


def _union(choices: list[Days]) -> Days:
    return lambda year, month: set().union(*(choice(year, month) for choice in choices))


def _of_month(item: str) -> Days:
    if item == "L":
        return lambda year, month: {_length(year, month)}
    if item == "LW":
        return lambda year, month: {_nearest_weekday(year, month, _length(year, month))}
    if found := re.fullmatch(r"(\d+)W", item):
        number = DAY_OF_MONTH.number(found[1])
        return lambda year, month: {_nearest_weekday(year, month, number)} if number <= _length(year, month) else set()
    values = DAY_OF_MONTH.values(item)
    return lambda year, month: {day for day in values if day <= _length(year, month)}


def _of_week(item: str) -> Days:
    if item == "L":
        return _weekdays(frozenset({7}))
    if found := re.fullmatch(r"(\w+)#(\d)", item):
        weekday, number = DAY_OF_WEEK.number(found[1]), int(found[2])
        if not 1 <= number <= 5:
            raise CronError(f"{item!r}: a month has at most five of a weekday")
        return lambda year, month: set(_all_of(year, month, weekday)[number - 1 : number])
    if found := re.fullmatch(r"(\w+)L", item):
        last = DAY_OF_WEEK.number(found[1])
        return lambda year, month: set(_all_of(year, month, last)[-1:])
    return _weekdays(DAY_OF_WEEK.values(item))


def _weekdays(chosen: frozenset[int]) -> Days:
    return lambda year, month: {day for weekday in chosen for day in _all_of(year, month, weekday)}


def _all_of(year: int, month: int, weekday: int) -> list[int]:
    """The days of a month that fall on a weekday (Sunday is 1)."""
    first = date(year, month, 1).isoweekday() % 7 + 1
    return list(range(1 + (weekday - first) % 7, _length(year, month) + 1, 7))


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """Friday for a Saturday, Monday for a Sunday, but never in another month."""
    weekday = date(year, month, day).weekday()
    if weekday == SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == SUNDAY:
        return day + 1 if day < _length(year, month) else day - 2
    return day


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]
