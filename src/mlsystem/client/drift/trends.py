"""How far features were from run to run, and how much was not captured: the metrics that the monitor and the pipeline emit.

A look has a schedule of its own, so that its metrics have another dimension: an endpoint's are searched for, and joined by their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlsystem.client.connection import Connection

NAMESPACE = "aws/sagemaker/Endpoints/data-metrics"
QUALITY_NAMESPACE = "aws/sagemaker/Endpoints/model-metrics"
PREFIX = "feature_baseline_drift_"
MISSING = "captures_missing_percent"
POINTS = 500
FOUND = "found"
PERIODS = (60, 300, 900, 3600)


@dataclass(frozen=True)
class Trend:
    """Oldest first."""

    at: tuple[datetime, ...] = ()
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class Overview:
    """Distances by feature, and the missing captures in percent of what should have been captured."""

    features: dict[str, Trend]
    missing: Trend


Wanted = tuple[str, str, list[dict[str, str]]]  # namespace, name, dimensions
Series = tuple[str, str, list[datetime], list[float]]  # id, label, times, values


class Trends:
    """Of one endpoint, in one time."""

    def __init__(self, connection: Connection, endpoint: str, since: datetime, until: datetime):
        self._cloudwatch = connection.client("cloudwatch")
        self._endpoint = endpoint
        self._time = {"StartTime": since, "EndTime": until, "ScanBy": "TimestampAscending"}
        seconds = (until - since).total_seconds()
        self._period = next((one for one in PERIODS if seconds / one <= POINTS), PERIODS[-1])

    def overview(self, pipeline: str) -> Overview:
        """All features that a search finds, and what is missing of the captures: one request."""
        dimensions = [{"Name": "MonitoringSchedule", "Value": self._endpoint}]
        queries = [self._search(PREFIX.rstrip("_")), *self._stats([(pipeline, MISSING, dimensions)])]
        series = self._asked(queries)
        missing = next((Trend(tuple(at), tuple(values)) for key, _, at, values in series if key == "m0"), Trend())
        return Overview(_joined([one for one in series if one[0] == FOUND]), missing)

    def of_feature(self, name: str) -> Trend:
        return _joined(self._asked([self._search(f'MetricName="{PREFIX}{name}"')])).get(name, Trend())

    def of_quality(self, schedule: str, names: Sequence[str]) -> dict[str, Trend]:
        """Metrics of the model, by their names."""
        pairs = (("Endpoint", self._endpoint), ("MonitoringSchedule", schedule))
        dimensions = [{"Name": name, "Value": value} for name, value in pairs]
        found = self._metrics([(QUALITY_NAMESPACE, name, dimensions) for name in names])
        return dict(zip(names, found, strict=True))

    # ------------------------------------------------------------------ inner
    def _search(self, words: str) -> dict[str, Any]:
        where = f'{{"{NAMESPACE}",Endpoint,MonitoringSchedule}} {words} Endpoint="{self._endpoint}"'
        return {"Id": FOUND, "Expression": f"SEARCH('{where}', 'Maximum', {self._period})"}

    def _metrics(self, wanted: Sequence[Wanted]) -> list[Trend]:
        found = {key: Trend(tuple(at), tuple(values)) for key, _, at, values in self._asked(self._stats(wanted))}
        return [found.get(f"m{at}", Trend()) for at in range(len(wanted))]

    def _stats(self, wanted: Sequence[Wanted]) -> list[dict[str, Any]]:
        return [
            {
                "Id": f"m{at}",
                "MetricStat": {
                    "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions},
                    "Period": self._period,
                    "Stat": "Maximum",
                },
            }
            for at, (namespace, name, dimensions) in enumerate(wanted)
        ]

    def _asked(self, queries: list[dict[str, Any]]) -> list[Series]:
        found: dict[tuple[str, str], tuple[list[datetime], list[float]]] = {}
        if not queries:
            return []
        for page in self._cloudwatch.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, **self._time):
            for result in page["MetricDataResults"]:
                at, values = found.setdefault((result["Id"], result["Label"]), ([], []))
                at += result["Timestamps"]
                values += result["Values"]
        return [(key, label, at, values) for (key, label), (at, values) in found.items()]


def _joined(series: Sequence[Series]) -> dict[str, Trend]:
    """By the feature's name: the greatest of what several schedules have at one time."""
    joined: dict[str, dict[datetime, float]] = {}
    for _, label, at, values in series:
        name = _feature(label)
        if name:
            known = joined.setdefault(name, {})
            for moment, value in zip(at, values, strict=True):
                known[moment] = max(value, known.get(moment, value))
    return {name: _trend(points) for name, points in joined.items()}


def _feature(label: str) -> str:
    """A label is the metric's name, and what else tells the series apart: `feature_baseline_drift_temp schedule`."""
    named = next((word for word in label.split(" ") if word.startswith(PREFIX)), "")
    return named.removeprefix(PREFIX)


def _trend(points: Mapping[datetime, float]) -> Trend:
    ordered = sorted(points)
    return Trend(tuple(ordered), tuple(points[at] for at in ordered))
