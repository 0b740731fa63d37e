"""How the versions of the API function fare, beside each other: what they measure of themselves, from CloudWatch.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mlsystem.client.connection import Connection

MOST_POINTS = 150
FINE_PERIODS = (5, 10, 30)  # of metrics by the second, which CloudWatch keeps so for three hours
FINE_FOR, MINUTES_FOR = timedelta(hours=3), timedelta(days=15)
MINUTE, FIVE_MINUTES = 60, 300
# Over all of the time, each: the member, the metric and its statistic.
WHOLE = {
    "p50_ms": ("Latency", "p50"),
    "p99_ms": ("Latency", "p99"),
    "prediction": ("Prediction", "Average"),
    "prediction_p10": ("Prediction", "p10"),
    "prediction_p90": ("Prediction", "p90"),
}


@dataclass(frozen=True)
class Series:
    at: tuple[datetime, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class VersionFigures:
    """`requests` and `errors` (5xx) since the begin; latencies in milliseconds; None without requests.

    `prediction` is the mean of the model's answers, between their 10th and 90th percentiles. `rate` is requests a second.
    """

    version: str
    requests: int
    errors: int
    p50_ms: float | None
    p99_ms: float | None
    prediction: float | None
    prediction_p10: float | None
    prediction_p90: float | None
    rate: Series


def period_for(since: datetime, until: datetime, now: datetime) -> int:
    """Seconds between points: as fine as CloudWatch has them, and no more than can be seen."""
    least = (until - since).total_seconds() / MOST_POINTS
    if now - since < FINE_FOR:
        for period in FINE_PERIODS:
            if period >= least:
                return period
    base = MINUTE if now - since < MINUTES_FOR else FIVE_MINUTES
    return base * max(1, -(-int(least) // base))


def figures_of(
    connection: Connection,
    project: str,
    function: str,
    versions: Sequence[str],
    counted: tuple[datetime, datetime],
    drawn: tuple[datetime, datetime],
    now: datetime,
) -> dict[str, VersionFigures]:
    """`counted` is the time whose requests are summed up, `drawn` that of the series. In one call."""
    period = period_for(*drawn, now)
    whole = max(MINUTE, -(-int((counted[1] - counted[0]).total_seconds()) // MINUTE) * MINUTE)
    queries = list(_queries(project, function, versions, period, whole))
    found = {item["Id"]: Series((), ()) for item in queries}
    earliest = min(drawn[0], counted[0])
    pages = connection.client("cloudwatch").get_paginator("get_metric_data")
    for page in pages.paginate(
        MetricDataQueries=queries, StartTime=earliest, EndTime=drawn[1], ScanBy="TimestampAscending"
    ):
        for item in page["MetricDataResults"]:
            before = found[item["Id"]]
            found[item["Id"]] = Series((*before.at, *item["Timestamps"]), (*before.values, *item["Values"]))
    return {version: _figures(version, at, found, counted, period) for at, version in enumerate(versions)}


def _queries(project: str, function: str, versions: Sequence[str], period: int, whole: int) -> Iterator[dict[str, Any]]:
    for at, version in enumerate(versions):
        dimensions = [{"Name": "FunctionName", "Value": function}, {"Name": "FunctionVersion", "Value": version}]
        wanted = {"requests": ("Requests", "Sum", period), "errors": ("5XXError", "Sum", period)}
        wanted |= {name: (metric, statistic, whole) for name, (metric, statistic) in WHOLE.items()}
        for name, (metric, statistic, seconds) in wanted.items():
            named = {"Namespace": project, "MetricName": metric, "Dimensions": dimensions}
            yield {"Id": f"{name}_{at}", "MetricStat": {"Metric": named, "Period": seconds, "Stat": statistic}}


def _figures(
    version: str, at: int, found: Mapping[str, Series], counted: tuple[datetime, datetime], period: int
) -> VersionFigures:
    requests = found[f"requests_{at}"]
    # The last period that begins before is the one with the begin in it.
    since = counted[0] - timedelta(seconds=period)

    def total(series: Series) -> int:
        return int(
            sum(value for when, value in zip(series.at, series.values, strict=True) if since < when <= counted[1])
        )

    latest = {name: values.values[-1] if (values := found[f"{name}_{at}"]).values else None for name in WHOLE}
    rate = Series(requests.at, tuple(value / period for value in requests.values))
    return VersionFigures(version, total(requests), total(found[f"errors_{at}"]), rate=rate, **latest)
