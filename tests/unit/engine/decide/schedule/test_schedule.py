"""Schedules: when they are due, in which time zone, and which are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.schedule import CronSchedule, Rate, read_cron, read_schedule


def instant(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def shown(moment: float | None, zone: str = "UTC") -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def upcoming(text: str, after: str, count: int = 3, zone: str = "UTC") -> list[str | None]:
    """The next times, each strictly after the one before."""
    schedule = read_schedule(text)
    moment: float | None = instant(after, zone)
    result: list[str | None] = []
    for _ in range(count):
        moment = schedule.next_after(moment, anchor=0.0, timezone=zone) if moment is not None else None
        result.append(shown(moment, zone))
    return result


# 2026-03-01 is a Sunday.
@pytest.mark.parametrize(
    ("fields", "times"),
    [
        ("0 12 1 * ? *", ["2026-04-01 12:00", "2026-05-01 12:00", "2026-06-01 12:00"]),
        ("0 * ? * * *", ["2026-03-01 13:00", "2026-03-01 14:00", "2026-03-01 15:00"]),
        ("0/15 * * * ? *", ["2026-03-01 12:15", "2026-03-01 12:30", "2026-03-01 12:45"]),
        ("*/20 8-9 ? * MON-FRI *", ["2026-03-02 08:00", "2026-03-02 08:20", "2026-03-02 08:40"]),
        ("30 6 ? * 2 *", ["2026-03-02 06:30", "2026-03-09 06:30", "2026-03-16 06:30"]),
        ("0 0 ? * SUN,wed *", ["2026-03-04 00:00", "2026-03-08 00:00", "2026-03-11 00:00"]),
        ("0 0 ? * FRI-SUN *", ["2026-03-06 00:00", "2026-03-07 00:00", "2026-03-08 00:00"]),
        ("0 0 L * ? *", ["2026-03-31 00:00", "2026-04-30 00:00", "2026-05-31 00:00"]),
        ("0 0 31 * ? *", ["2026-03-31 00:00", "2026-05-31 00:00", "2026-07-31 00:00"]),
        ("0 0 ? * L *", ["2026-03-07 00:00", "2026-03-14 00:00", "2026-03-21 00:00"]),
        ("0 0 ? * 6L *", ["2026-03-27 00:00", "2026-04-24 00:00", "2026-05-29 00:00"]),
        ("0 0 ? * FRIL *", ["2026-03-27 00:00", "2026-04-24 00:00", "2026-05-29 00:00"]),
        ("0 0 ? * 3#2 *", ["2026-03-10 00:00", "2026-04-14 00:00", "2026-05-12 00:00"]),
        ("0 0 ? * MON#5 *", ["2026-03-30 00:00", "2026-06-29 00:00", "2026-08-31 00:00"]),
        ("0 0 15W * ? *", ["2026-03-16 00:00", "2026-04-15 00:00", "2026-05-15 00:00"]),
        ("0 0 1W * ? *", ["2026-03-02 00:00", "2026-04-01 00:00", "2026-05-01 00:00"]),
        ("0 0 31W * ? *", ["2026-03-31 00:00", "2026-05-29 00:00", "2026-07-31 00:00"]),
        ("0 0 LW * ? *", ["2026-03-31 00:00", "2026-04-30 00:00", "2026-05-29 00:00"]),
        ("0 0 1,L * ? *", ["2026-03-31 00:00", "2026-04-01 00:00", "2026-04-30 00:00"]),
        ("5 4 1 JAN-MAR ? 2026-2027", ["2027-01-01 04:05", "2027-02-01 04:05", "2027-03-01 04:05"]),
        ("0 0 29 2 ? *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("0 0 1 1 ? 2026/4", ["2030-01-01 00:00", "2034-01-01 00:00", "2038-01-01 00:00"]),
        ("0 0 1 1 ? 2027", ["2027-01-01 00:00", None, None]),
        ("0 0 30 2 ? *", [None, None, None]),
    ],
)
def test_a_cron_expression_is_due(fields: str, times: list[str | None]) -> None:
    assert upcoming(f"cron({fields})", "2026-03-01T12:00:00") == times


def test_due_means_strictly_after() -> None:
    schedule = read_schedule("cron(0 12 * * ? *)")
    noon = instant("2026-03-01T12:00:00")
    assert schedule.next_after(noon - 0.001, anchor=0.0) == noon
    assert shown(schedule.next_after(noon, anchor=0.0)) == "2026-03-02 12:00"
    assert shown(schedule.next_after(noon + 30, anchor=0.0)) == "2026-03-02 12:00"


@pytest.mark.parametrize(
    ("fields", "after", "times"),
    [
        # Winter to summer: 02:00 to 03:00 on 2026-03-29 does not exist in Berlin.
        ("30 2 * * ? *", "2026-03-28T00:00:00", ["2026-03-28 02:30", "2026-03-30 02:30"]),
        ("30 * * * ? *", "2026-03-29T01:00:00", ["2026-03-29 01:30", "2026-03-29 03:30"]),
        # Summer to winter: 02:00 to 03:00 on 2026-10-25 comes twice.
        ("30 2 * * ? *", "2026-10-24T12:00:00", ["2026-10-25 02:30", "2026-10-26 02:30"]),
        ("0 12 * * ? *", "2026-10-25T00:00:00", ["2026-10-25 12:00", "2026-10-26 12:00"]),
    ],
)
def test_a_time_zone_moves_its_clock(fields: str, after: str, times: list[str]) -> None:
    assert upcoming(f"cron({fields})", after, 2, "Europe/Berlin") == times


def test_the_hour_that_comes_twice_is_due_in_its_first_pass() -> None:
    schedule = read_schedule("cron(30 2 * * ? *)")
    due = schedule.next_after(instant("2026-10-25T00:00:00", "Europe/Berlin"), anchor=0.0, timezone="Europe/Berlin")
    assert due == datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()


def test_at_is_due_once() -> None:
    schedule = read_schedule("at(2026-11-24T02:00:00)")
    due = instant("2026-11-24T02:00:00", "America/New_York")
    assert schedule.next_after(0.0, anchor=0.0, timezone="America/New_York") == due
    assert schedule.next_after(due, anchor=0.0, timezone="America/New_York") is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(5 minutes)", 300),
        ("rate(1 hour)", 3600),
        ("rate(2 days)", 172_800),
    ],
)
def test_a_rate_has_a_period(text: str, seconds: float) -> None:
    assert read_schedule(text) == Rate(seconds)


@given(st.floats(1, 1e6), st.floats(-1e7, 1e9), st.floats(0.01, 1e5))
def test_a_rate_is_due_after_the_anchor_and_never_twice_at_once(anchor: float, after: float, period: float) -> None:
    due = Rate(period).next_after(after, anchor=anchor)
    assert due > after
    assert due >= anchor + period
    assert due - max(after, anchor) <= period * (1 + 1e-6) + 1e-6


def test_a_rate_begins_one_period_after_its_anchor() -> None:
    rate = Rate(60)
    assert [rate.next_after(after, anchor=100.0) for after in (0.0, 100.0, 159.9, 160.0, 500.0)] == [
        160,
        160,
        160,
        220,
        520,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "every day",
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(5 weeks)",
        "rate(-5 minutes)",
        "rate(1.5 hours)",
        "cron(0 12 * * ?)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(60 12 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 12 0 * ? *)",
        "cron(0 12 32W * ? *)",
        "cron(0 12 ? 13 * *)",
        "cron(0 12 ? * 8 *)",
        "cron(0 12 ? * 2#6 *)",
        "cron(0 12 ? * FRIDAY *)",
        "cron(0 12 * * ? 1969)",
        "cron(0/0 12 * * ? *)",
        "cron(*-5 12 * * ? *)",
        "cron(, 12 * * ? *)",
        f"cron(0 12 {'1' * 5000} * ? *)",
        f"cron(0/{'1' * 5000} 12 * * ? *)",
        f"rate({'1' * 5000} days)",
        "at(2026-11-24)",
        "at(2026-02-30T00:00:00)",
    ],
)
def test_a_wrong_expression_is_refused(text: str) -> None:
    with pytest.raises(AwsError) as refusal:
        read_schedule(text)
    assert refusal.value.code == "ValidationException"
    assert refusal.value.message.startswith(f"Parameter ScheduleExpression is not valid. ({text}: ")


def test_rules_know_no_at() -> None:
    with pytest.raises(AwsError, match=r"it must read rate\(...\) or cron\(...\)"):
        read_schedule("at(2026-11-24T02:00:00)", has_at=False)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(AwsError, match="Parameter ScheduleExpressionTimezone is not valid: Mars/Olympus"):
        read_schedule("cron(0 12 * * ? *)").next_after(0.0, anchor=0.0, timezone="Mars/Olympus")


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(0, 59), st.integers(0, 23))
def test_a_daily_time_is_always_within_a_day(start: datetime, minute: int, hour: int) -> None:
    (first, second) = islice(read_cron(f"{minute} {hour} * * ? *").from_(start), 2)
    assert timedelta(0) <= first - start < timedelta(days=1)
    assert second - first == timedelta(days=1)


def test_a_rare_time_is_found_without_walking_through_every_minute() -> None:
    schedule = read_schedule("cron(59 23 29 2 ? 2196)")
    assert isinstance(schedule, CronSchedule)
    assert shown(schedule.next_after(0.0)) == "2196-02-29 23:59"
