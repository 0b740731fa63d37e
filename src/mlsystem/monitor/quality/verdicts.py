"""The plain verdict on a model: worse, not worse, or that nobody can tell, and why.

A metric is worse if it lies beyond its threshold by more than chance explains, and not worse if it is shown that it
cannot be beyond it by more than its margin (a test of non-inferiority). Between them nobody can tell: more rows would.
"""

import enum
import math
from dataclasses import dataclass, replace
from statistics import NormalDist

from mlsystem.monitor.quality.constraints import QualityConstraint, QualityConstraints
from mlsystem.monitor.quality.evaluation import Metric, Quality
from mlsystem.monitor.quality.statistics_document import QualityStatistics
from mlsystem.monitor.unreadable import Unreadable

# Of runs in which nothing has become worse, at most so many are called worse: all metrics of a run share it (Bonferroni).
FALSE_ALARMS = 0.01
# Of metrics that are worse by their margin, at most so many are called not worse.
MISSED = 0.05
_CERTAINTY = NormalDist().inv_cdf(1.0 - MISSED)
MINIMUM_ROWS = 30


class QualityVerdict(enum.Enum):
    """What can be said of a model."""

    WORSE = "worse"
    NOT_WORSE = "not worse"
    CANNOT_TELL = "cannot tell"  # never good news: something is missing that a verdict needs


@dataclass(frozen=True)
class MetricVerdict:
    """The verdict on one metric. `error` is that of the comparison; `rows_needed` is there if more rows would tell."""

    verdict: QualityVerdict
    reason: str
    constraint: QualityConstraint
    metric: Metric | None
    error: float | None = None
    rows_needed: int | None = None


@dataclass(frozen=True)
class ModelVerdict:
    """The verdict over all metrics that have a constraint."""

    metrics: tuple[MetricVerdict, ...]

    @property
    def verdict(self) -> QualityVerdict:
        """Worse if one metric is; not worse only if each of them is not."""
        found = {metric.verdict for metric in self.metrics}
        if QualityVerdict.WORSE in found:
            return QualityVerdict.WORSE
        return QualityVerdict.NOT_WORSE if found == {QualityVerdict.NOT_WORSE} else QualityVerdict.CANNOT_TELL

    @property
    def sentence(self) -> str:
        """The verdict with what it rests on, in one line."""
        counts = [(sum(metric.verdict is kind for metric in self.metrics), kind.value) for kind in QualityVerdict]
        listed = ", ".join(f"{count} {kind}" for count, kind in counts if count)
        return f"{self.verdict.value} (of {len(self.metrics)} metrics: {listed})"


def decide_quality(
    quality: Quality,
    constraints: QualityConstraints,
    baseline: QualityStatistics | None,
    unreadable: Unreadable,
) -> ModelVerdict:
    """The verdicts on all metrics that have a constraint, in their order. Without a baseline thresholds are exact."""
    strictness = NormalDist().inv_cdf(1.0 - FALSE_ALARMS / len(constraints.metrics))
    found = [_decide(each, quality, baseline, strictness) for each in constraints.metrics]
    if not unreadable.is_tolerable(quality.rows):
        found = [_doubted(verdict, unreadable.sentence(quality.rows)) for verdict in found]
    return ModelVerdict(tuple(found))


def _doubted(found: MetricVerdict, why: str) -> MetricVerdict:
    """What is found in a part of the rows is there; what is not found may be in the rest."""
    if found.verdict is QualityVerdict.NOT_WORSE:
        return replace(found, verdict=QualityVerdict.CANNOT_TELL, reason=why)
    return found


def _decide(
    constraint: QualityConstraint, quality: Quality, baseline: QualityStatistics | None, strictness: float
) -> MetricVerdict:
    metric = quality.metric(constraint.metric)
    obstacle = _obstacle(metric)
    if metric is None or obstacle:
        return MetricVerdict(QualityVerdict.CANNOT_TELL, obstacle or "it was not measured", constraint, metric)
    error = metric.error * _with_baseline(constraint, quality.rows, baseline)
    verdict, reason, needed = _weigh(constraint, metric, quality.rows, error, strictness)
    return MetricVerdict(verdict, reason, constraint, metric, error, needed)


def _obstacle(metric: Metric | None) -> str | None:
    """Why nothing can be said, if so."""
    if metric is None:
        return "it was not measured: it needs a probability_attribute"
    if metric.rows < MINIMUM_ROWS:
        return f"it rests on {metric.rows} rows, and {MINIMUM_ROWS} are needed"
    if not math.isfinite(metric.value):
        return "the rows do not define it"
    return None if math.isfinite(metric.error) else "its noise is not known: some half of the rows does not define it"


def _with_baseline(constraint: QualityConstraint, rows: int, baseline: QualityStatistics | None) -> float:
    """How much larger the error is for a threshold that was itself measured, on the rows of the baseline.

    A threshold that somebody has set is exact. What a metric rests on is taken to be the same share of the rows, then as now.
    """
    if baseline is None or not baseline.rows or baseline.values.get(constraint.metric) != constraint.threshold:
        return 1.0
    return math.sqrt(1.0 + rows / baseline.rows)


def _weigh(
    constraint: QualityConstraint, metric: Metric, rows: int, error: float, strictness: float
) -> tuple[QualityVerdict, str, int | None]:
    shortfall, found = constraint.shortfall(metric.value), _found(constraint, metric)
    by_chance, unsure, allowed = strictness * error, _CERTAINTY * error, constraint.tolerance
    if shortfall > by_chance:
        return QualityVerdict.WORSE, f"{found} by more than chance explains ({by_chance:.4g})", None
    if shortfall + unsure <= allowed:
        return QualityVerdict.NOT_WORSE, f"{found}, and worse than that by {allowed:.4g} it cannot be", None
    shrinks = [noise / room for noise, room in [(unsure, allowed - shortfall), (by_chance, shortfall)] if room > 0.0]
    needed = math.ceil(rows * min(shrinks) ** 2) if shrinks else None
    more = f"; if it stays so, some {needed:,} rows in all would tell" if needed else ""
    return QualityVerdict.CANNOT_TELL, f"{found}, but chance alone gives up to {by_chance:.4g}{more}", needed


def _found(constraint: QualityConstraint, metric: Metric) -> str:
    """The value beside its threshold."""
    shortfall = constraint.shortfall(metric.value)
    relation = "worse than" if shortfall > 0 else "better than" if shortfall < 0 else "equal to"
    return f"{metric.value:.4g} on {metric.rows:,} rows is {relation} the threshold {constraint.threshold:.4g}"
