"""An endpoint's charts tell counts a minute and latencies in milliseconds, whatever CloudWatch's period and unit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mlsystem.client.figures import MOST_POINTS, Line, fitting_period
from mlsystem.console.endpoint_charts import charts_of, figures_of

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=1)
NOTHING = dict.fromkeys(figures_of("e", "v"), Line((), ()))


def test_counts_are_told_a_minute_and_latencies_in_milliseconds() -> None:
    found = {**NOTHING, "per_instance": Line((SINCE,), (1500.0,)), "p99": Line((SINCE,), (2500.0,))}
    charts = charts_of(found, 300, 750, SINCE, UNTIL)
    assert list(charts) == ["Invocations per instance, a minute (it scales at 750)", "Latency of the model, ms"]
    assert [chart.rows[0][-1] for chart in charts.values()] == ["300", "2.5"]


def test_an_endpoint_that_nobody_asked_has_no_charts() -> None:
    assert charts_of(NOTHING, 60, None, SINCE, UNTIL) == {}


@pytest.mark.parametrize("span", [timedelta(minutes=15), timedelta(days=1), timedelta(weeks=1), timedelta(days=90)])
def test_no_line_has_more_points_than_can_be_seen_and_its_period_is_one_that_cloudwatch_keeps(span: timedelta) -> None:
    period = fitting_period(span)
    assert span.total_seconds() / period <= MOST_POINTS
    assert period % (60 if span <= timedelta(days=15) else 3600) == 0
