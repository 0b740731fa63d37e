"""Figures of CloudWatch over a span of time: one question for all that a page draws, with a period that fits the span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mlsystem.client.connection import Connection

MOST_POINTS = 400  # of a line
MINUTE, FIVE_MINUTES, HOUR = 60, 300, 3600
DAYS_OF_MINUTES, DAYS_OF_FIVE_MINUTES = 15, 63  # so long CloudWatch keeps them


@dataclass(frozen=True)
class Figure:
    """What is asked for. `statistic` as CloudWatch names it: Sum, Average, p99."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str


@dataclass(frozen=True)
class Line:
    """Oldest first."""

    at: tuple[datetime, ...]
    values: tuple[float, ...]


def read_figures(
    connection: Connection, figures: Sequence[Figure], since: datetime, until: datetime, period: int = 0
) -> list[Line]:
    """A line for each, in their order; one without data is empty."""
    chosen = period or fitting_period(until - since)
    queries = [
        {
            "Id": f"q{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": figure.namespace,
                    "MetricName": figure.metric,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in figure.dimensions.items()],
                },
                "Period": chosen,
                "Stat": figure.statistic,
            },
        }
        for number, figure in enumerate(figures)
    ]
    answer: dict[str, Any] = connection.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=since, EndTime=until, ScanBy="TimestampAscending"
    )
    found = {item["Id"]: Line(tuple(item["Timestamps"]), tuple(item["Values"])) for item in answer["MetricDataResults"]}
    return [found.get(f"q{number}", Line((), ())) for number in range(len(figures))]


def fitting_period(span: timedelta) -> int:
    """Seconds: the shortest period that gives few enough points, and that CloudWatch keeps until the span's beginning."""
    step = MINUTE
    if span > timedelta(days=DAYS_OF_MINUTES):
        step = FIVE_MINUTES
    if span > timedelta(days=DAYS_OF_FIVE_MINUTES):
        step = HOUR
    points = max(1, -(-int(span.total_seconds()) // MOST_POINTS))
    return max(step, -(-points // step) * step)
