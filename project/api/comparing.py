"""From the metrics of a deployment to what is compared: counts of both versions, stratum by stratum.

What is slow, and where predictions are cut, comes from the old version: from the hours before the deployment or, where
it had too few requests then, from the first strata, which then count for errors alone.
"""

from __future__ import annotations

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
    """What is usual, and from when on it is applied. No cuts: CloudWatch gave no percentiles of the predictions."""

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
    old_requests: int


def compare(reader: MetricReader, shift: Shift, reference: Reference | None, counted_until: float) -> Compared:
    """`reference`: what an earlier look has taken, so that all of them apply the same. New requests count until
    `counted_until`, also after the traffic has shifted."""
    first, end = int(shift.begin), int(max(counted_until, shift.until)) + 1
    versions = (shift.new, shift.old)
    totals = reader.read([Query("Requests", version, "Sum") for version in versions], first, end)
    new, old = ({at: round(count) for at, count in series.items()} for series in totals.values())
    found = strata(new, old, shift.begin, shift.until, is_over=shift.is_over)
    usual = reference or find_reference(reader, shift, found, old)
    counts = _Counts(reader, versions, found)
    comparisons = [counts.comparison(ERRORS, "5XXError", "Sum", "Requests")] if found else []
    if usual is not None and found:
        comparisons += _compared_with(usual, counts)
    return Compared(found, comparisons, usual, sum(new.values()), _within(old, found))


def _compared_with(usual: Reference, counts: _Counts) -> list[Comparison]:
    latency = counts.comparison(LATENCY, "Latency", above(usual.slow_above_ms), "Requests", usual, usual.slow_above_ms)
    predictions = [
        counts.comparison(PREDICTIONS, "Prediction", above(cut), "Prediction", usual, cut)
        for cut in usual.prediction_cuts
    ]
    return [latency, *predictions]


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
            return _reference(
                "the first strata", latencies, reader.values_during("Prediction", *during), stratum.end
            )
    return None


def _reference(
    source: str, latencies: Sequence[tuple[float, float]], predictions: Sequence[tuple[float, float]], since: int
) -> Reference | None:
    slow = quantile(latencies, SLOW_QUANTILE)
    if slow is None:
        return None
    quartiles = [value for share in PREDICTION_QUANTILES if (value := quantile(predictions, share)) is not None]
    cuts = prediction_cuts(quartiles) if quartiles else []
    return Reference(source, round(_requests(latencies)), since, slow, tuple(cuts))


class _Counts:
    """Reads what was bad, and puts it beside the totals of each stratum."""

    def __init__(self, reader: MetricReader, versions: tuple[str, str], found: list[Stratum]) -> None:
        self._reader = reader
        self._versions = versions
        self._strata = found
        self._known: dict[Query, BySecond] = {}

    def comparison(
        self,
        criterion: Criterion,
        metric: str,
        statistic: str,
        counted: str,
        usual: Reference | None = None,
        cut: float | None = None,
    ) -> Comparison:
        totals = [Query(counted, version, "SampleCount") for version in self._versions]
        bad = [Query(metric, version, statistic) for version in self._versions]
        self._learn([*totals, *bad])
        return Comparison(criterion, tuple(self._table(one, totals, bad, usual) for one in self._strata), cut)

    def _learn(self, queries: Sequence[Query]) -> None:
        missing = [query for query in queries if query not in self._known]
        if missing:
            self._known |= self._reader.read(missing, self._strata[0].first, self._strata[-1].end)

    def _table(
        self, stratum: Stratum, totals: Sequence[Query], bad: Sequence[Query], usual: Reference | None
    ) -> Table:
        """Empty for a stratum that what is usual was taken from. CloudWatch's counts above a cut may have fractions."""
        if usual is not None and stratum.first < usual.applies_from:
            return Table(0, 0, 0, 0)
        new, old = (_within(self._known[query], [stratum]) for query in totals)
        new_bad, old_bad = (_within(self._known[query], [stratum]) for query in bad)
        return Table(new, old, min(new_bad, new), min(old_bad, old))


def _within(series: Mapping[int, float], found: Iterable[Stratum]) -> int:
    return round(sum(series.get(at, 0) for one in found for at in range(one.first, one.end)))


def _requests(weighted: Iterable[tuple[float, float]]) -> float:
    return sum(weight for _, weight in weighted)
