"""A graph asks for so many points as can be seen, whatever time it shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mlsystem.client.dashboard.fitted import drawn_period, fitted, least_period
from mlsystem.client.dashboard.widgets import MetricWidget

SEARCH = "SEARCH('{AWS/Lambda,FunctionName} MetricName=\"Errors\"', 'Sum', 60)"
STAT: dict[str, Any] = {"Id": "a", "MetricStat": {"Metric": {}, "Period": 60, "Stat": "Sum"}}


@pytest.mark.parametrize("hours", [0.25, 1, 3, 12, 24, 7 * 24, 30 * 24])
def test_no_line_has_more_than_five_hundred_points(hours: float) -> None:
    length = timedelta(hours=hours)
    assert length.total_seconds() / least_period(length) <= 500
    widget = fitted(MetricWidget("t", (STAT, {"Id": "b", "Expression": SEARCH, "Period": 60})), length)
    assert isinstance(widget, MetricWidget)
    stat, search = widget.queries
    assert length.total_seconds() / stat["MetricStat"]["Period"] <= 500
    assert search["Expression"].endswith(f"'Sum', {search['Period']})")
    assert drawn_period(widget) == search["Period"]


def test_a_period_is_never_made_shorter_and_single_values_stay() -> None:
    slow = {"Id": "a", "MetricStat": {"Metric": {}, "Period": 3600, "Stat": "Sum"}}
    widget = MetricWidget("t", (slow,))
    assert fitted(widget, timedelta(minutes=15)) == widget
    single = MetricWidget("t", (STAT,), is_single=True)
    assert fitted(single, timedelta(weeks=1)) == single
