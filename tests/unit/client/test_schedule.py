"""When a schedule of AWS comes next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mlsystem.client.schedule import next_time

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)  # a Thursday


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 12 1 * ? *)", datetime(2026, 2, 1, 12, tzinfo=UTC)),
        ("cron(0 * ? * * *)", datetime(2026, 1, 15, 11, tzinfo=UTC)),
        ("cron(0 8 ? * MON *)", datetime(2026, 1, 19, 8, tzinfo=UTC)),
        ("cron(0 8 ? * 1 *)", datetime(2026, 1, 18, 8, tzinfo=UTC)),
        ("cron(0 8 ? * 2-6 *)", datetime(2026, 1, 16, 8, tzinfo=UTC)),
        ("cron(0/15 * ? * * *)", datetime(2026, 1, 15, 10, 45, tzinfo=UTC)),
    ],
)
def test_days_of_the_week_begin_with_1_for_sunday(expression: str, expected: datetime) -> None:
    assert next_time(expression, NOW) == expected


def test_a_time_zone_is_that_of_the_schedule() -> None:
    assert next_time("cron(0 12 16 1 ? *)", NOW, "Europe/Berlin") == datetime(2026, 1, 16, 11, tzinfo=UTC)


def test_a_rate_counts_from_the_last_time() -> None:
    assert next_time("rate(1 day)", NOW) is None
    assert next_time("rate(6 hours)", NOW, last=NOW - timedelta(hours=1)) == NOW + timedelta(hours=5)
    assert next_time("rate(5 minutes)", NOW, last=NOW - timedelta(days=1)) == NOW


@pytest.mark.parametrize("expression", ["cron(0 12 15W * ? *)", "cron(x)", "NOW", "rate(1 year)"])
def test_what_cannot_be_told_is_not_made_up(expression: str) -> None:
    assert next_time(expression, NOW) is None
