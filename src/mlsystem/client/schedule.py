"""When a schedule of AWS comes next: `cron(...)` of EventBridge, whose days of the week begin with 1 for Sunday, and `rate(...)`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def cron_fields(expression: str) -> str:
    """AWS's six fields as the five of cron: a `?` is a `*`, days of the week are counted from 0, and the year is left out."""
    minute, hour, day, month, weekday, *_ = expression.removeprefix("cron(").removesuffix(")").replace("?", "*").split()
    return " ".join(
        (minute, hour, day, month, re.sub(r"(?<![#/\d])[1-7]", lambda found: str(int(found[0]) - 1), weekday))
    )


def next_time(expression: str, now: datetime, timezone: str = "UTC", last: datetime | None = None) -> datetime | None:
    """None where it cannot be told: of a rate whose last time is not known, and of days that only AWS counts (15W, the weekday nearest)."""
    rate = _RATE.fullmatch(expression)
    if rate:
        step = timedelta(seconds=int(rate[1]) * _SECONDS[rate[2]])
        return None if last is None else max(last + step, now)
    if "W" in expression.replace("WED", ""):
        return None
    try:
        found: datetime = croniter(cron_fields(expression), now.astimezone(ZoneInfo(timezone))).get_next(datetime)
    except (CroniterError, ValueError, KeyError):
        return None
    return found.astimezone(UTC)
