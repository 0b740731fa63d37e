"""Which data a monitoring execution looks at. Pure.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ScheduleConfig.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mlsystem.engine.decide.errors import AwsError

# As ISO 8601 has it, and as AWS's example of a model quality monitor has it besides: -PT2D for two days.
DURATION = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)D)?(?:(\d+)H)?(?:(\d+)M)?)?")
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Window:
    """From `start` up to, but not with, `end`; UTC."""

    start: datetime
    end: datetime

    def hours(self) -> Iterator[datetime]:
        """The full hours whose folders hold its data."""
        hour = self.start.replace(minute=0, second=0, microsecond=0)
        while hour < self.end:
            yield hour
            hour += HOUR


def window(config: Mapping[str, Any], due: float, endpoint_input: Mapping[str, Any] | None = None) -> Window:
    """By default the hour before a scheduled time; NOW looks at the last hour up to this moment, so at parts of two.

    The offsets of an EndpointInput go before those of the ScheduleConfig: they are taken off the scheduled time, with or without a sign.
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-schedule.html
    """
    at, given = datetime.fromtimestamp(due, UTC), endpoint_input or {}
    start = at + _before(given.get("StartTimeOffset"), config.get("DataAnalysisStartTime", "-PT1H"))
    end = at + _before(given.get("EndTimeOffset"), config.get("DataAnalysisEndTime", "-PT0H"))
    if start >= end:
        raise AwsError(
            "ValidationException", f"The window of the data must begin before its end, but is {start} to {end}."
        )
    return Window(start, end)


def _before(offset: str | None, otherwise: str) -> timedelta:
    return _offset(otherwise) if offset is None else -abs(_offset(offset))


def _offset(text: str) -> timedelta:
    found = DURATION.fullmatch(text)
    if found is None:
        raise AwsError("ValidationException", f"{text!r} is not an offset like -PT1H.")
    days, odd_days, hours, minutes = (int(number or 0) for number in found.groups()[1:])
    length = timedelta(days=days + odd_days, hours=hours, minutes=minutes)
    return -length if found[1] else length
