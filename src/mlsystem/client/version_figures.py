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
# By the minute, each: the member, the metric and its statistic.
BY_MINUTE = {"p50_ms": ("Latency", "p50"), "p99_ms": ("Latency", "p99"), "prediction": ("Prediction", "Average")}


@dataclass(frozen=True)
class Series:
    at: tuple[datetime, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class VersionFigures:
    """`requests` and `errors` (5xx) of the time that counts; None without requests. `rate` is requests a second.

    Latencies, in milliseconds, are means of those of its minutes, weighed by their requests, since percentiles of parts make none of the
    whole. `prediction` is the mean of the model's answers.
    """

    version: str
    requests: int
    errors: int
    p50_ms: float | None
    p99_ms: float | None
    prediction: float | None
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
    queries = list(_queries(project, function, versions, period))
    found = {item["Id"]: Series((), ()) for item in queries}
    pages = (
        connection.client("cloudwatch")
        .get_paginator("get_metric_data")
        .paginate(
            MetricDataQueries=queries,
            StartTime=min(drawn[0], counted[0]),
            EndTime=max(drawn[1], counted[1]),
            ScanBy="TimestampAscending",
        )
    )
    for page in pages:
        for item in page["MetricDataResults"]:
            before = found[item["Id"]]
            found[item["Id"]] = Series((*before.at, *item["Timestamps"]), (*before.values, *item["Values"]))
    return {version: _figures(version, at, found, counted, period) for at, version in enumerate(versions)}


def _queries(project: str, function: str, versions: Sequence[str], period: int) -> Iterator[dict[str, Any]]:
    minute = max(MINUTE, period)
    for at, version in enumerate(versions):
        dimensions = [{"Name": "FunctionName", "Value": function}, {"Name": "FunctionVersion", "Value": version}]
        wanted = {"requests": ("Requests", "Sum", period), "errors": ("5XXError", "Sum", period)}
        wanted |= {name: (metric, statistic, minute) for name, (metric, statistic) in BY_MINUTE.items()}
        for name, (metric, statistic, seconds) in wanted.items():
            named = {"Namespace": project, "MetricName": metric, "Dimensions": dimensions}
            yield {"Id": f"{name}_{at}", "MetricStat": {"Metric": named, "Period": seconds, "Stat": statistic}}


def _figures(
    version: str, at: int, found: Mapping[str, Series], counted: tuple[datetime, datetime], period: int
) -> VersionFigures:
    requests = _within(found[f"requests_{at}"], counted, period)
    errors = _within(found[f"errors_{at}"], counted, period)
    minute = max(MINUTE, period)
    parts = {name: _within(found[f"{name}_{at}"], counted, minute) for name in BY_MINUTE}
    all_requests = found[f"requests_{at}"]
    return VersionFigures(
        version=version,
        requests=int(sum(requests.values)),
        errors=int(sum(errors.values)),
        rate=Series(all_requests.at, tuple(value / period for value in all_requests.values)),
        **{name: weighed(one, all_requests, minute) for name, one in parts.items()},
    )


def _within(series: Series, counted: tuple[datetime, datetime], period: int) -> Series:
    """The period that begins before the time that counts, and ends in it, counts too."""
    since = counted[0] - timedelta(seconds=period)
    kept = [(at, value) for at, value in zip(series.at, series.values, strict=True) if since < at <= counted[1]]
    return Series(tuple(at for at, _ in kept), tuple(value for _, value in kept))


def weighed(series: Series, requests: Series, period: int) -> float | None:
    """The mean of a series by how many requests came in each of its periods; None where none came. Pure."""
    length, total, weight = timedelta(seconds=period), 0.0, 0.0
    for at, value in zip(series.at, series.values, strict=True):
        count = sum(one for when, one in zip(requests.at, requests.values, strict=True) if at <= when < at + length)
        total, weight = total + count * value, weight + count
    return total / weight if weight else None
