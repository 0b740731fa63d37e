"""Drift that lasts does not train for ever, and a refusal says why, with the figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from retraining_guards import (
    Found,
    Limits,
    refused_as_same,
    refused_as_same_version,
    refused_by_time,
    refused_for_labels,
)

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LIMITS = Limits(cool_down=timedelta(hours=24), runs_per_month=2, minimum_rows=100)
FOUND = Found(500, 120, 100, "s3://artifacts/capture/", "s3://data/ground-truth/", NOW - timedelta(days=30))


def test_the_first_drift_may_train() -> None:
    assert refused_by_time(LIMITS, NOW, []) is None


@pytest.mark.parametrize(("hours", "is_refused"), [(0, True), (23.9, True), (24, False), (48, False)])
def test_after_a_retraining_the_next_one_waits_for_the_cool_down(hours: float, is_refused: bool) -> None:
    last = NOW - timedelta(hours=hours)
    refusal = refused_by_time(LIMITS, NOW, [NOW.replace(month=10), last])
    assert (refusal is not None) == is_refused
    if refusal:
        assert refusal.startswith("cool-down: the last retraining started at 2026-11-2")
        assert (last + timedelta(hours=24)).strftime("%Y-%m-%d %H:%M UTC") in refusal


def test_a_month_has_so_many_retrainings_and_those_of_the_month_before_do_not_count() -> None:
    days = [NOW.replace(month=10, day=31), NOW.replace(day=1, hour=0), NOW.replace(day=9)]
    assert refused_by_time(LIMITS, NOW, days[:2]) is None
    refusal = refused_by_time(LIMITS, NOW, days)
    assert refusal == "budget: 2 retrainings have started this month, and runs_per_month is 2"
    assert "budget" in str(refused_by_time(replace(LIMITS, runs_per_month=0), NOW, []))


def test_an_event_that_comes_late_is_not_refused_for_what_came_after_it() -> None:
    assert refused_by_time(LIMITS, NOW, [NOW + timedelta(hours=1)]) is None


def test_too_few_labels_are_refused_with_what_was_found_and_where_it_was_looked_for() -> None:
    assert refused_for_labels(LIMITS, FOUND) is None
    refusal = refused_for_labels(LIMITS, replace(FOUND, rows=99, unreadable=3))
    assert refusal == (
        "labels missing: 99 labelled rows, and minimum_rows is 100. 500 requests were captured at s3://artifacts/capture/ since "
        "2026-10-25 10:00 UTC; 120 labels of that time were found at s3://data/ground-truth/; 3 lines or rows could not be read"
    )


def test_data_that_a_retraining_was_given_is_refused_and_the_retraining_named() -> None:
    assert refused_as_same("0123456789abcdef", None) is None
    assert "(0123456789ab)" in str(refused_as_same("0123456789abcdef", "event-1"))
    assert "event-1" in str(refused_as_same("0123456789abcdef", "event-1"))
    assert refused_as_same_version("v1", None) is None
    assert "version v1 of data-source.zip has been trained on by execution e1" in str(
        refused_as_same_version("v1", "e1")
    )
