"""Schedule expressions, and when each is due next.

Instants are seconds since the epoch. Only a rate is a duration: whoever scales time divides its `period_seconds`, and
leaves the others alone.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.schedule.cron import Cron, next_minute, read_cron
from mlsystem.engine.decide.schedule.field import CronError

UNITS = {"minute": 60, "hour": 3600, "day": 86_400}


@dataclass(frozen=True)
class Rate:
    """`rate(5 minutes)`: again and again from the anchor (when the schedule began) on, not at the anchor itself."""

    period_seconds: float

    def next_after(self, after: float, *, anchor: float, timezone: str = "UTC") -> float:
        """The first due time strictly after `after`."""
        del timezone
        passed = math.floor((after - anchor) / self.period_seconds)
        due = anchor + max(1, passed + 1) * self.period_seconds
        # A quotient just below a whole number can round up to it.
        return due if due > after else due + self.period_seconds


@dataclass(frozen=True)
class CronSchedule:
    """`cron(0 12 1 * ? *)`, on the wall clock of a time zone.

    A time that a change to summer time leaves out is skipped; one that the change back brings twice is due once.
    """

    cron: Cron

    def next_after(self, after: float, *, anchor: float = 0.0, timezone: str = "UTC") -> float | None:
        """The first due time strictly after `after`, or None."""
        del anchor
        zone = check_timezone(timezone)
        local = datetime.fromtimestamp(after, zone).replace(tzinfo=None, fold=0)
        for moment in self.cron.from_(next_minute(local)):
            instant = _instant(moment, zone)
            if instant is not None and instant > after:
                return instant
        return None


@dataclass(frozen=True)
class At:
    """`at(2026-11-24T02:00:00)`: once, on the wall clock of a time zone."""

    moment: datetime

    def next_after(self, after: float, *, anchor: float = 0.0, timezone: str = "UTC") -> float | None:
        """The time, if it lies strictly after `after`."""
        del anchor
        instant = _instant(self.moment, check_timezone(timezone))
        return instant if instant is not None and instant > after else None


Schedule = Rate | CronSchedule | At


def read_schedule(text: str, *, has_at: bool = True) -> Schedule:
    """`has_at` False for rules, which know no at(). Raises AwsError(ValidationException) with the reason."""
    found = re.fullmatch(r"(rate|cron|at)\((.*)\)", text)
    if found is None or (found[1] == "at" and not has_at):
        kinds = "rate(...), cron(...) or at(...)" if has_at else "rate(...) or cron(...)"
        raise _invalid(text, f"it must read {kinds}")
    if found[1] == "rate":
        return _rate(text, found[2])
    if found[1] == "at":
        return _at(text, found[2])
    try:
        return CronSchedule(read_cron(found[2]))
    except CronError as error:
        raise _invalid(text, str(error)) from error


def check_timezone(name: str) -> tzinfo:
    """Raises AwsError(ValidationException) for a time zone that does not exist."""
    if name == "UTC":
        # Known also where no time zone database is installed.
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise AwsError("ValidationException", f"Parameter ScheduleExpressionTimezone is not valid: {name}.") from error


def _rate(text: str, inner: str) -> Rate:
    found = re.fullmatch(r"(\d{1,9}) (minute|hour|day)(s?)", inner)
    if found is None or int(found[1]) < 1:
        raise _invalid(text, "a rate is a whole number from 1 on and minutes, hours or days")
    number, unit = int(found[1]), found[2]
    if (number == 1) == bool(found[3]):
        raise _invalid(text, f"{number} goes with {unit}{'' if number == 1 else 's'}")
    return Rate(number * UNITS[unit])


def _at(text: str, inner: str) -> At:
    try:
        return At(datetime.strptime(inner, "%Y-%m-%dT%H:%M:%S"))
    except ValueError as error:
        raise _invalid(text, "at() takes a time like 2026-11-24T02:00:00") from error


def _instant(moment: datetime, zone: tzinfo) -> float | None:
    """The first instant at which the wall clock of the zone shows `moment`; None if it never does."""
    instant = moment.replace(tzinfo=zone, fold=0).timestamp()
    shown = datetime.fromtimestamp(instant, UTC).astimezone(zone).replace(tzinfo=None, fold=0)
    return instant if shown == moment else None


def _invalid(text: str, reason: str) -> AwsError:
    return AwsError("ValidationException", f"Parameter ScheduleExpression is not valid. ({text}: {reason})")
