"""When a monitoring schedule runs, in words, and next. Pure; the expressions that SageMaker takes.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ScheduleConfig.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

CRON = re.compile(r"cron\((\d{1,2}) (\*|\d{1,2})(?:/(\d{1,2}))? \? \* \* \*\)")
NOW = "NOW"
A_DAY = 24


def in_words(expression: str) -> str:
    """The expression itself where it is another."""
    if expression == NOW:
        return "once, at once"
    hours = _hours(expression)
    if hours is None:
        return expression
    if len(hours) == A_DAY:
        return "every hour"
    if len(hours) == 1:
        return f"every day at {hours[0]:02d}:{_minute(expression):02d} UTC"
    return f"every {hours[1] - hours[0]} hours, from {hours[0]:02d}:{_minute(expression):02d} UTC"


def next_run(expression: str, now: datetime) -> datetime | None:
    """None for an expression that is another, or has none."""
    hours = _hours(expression)
    if hours is None:
        return None
    begun = now.astimezone(UTC).replace(minute=_minute(expression), second=0, microsecond=0)
    coming = (begun + timedelta(hours=ahead) for ahead in range(A_DAY + 1))
    return next(at for at in coming if at > now and at.hour in hours)


def _hours(expression: str) -> list[int] | None:
    """Those of a day in which it runs."""
    found = CRON.fullmatch(expression.strip())
    if found is None:
        return None
    start, step = found[2], int(found[3] or 0)
    if start == "*":
        return list(range(0, A_DAY, step or 1))
    return list(range(int(start) % A_DAY, A_DAY, step)) if step else [int(start) % A_DAY]


def _minute(expression: str) -> int:
    found = CRON.fullmatch(expression.strip())
    return int(found[1]) if found else 0
