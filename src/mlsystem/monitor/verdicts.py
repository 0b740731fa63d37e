"""The plain verdict, of each feature and over all: drifted, not drifted, or that nobody can tell, and why.

It fails closed. What could not be compared, and what so few values could not have shown, is never "not drifted".
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mlsystem.monitor.comparison import Comparison
from mlsystem.monitor.distances import Measured
from mlsystem.monitor.multiple_testing import CORRECTIONS, NO_CORRECTION
from mlsystem.monitor.unreadable import NOTHING_UNREADABLE, Unreadable

VERSION = 0.0


class Verdict(enum.Enum):
    """What can be said of a drift."""

    DRIFTED = "drifted"
    NOT_DRIFTED = "not drifted"
    CANNOT_TELL = "cannot tell"  # never good news: something is missing that a verdict needs


@dataclass(frozen=True)
class FeatureVerdict:
    """The verdict on one feature. `distance` is there if something was measured; corrected, where tests are."""

    verdict: Verdict
    reason: str
    comparison: Comparison
    distance: float | None = None
    p_value: float | None = None  # corrected

    @property
    def feature(self) -> str:
        """The name of the feature."""
        return self.comparison.feature

    @property
    def is_lost_in_chance(self) -> bool:
        """Whether the distance says nothing, as chance alone gives as much."""
        measured = self.comparison.measured
        return self.verdict is Verdict.CANNOT_TELL and measured is not None and measured.chance > self.comparison.limit


@dataclass(frozen=True)
class DatasetVerdict:
    """The verdict over all features that were to be compared."""

    features: tuple[FeatureVerdict, ...] = ()
    correction: str = NO_CORRECTION
    unreadable: Unreadable = NOTHING_UNREADABLE

    @property
    def verdict(self) -> Verdict:
        """Drifted if one feature is; not drifted only if each of them (and there is one) is not."""
        found = {feature.verdict for feature in self.features}
        if Verdict.DRIFTED in found:
            return Verdict.DRIFTED
        return Verdict.NOT_DRIFTED if found == {Verdict.NOT_DRIFTED} else Verdict.CANNOT_TELL

    @property
    def sentence(self) -> str:
        """The verdict with what it rests on, in one line."""
        if not self.features:
            return f"{Verdict.CANNOT_TELL.value}: no feature was to be compared"
        counts = [(sum(feature.verdict is kind for feature in self.features), kind.value) for kind in Verdict]
        listed = ", ".join(f"{count} {kind}" for count, kind in counts if count)
        return f"{self.verdict.value} (of {len(self.features)} features: {listed})"


def decide(
    comparisons: Sequence[Comparison],
    correction: str = NO_CORRECTION,
    *,
    rows: int = 0,
    unreadable: Unreadable = NOTHING_UNREADABLE,
) -> DatasetVerdict:
    """The verdicts on all features of that many rows, beside those that could not be read.

    The correction counts for the features that are tested, all together.
    """
    tested = {c.feature: c.measured.p_value for c in comparisons if c.measured and c.measured.p_value is not None}
    corrected = dict(zip(tested, CORRECTIONS[correction](list(tested.values())), strict=True))
    lone = 1 if correction == NO_CORRECTION else len(tested)
    features = tuple(_decide(c, corrected.get(c.feature), lone) for c in comparisons)
    if not unreadable.is_tolerable(rows):
        features = tuple(_doubted(feature, unreadable.sentence(rows)) for feature in features)
    return DatasetVerdict(features, correction, unreadable)


def _doubted(feature: FeatureVerdict, why: str) -> FeatureVerdict:
    """What is found in a part of the rows is there; what is not found may be in the rest."""
    if feature.verdict is Verdict.NOT_DRIFTED:
        return replace(feature, verdict=Verdict.CANNOT_TELL, reason=why)
    return feature


def _decide(comparison: Comparison, p_value: float | None, tests: int) -> FeatureVerdict:
    measured = comparison.measured
    if measured is None:
        return FeatureVerdict(Verdict.CANNOT_TELL, comparison.obstacle or "it was not measured", comparison)
    # The raw distance stays what it is to the last digit where nothing was corrected.
    distance = measured.distance if p_value == measured.p_value or p_value is None else 1.0 - p_value
    verdict, reason = _weigh(comparison, measured, distance, tests)
    return FeatureVerdict(verdict, reason, comparison, distance, p_value)


def _weigh(comparison: Comparison, measured: Measured, distance: float, tests: int) -> tuple[Verdict, str]:
    limit, values = comparison.limit, min(comparison.values_now, comparison.values_before)
    if distance > max(limit, measured.chance):
        return Verdict.DRIFTED, _found(comparison, distance, "more than")
    if measured.chance > limit:
        return Verdict.CANNOT_TELL, (
            f"{_found(comparison, distance, 'against')}, but in {values} values chance alone gives up to {measured.chance:.4g}"
        )
    if measured.reach <= _strictest(limit, measured, tests):
        return Verdict.CANNOT_TELL, f"{values} values are so few that {comparison.method} could not show any drift"
    return Verdict.NOT_DRIFTED, _found(comparison, distance, "within")


def _found(comparison: Comparison, distance: float, relation: str) -> str:
    """A distance, or the p-value that it was made of, beside what is allowed."""
    if comparison.measured is None or comparison.measured.p_value is None:
        return f"{comparison.method} gives {distance:.4g}, {relation} the {comparison.threshold:.4g} that are allowed"
    sign = "below" if relation == "more than" else "not below"
    return (
        f"{comparison.method} gives a p-value of {1.0 - distance:.4g}, {sign} the level of {comparison.threshold:.4g}"
    )


def _strictest(limit: float, measured: Measured, tests: int) -> float:
    """The limit that a feature has to exceed which drifts alone among so many tested ones."""
    return limit if measured.p_value is None else 1.0 - (1.0 - limit) / tests


def verdicts_document(verdict: DatasetVerdict, records: int | None = None) -> dict[str, object]:
    """verdicts.json, ready to be written. `records` is how many captured records the data are, if they are such."""
    return {
        "version": VERSION,
        "verdict": verdict.verdict.value,
        "summary": verdict.sentence,
        "multiple_testing_correction": verdict.correction,
        **({"captured_records": records} if records is not None else {}),
        "unreadable_rows": verdict.unreadable.count,
        "unreadable_examples": list(verdict.unreadable.examples),
        "features": [_entry(feature) for feature in verdict.features],
    }


def _entry(feature: FeatureVerdict) -> dict[str, object]:
    comparison = feature.comparison
    optional = {
        "method": comparison.method,
        "threshold": comparison.threshold if comparison.method else None,
        "distance": feature.distance,
        "p_value": comparison.measured.p_value if comparison.measured else None,
        "corrected_p_value": feature.p_value,
    }
    return {
        "feature_name": feature.feature,
        "verdict": feature.verdict.value,
        "reason": feature.reason,
        "values_in_baseline": comparison.values_before,
        "values_now": comparison.values_now,
        **{key: value for key, value in optional.items() if value is not None},
    }
