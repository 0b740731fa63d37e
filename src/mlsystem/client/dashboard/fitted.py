"""Widgets whose periods fit the time that is looked at, so that a line has some hundred points and not ten thousand. Pure.

CloudWatch's own page does so too (`periodOverride`). A period is only ever made longer, as a shorter one would have no data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from mlsystem.client.dashboard.widgets import MetricWidget, Widget

POINTS = 500
# What a week's and a month's graph can be divided into, as CloudWatch's page offers them.
PERIODS = (1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
SEARCH = re.compile(r"(SEARCH\(\s*'[^']*'\s*,\s*'[^']*'\s*,\s*)(\d+)(\s*\))")


def least_period(length: timedelta) -> int:
    """Seconds: the shortest period by which there are at most so many points."""
    return next((one for one in PERIODS if length.total_seconds() / one <= POINTS), PERIODS[-1])


def fitted(widget: Widget, length: timedelta) -> Widget:
    """Single values stay as they are: only the last one counts."""
    if not isinstance(widget, MetricWidget) or widget.is_single:
        return widget
    least = least_period(length)
    return replace(widget, queries=tuple(_fitted(query, least) for query in widget.queries))


def drawn_period(widget: MetricWidget) -> int:
    """Seconds: the longest of its lines'; 0 where there is none."""
    return max((_period(query) for query in widget.queries), default=0)


def _fitted(query: Mapping[str, Any], least: int) -> Mapping[str, Any]:
    if "MetricStat" in query:
        stat = query["MetricStat"]
        return {**query, "MetricStat": {**stat, "Period": max(stat["Period"], least)}}
    expression = SEARCH.sub(lambda found: f"{found[1]}{max(int(found[2]), least)}{found[3]}", query["Expression"])
    return {**query, "Expression": expression, "Period": max(query.get("Period", least), least)}


def _period(query: Mapping[str, Any]) -> int:
    if "MetricStat" in query:
        return int(query["MetricStat"]["Period"])
    found = SEARCH.search(query["Expression"])
    return int(found[2]) if found else int(query.get("Period", 0))
