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
MOST_FEATURES = 100  # a search finds at most 500 series; of each look there is one a feature
POINTS = 500
PERIODS = (60, 300, 900, 3600)


@dataclass(frozen=True)
class Trend:
    """Oldest first."""

    at: tuple[datetime, ...] = ()
    values: tuple[float, ...] = ()


class Trends:
    """Of one endpoint, in one time."""

    def __init__(self, connection: Connection, endpoint: str, since: datetime, until: datetime):
        self._cloudwatch = connection.client("cloudwatch")
        self._endpoint = endpoint
        self._time = {"StartTime": since, "EndTime": until, "ScanBy": "TimestampAscending"}
        seconds = (until - since).total_seconds()
        self._period = next((one for one in PERIODS if seconds / one <= POINTS), PERIODS[-1])

    def of_features(self) -> dict[str, Trend]:
        """By the feature's name, as far as a search finds them."""
        return self._searched(PREFIX.rstrip("_"))

    def of_feature(self, name: str) -> Trend:
        return self._searched(f'MetricName="{PREFIX}{name}"').get(name, Trend())

    def missing_captures(self, pipeline: str) -> Trend:
        """In percent of what should have been captured."""
        dimensions = [{"Name": "MonitoringSchedule", "Value": self._endpoint}]
        return self._metrics([(pipeline, MISSING, dimensions)])[0]

    def of_quality(self, schedule: str, names: Sequence[str]) -> dict[str, Trend]:
        """Metrics of the model, by their names."""
        pairs = (("Endpoint", self._endpoint), ("MonitoringSchedule", schedule))
        dimensions = [{"Name": name, "Value": value} for name, value in pairs]
        found = self._metrics([(QUALITY_NAMESPACE, name, dimensions) for name in names])
        return dict(zip(names, found, strict=True))

    # ------------------------------------------------------------------ inner
    def _searched(self, words: str) -> dict[str, Trend]:
        where = f'{{"{NAMESPACE}",Endpoint,MonitoringSchedule}} {words} Endpoint="{self._endpoint}"'
        query = {"Id": "found", "Expression": f"SEARCH('{where}', 'Maximum', {self._period})"}
        series = self._asked([query])
        names = {label: _feature(label) for _, label, _, _ in series}
        joined: dict[str, dict[datetime, float]] = {}
        for _, label, at, values in series:
            if names[label]:
                known = joined.setdefault(names[label], {})
                for moment, value in zip(at, values, strict=True):
                    known[moment] = max(value, known.get(moment, value))
        return {name: _trend(points) for name, points in joined.items()}

    def _metrics(self, wanted: Sequence[tuple[str, str, list[dict[str, str]]]]) -> list[Trend]:
        queries = [
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
        found = {key: Trend(tuple(at), tuple(values)) for key, _, at, values in self._asked(queries)}
        return [found.get(f"m{at}", Trend()) for at in range(len(wanted))]

    def _asked(self, queries: list[dict[str, Any]]) -> list[tuple[str, str, list[datetime], list[float]]]:
        found: dict[tuple[str, str], tuple[list[datetime], list[float]]] = {}
        if not queries:
            return []
        for page in self._cloudwatch.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, **self._time):
            for result in page["MetricDataResults"]:
                at, values = found.setdefault((result["Id"], result["Label"]), ([], []))
                at += result["Timestamps"]
                values += result["Values"]
        return [(key, label, at, values) for (key, label), (at, values) in found.items()]


def _feature(label: str) -> str:
    """A label is the metric's name, and what else tells the series apart: `feature_baseline_drift_temp schedule`."""
    named = next((word for word in label.split(" ") if word.startswith(PREFIX)), "")
    return named.removeprefix(PREFIX)


def _trend(points: Mapping[datetime, float]) -> Trend:
    ordered = sorted(points)
    return Trend(tuple(ordered), tuple(points[at] for at in ordered))
