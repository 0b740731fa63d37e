"""From the metrics of a deployment to what is compared: counts of both versions, stratum by stratum.

What is slow, and where predictions are cut, comes from the old version: from the hours before the deployment or, where
it had too few requests then, from the first strata, which then count for errors alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from judgement import (
    ERRORS,
    LATENCY,
    PREDICTION_QUANTILES,
    PREDICTIONS,
    SLOW_QUANTILE,
    Comparison,
    Criterion,
    Stratum,
    prediction_cuts,
    strata,
)
from metric_reader import BySecond, MetricReader, Query, above, quantile
from sequential_test import Table

REQUESTS, CHECKS, COUNT = "Requests", "CheckRequests", "SampleCount"
LEAST_EARLIER = 100  # requests of the old version, to know what is usual


@dataclass(frozen=True)
class Shift:
    """The traffic of a deployment: from which version to which, and between which instants both answered."""

    old: str
    new: str
    begin: float
    until: float
    is_over: bool


@dataclass(frozen=True)
class Reference:
    """What is usual, and from when on it is applied. No cuts: CloudWatch gave no percentiles of the predictions, or
    all of them were the same."""

    source: str
    requests: float
    applies_from: int
    slow_above_ms: float
    prediction_cuts: tuple[float, ...]

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Reference:
        return cls(**{**record, "prediction_cuts": tuple(record["prediction_cuts"])})

    def told(self) -> dict[str, Any]:
        return {**asdict(self), "prediction_cuts": list(self.prediction_cuts)}


@dataclass(frozen=True)
class Compared:
    strata: list[Stratum]
    comparisons: list[Comparison]
    reference: Reference | None
    new_requests: int
    checks_after: int  # the traffic had shifted: requests of checks that the new version answered
    old_requests: int


def compare(reader: MetricReader, shift: Shift, reference: Reference | None, counted_until: float) -> Compared:
    """`reference`: what an earlier look has taken, so that all of them apply the same. New requests count until
    `counted_until`, also after the traffic has shifted."""
    first, end = math.ceil(shift.begin), int(max(counted_until, shift.until)) + 1
    asked = [Query(REQUESTS, shift.new, COUNT), Query(REQUESTS, shift.old, COUNT), Query(CHECKS, shift.new, COUNT)]
    totals = reader.read(asked, first, end)
    new, old, checks = ({at: round(count) for at, count in totals[query].items()} for query in asked)
    found = strata(new, old, shift.begin, shift.until, is_over=shift.is_over)
    usual = reference or find_reference(reader, shift, found, old)
    comparisons = _comparisons(reader, shift, found, usual, totals) if found else []
    after = sum(count for at, count in checks.items() if at >= int(shift.until))
    return Compared(found, comparisons, usual, sum(new.values()), after, _within(old, found))


@dataclass(frozen=True)
class _Counted:
    """What a comparison counts: a statistic of a metric is how many were bad, of all that `metric_of_all` has."""

    criterion: Criterion
    metric: str
    statistic: str
    metric_of_all: str
    cut: float | None = None

    def queries(self, version: str) -> tuple[Query, Query]:
        return Query(self.metric_of_all, version, COUNT), Query(self.metric, version, self.statistic)


def _counted(usual: Reference | None) -> list[_Counted]:
    errors = _Counted(ERRORS, "5XXError", "Sum", REQUESTS)
    if usual is None:
        return [errors]
    slow = usual.slow_above_ms
    predictions = [_Counted(PREDICTIONS, "Prediction", above(cut), "Prediction", cut) for cut in usual.prediction_cuts]
    return [errors, _Counted(LATENCY, "Latency", above(slow), REQUESTS, slow), *predictions]


def _comparisons(
    reader: MetricReader,
    shift: Shift,
    found: Sequence[Stratum],
    usual: Reference | None,
    known: Mapping[Query, BySecond],
) -> list[Comparison]:
    wanted = _counted(usual)
    queries = {query for one in wanted for version in (shift.new, shift.old) for query in one.queries(version)}
    missing = sorted(queries - known.keys())
    read = {**known, **reader.read(missing, found[0].first, found[-1].end)}

    def table(one: _Counted, stratum: Stratum) -> Table:
        """Empty for a stratum that what is usual was taken from. CloudWatch's counts above a cut may have fractions."""
        if one.criterion != ERRORS and usual is not None and stratum.first < usual.applies_from:
            return Table(0, 0, 0, 0)
        new, new_bad = (_within(read[query], [stratum]) for query in one.queries(shift.new))
        old, old_bad = (_within(read[query], [stratum]) for query in one.queries(shift.old))
        return Table(new, old, min(new_bad, new), min(old_bad, old))

    return [Comparison(one.criterion, tuple(table(one, stratum) for stratum in found), one.cut) for one in wanted]


def find_reference(
    reader: MetricReader, shift: Shift, found: Sequence[Stratum], old: Mapping[int, int]
) -> Reference | None:
    """None as long as too little is known."""
    first = int(shift.begin)
    latencies = reader.values_before("Latency", shift.old, shift.begin)
    if _requests(latencies) >= LEAST_EARLIER:
        predictions = reader.values_before("Prediction", shift.old, shift.begin)
        return _reference("before the deployment", latencies, predictions, first)
    seen = 0
    for stratum in found:
        seen += _within(old, [stratum])
        if seen >= LEAST_EARLIER:
            during = (shift.old, found[0].first, stratum.end)
            latencies = reader.values_during("Latency", *during)
            return _reference("the first strata", latencies, reader.values_during("Prediction", *during), stratum.end)
    return None


def _reference(
    source: str, latencies: Sequence[tuple[float, float]], predictions: Sequence[tuple[float, float]], since: int
) -> Reference | None:
    slow = quantile(latencies, SLOW_QUANTILE)
    if slow is None:
        return None
    quantiles = [value for share in PREDICTION_QUANTILES if (value := quantile(predictions, share)) is not None]
    cuts = prediction_cuts(quantiles) if quantiles else []
    return Reference(source, round(_requests(latencies)), since, slow, tuple(cuts))


def _within(series: Mapping[int, float], found: Iterable[Stratum]) -> int:
    return round(sum(series.get(at, 0) for one in found for at in range(one.first, one.end)))


def _requests(weighted: Iterable[tuple[float, float]]) -> float:
    return sum(weight for _, weight in weighted)
