"""Figures of versions: as fine as CloudWatch keeps them, and of the time that counts alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mlsystem.client.version_figures import MOST_POINTS, Series, period_for, weighed

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "length", "period"),
    [(600, 600, 5), (900, 900, 10), (7200, 7200, 60), (4 * 3600, 600, 60), (86400, 86400, 600), (20 * 86400, 600, 300)],
)
def test_periods_are_some_that_cloudwatch_has_and_points_are_few(ago: int, length: int, period: int) -> None:
    since = NOW - timedelta(seconds=ago)
    found = period_for(since, since + timedelta(seconds=length), NOW)
    assert found == period
    assert length / found <= MOST_POINTS


def test_a_mean_over_periods_is_weighed_by_their_requests() -> None:
    times = (NOW, NOW + timedelta(minutes=1))
    latency = Series(times, (10.0, 40.0))
    assert weighed(latency, Series(times, (3.0, 1.0)), 60) == 17.5
    assert weighed(latency, Series((), ()), 60) is None
