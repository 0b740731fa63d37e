"""AWS's cron expressions: minutes, hours, day-of-month, month, day-of-week, year.

They are not those of Unix: there is a year, Sunday is 1, one of the day fields must be `?`, and there are `L`, `W` and `#`.
So a library for five fields decides some of them wrongly, and this is our own walk through the calendar.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from mlsystem.engine.decide.schedule.day import Days, chosen_days
from mlsystem.engine.decide.schedule.field import HOURS, MINUTES, MONTH, YEAR, CronError


@dataclass(frozen=True)
class Cron:
    """The times that an expression chooses, on a wall clock without a time zone."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...]

    def from_(self, start: datetime) -> Iterator[datetime]:
        """All times that are not before `start`, in their order, until the last year."""
        for day in self._days_from(start):
            for hour in self.hours:
                for minute in self.minutes:
                    moment = day.replace(hour=hour, minute=minute)
                    if moment >= start:
                        yield moment

    def _days_from(self, start: datetime) -> Iterator[datetime]:
        today = start.replace(hour=0, minute=0, second=0, microsecond=0)
        for year in self.years:
            for month in self.months if year >= start.year else ():
                if (year, month) < (start.year, start.month):
                    continue
                for day in sorted(self.days(year, month)):
                    moment = datetime(year, month, day)
                    if moment >= today:
                        yield moment


def read_cron(text: str) -> Cron:
    """The six fields, without `cron(` and `)`. Raises CronError."""
    fields = text.split()
    if len(fields) != 6:
        raise CronError(f"a cron expression has six fields, but {text!r} has {len(fields)}")
    minutes, hours, day_of_month, month, day_of_week, year = fields
    return Cron(
        minutes=tuple(sorted(MINUTES.values(minutes))),
        hours=tuple(sorted(HOURS.values(hours))),
        days=chosen_days(day_of_month.upper(), day_of_week.upper()),
        months=tuple(sorted(MONTH.values(month))),
        years=tuple(sorted(YEAR.values(year))),
    )


def next_minute(moment: datetime) -> datetime:
    """The first full minute that is not before `moment`."""
    floor = moment.replace(second=0, microsecond=0)
    return floor if floor == moment else floor + timedelta(minutes=1)
