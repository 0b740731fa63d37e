"""Reading metrics: GetMetricStatistics and GetMetricData.

Both go by real time stamps, whatever the engine's time scale: only alarms look at scaled periods.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.alarm import (
    MOST_METRICS,
    Candidate,
    Many,
    Series,
    check_queries,
    check_statistic,
    evaluate_queries,
    labels,
    names_in,
    needs_values,
    read_search,
    search_periods,
    statistic,
)
from mlsystem.engine.decide.alarm.series import column
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudwatch.data_page import data_page
from mlsystem.engine.services.cloudwatch.metric import Metric, metric_of
from mlsystem.engine.services.cloudwatch.points import SeriesReader, known_metrics, read_buckets

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import GetMetricDataInputTypeDef, GetMetricStatisticsInputTypeDef

MOST_POINTS = 1440
MOST_DATAPOINTS = 100_800
SHORT_PERIODS = {1, 5, 10, 20, 30}
# Of metrics without a point since then SEARCH knows nothing.
SEARCHED_SECONDS = 14 * 86400


class Statistics(Part):
    """See the module."""

    @operation(
        "GetMetricStatistics",
        accepts="Namespace MetricName Dimensions StartTime EndTime Period Statistics ExtendedStatistics Unit",
    )
    def get_statistics(self, request: GetMetricStatisticsInputTypeDef, call: Call) -> Mapping[str, object]:
        names = [*request.get("Statistics", ()), *request.get("ExtendedStatistics", ())]
        if not names:
            raise AwsError("MissingParameter", "Either Statistics or ExtendedStatistics is required.", status=400)
        for name in names:
            check_statistic(name)
        starts = period_grid(_instant(request["StartTime"]), _instant(request["EndTime"]), request["Period"])
        if len(starts) > MOST_POINTS:
            raise AwsError(
                "InvalidParameterCombination",
                f"You have requested up to {len(starts)} datapoints, which exceeds the limit of {MOST_POINTS}.",
                status=400,
            )
        metric = metric_of(request["Namespace"], request["MetricName"], request.get("Dimensions", ()))
        buckets = read_buckets(
            call.tx, metric, starts, request["Period"], request.get("Unit"), with_values=needs_values(names)
        )
        points: list[dict[str, Any]] = []
        for start, bucket in zip(starts, buckets, strict=True):
            if bucket is None:
                continue
            point: dict[str, Any] = {"Timestamp": datetime.fromtimestamp(start, UTC), "Unit": bucket.unit}
            figures = {name: statistic(bucket.samples, name) for name in request.get("Statistics", ())}
            extended = {name: statistic(bucket.samples, name) for name in request.get("ExtendedStatistics", ())}
            point.update({str(name): value for name, value in figures.items()})
            known = {name: value for name, value in extended.items() if value is not None}
            points.append({**point, "ExtendedStatistics": known} if extended else point)
        return {"Label": request["MetricName"], "Datapoints": points}

    @operation(
        "GetMetricData", accepts="MetricDataQueries StartTime EndTime NextToken ScanBy MaxDatapoints LabelOptions"
    )
    def get_data(self, request: GetMetricDataInputTypeDef, call: Call) -> Mapping[str, object]:
        queries: Sequence[Mapping[str, Any]] = request["MetricDataQueries"]
        check_queries(queries, for_alarm=False)
        start, end = _instant(request["StartTime"]), _instant(request["EndTime"])
        results: list[dict[str, Any]] = []
        reader = SeriesReader(call.tx)
        is_ascending = request.get("ScanBy") == "TimestampAscending"
        for query in queries:
            if query.get("ReturnData", True):
                results += _results(reader, query, queries, start, end, is_ascending)
        most = request.get("MaxDatapoints") or MOST_DATAPOINTS
        page, token = data_page(results, request.get("NextToken"), most, is_ascending=is_ascending)
        return {"MetricDataResults": page, "Messages": [], **({} if token is None else {"NextToken": token})}


def period_grid(start: float, end: float, period: int) -> list[float]:
    """Starts of the periods that begin in `[start, end)`, on CloudWatch's grid. Raises AwsError."""
    if period not in SHORT_PERIODS and (period <= 0 or period % 60):
        raise AwsError("InvalidParameterValue", f"The Period {period} must be 1, 5, 10, 30 or a multiple of 60.", 400)
    if start >= end:
        raise AwsError("InvalidParameterValue", "The StartTime must be less than the EndTime.", status=400)
    first = math.floor(start / period) * period
    count = math.ceil((end - first) / period)
    if count > MOST_DATAPOINTS:
        raise AwsError("InvalidParameterValue", f"{count} periods in one query are too many.", status=400)
    return [first + number * period for number in range(count)]


def _results(
    reader: SeriesReader,
    query: Mapping[str, Any],
    queries: Sequence[Mapping[str, Any]],
    start: float,
    end: float,
    is_ascending: bool,
) -> list[dict[str, Any]]:
    """A query's series; an expression may give several. An expression has the period of the metrics that it names."""
    members = _needed(query, queries)
    period = max((int(one["MetricStat"]["Period"]) for one in members if "MetricStat" in one), default=None)
    searched = [found for one in members for found in search_periods(one.get("Expression", "0"))]
    period = int(query.get("Period", 0)) or period or max(searched, default=None)
    if period is None:
        raise AwsError("ValidationError", f"The expression {query['Id']} needs a Period, as it names no metric.", 400)
    starts = period_grid(start, end, period)
    stored = {one["Id"]: _stored(reader, one["MetricStat"], starts, period) for one in members if "MetricStat" in one}
    values = evaluate_queries(members, stored, lambda text, stat: _searched(reader, text, stat, starts, period), period)
    value = values[query["Id"]]
    if isinstance(value, Many):
        named = value.labels or ("",) * len(value.rows)
        return [_result(query, starts, row, label, is_ascending) for row, label in zip(value.rows, named, strict=True)]
    return [_result(query, starts, column(value, len(starts)), "", is_ascending)]


def _searched(reader: SeriesReader, text: str, stat: str, starts: Sequence[float], period: int) -> Many:
    wanted = read_search(text)
    check_statistic(stat)
    known = known_metrics(reader.tx, reader.tx.now - SEARCHED_SECONDS, wanted.namespace)
    found = [one for one in (Candidate(m.namespace, m.name, m.dimensions) for m in known) if wanted.finds(one)]
    found = found[:MOST_METRICS]
    metrics = [Metric(one.namespace, one.name, one.dimensions) for one in found]
    rows = [reader.series(metric, starts, period, stat) for metric in metrics]
    return Many(tuple(rows), tuple(labels(found)))


def _needed(query: Mapping[str, Any], queries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The query and all that it is made of; METRICS() names them all."""
    if "METRICS(" in query.get("Expression", ""):
        return list(queries)
    by_id = {one["Id"]: one for one in queries}
    found = {query["Id"]: query}
    for name in names_in(query["Expression"]) if "Expression" in query else ():
        found.update({one["Id"]: one for one in _needed(by_id[name], queries)})
    return list(found.values())


def _stored(reader: SeriesReader, stat: Mapping[str, Any], starts: Sequence[float], period: int) -> Series:
    given = stat["Metric"]
    metric = metric_of(given["Namespace"], given["MetricName"], given.get("Dimensions", ()))
    check_statistic(stat["Stat"])
    return reader.series(metric, starts, period, stat["Stat"], stat.get("Unit"))


def _result(
    query: Mapping[str, Any], starts: Sequence[float], row: Series, label: str, is_ascending: bool
) -> dict[str, Any]:
    """`label` is that of a metric that was searched for."""
    points = [(start, value) for start, value in zip(starts, row, strict=True) if value is not None]
    ordered = points if is_ascending else points[::-1]
    stat = query.get("MetricStat", {})
    return {
        "Id": query["Id"],
        "Label": _label(query.get("Label", ""), label) or stat.get("Metric", {}).get("MetricName", query["Id"]),
        "Timestamps": [datetime.fromtimestamp(start, UTC) for start, _ in ordered],
        "Values": [value for _, value in ordered],
        "StatusCode": "Complete",
    }


def _label(given: str, found: str) -> str:
    """A label that is given stands before the one of a metric that was searched for, lest they all have the same."""
    return f"{given} {found}".strip()


def _instant(value: Any) -> float:
    return float(value.timestamp()) if isinstance(value, datetime) else float(value)
