"""Reads what the API function measured of itself, by version: counts of each second, and what was usual before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient

MOST_DATAPOINTS = 100_800  # of one request of GetMetricData
MINUTE = 60
EARLIER_SECONDS = 3 * 3600  # by the second, CloudWatch knows three hours
# Percentiles of a period, and the share of its values that each stands for.
LEVELS = {"p10": 0.175, "p25": 0.2, "p50": 0.25, "p75": 0.2, "p90": 0.175}


@dataclass(frozen=True, order=True)
class Query:
    """One statistic of one metric of one version."""

    metric: str
    version: str
    statistic: str


BySecond = dict[int, float]


def above(cut: float) -> str:
    """CloudWatch's trimmed count of what is greater than `cut`."""
    return f"TC({cut:.10f}:)"


class MetricReader:
    def __init__(self, cloudwatch: CloudWatchClient, namespace: str, function_name: str) -> None:
        self._cloudwatch = cloudwatch
        self._namespace = namespace
        self._function_name = function_name

    def read(self, queries: Sequence[Query], first: int, end: int, period: int = 1) -> dict[Query, BySecond]:
        """Each query's values by the second that a period begins with, from `first` until before `end`."""
        found: dict[Query, BySecond] = {query: {} for query in queries}
        names = {f"m{place}": query for place, query in enumerate(queries)}
        span = MOST_DATAPOINTS // len(queries) * period
        for start in range(first, end, span):
            for result in self._results(names, start, min(start + span, end), period):
                values = zip(result["Timestamps"], result["Values"], strict=True)
                seconds = {round(at.timestamp()): value for at, value in values}
                found[names[result["Id"]]] |= {at: value for at, value in seconds.items() if first <= at < end}
        return found

    def _results(self, names: Mapping[str, Query], start: int, end: int, period: int) -> Iterator[Any]:
        request: dict[str, Any] = {
            "MetricDataQueries": [self._asked(name, query, period) for name, query in names.items()],
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.fromtimestamp(end, UTC),
            "ScanBy": "TimestampAscending",
        }
        while True:
            answer = self._cloudwatch.get_metric_data(**request)
            yield from answer["MetricDataResults"]
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]

    def _asked(self, name: str, query: Query, period: int) -> dict[str, Any]:
        dimensions = {"FunctionName": self._function_name, "FunctionVersion": query.version}
        metric = {
            "Namespace": self._namespace,
            "MetricName": query.metric,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        }
        return {"Id": name, "MetricStat": {"Metric": metric, "Period": period, "Stat": query.statistic}}

    # ------------------------------------------------------------------ what was usual
    def values_before(self, metric: str, version: str, instant: float) -> list[tuple[float, float]]:
        """Values with their weights: of the whole minutes before the instant, and of the seconds since the last of them."""
        end = math.floor(instant)
        minute = end // MINUTE * MINUTE
        by_minute = self._weighted(metric, version, minute - EARLIER_SECONDS, minute, MINUTE)
        return [*by_minute, *(self._weighted(metric, version, minute, end, 1) if minute < end else ())]

    def values_during(self, metric: str, version: str, first: int, end: int) -> list[tuple[float, float]]:
        return self._weighted(metric, version, first, end, 1)

    def _weighted(self, metric: str, version: str, first: int, end: int, period: int) -> list[tuple[float, float]]:
        """Of each period a few percentiles, each for its share of the values: with one value a period that is exact."""
        count = Query(metric, version, "SampleCount")
        queries = [Query(metric, version, level) for level in LEVELS]
        found = self.read([count, *queries], first, end, period)
        return [
            (value, LEVELS[query.statistic] * found[count].get(at, 0.0))
            for query in queries
            for at, value in found[query].items()
        ]


def quantile(weighted: Iterable[tuple[float, float]], share: float) -> float | None:
    """None of no values."""
    values = sorted(weighted)
    wanted = share * math.fsum(weight for _, weight in values)
    seen = 0.0
    for value, weight in values:
        seen += weight
        if seen >= wanted:
            return value
    return values[-1][0] if values else None
