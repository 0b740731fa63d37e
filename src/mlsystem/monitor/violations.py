"""The checks: a dataset's profile against the constraints and the statistics of its baseline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlsystem.monitor import texts
from mlsystem.monitor.comparison import compare
from mlsystem.monitor.constraints import Constraints, FeatureConstraints
from mlsystem.monitor.multiple_testing import NO_CORRECTION
from mlsystem.monitor.profile import DatasetProfile, FeatureProfile
from mlsystem.monitor.verdicts import DatasetVerdict, FeatureVerdict, Verdict, decide


@dataclass(frozen=True)
class Violation:
    """One entry of constraint_violations.json."""

    feature_name: str
    check_type: str
    description: str


@dataclass(frozen=True)
class Drift:
    """How far a feature lies from its baseline, and how far it may."""

    distance: float
    limit: float


@dataclass(frozen=True)
class CheckResult:
    """What a check found; the drifts also of features that stayed within their limits."""

    violations: tuple[Violation, ...]
    drifts: Mapping[str, Drift]  # without those that chance alone could give
    verdict: DatasetVerdict | None = None  # None where there was nothing to compare with


def violations_document(violations: tuple[Violation, ...]) -> dict[str, object]:
    """constraint_violations.json, ready to be written."""
    entries = [
        {"feature_name": v.feature_name, "constraint_check_type": v.check_type, "description": v.description}
        for v in violations
    ]
    return {"violations": entries}


def check(
    current: DatasetProfile, constraints: Constraints, baseline: DatasetProfile, *, ties_counted_once: bool = False
) -> CheckResult:
    """All violations, by feature in the order of the constraints, then those about the set of columns."""
    verdict = _verdict(current, constraints, baseline, ties_counted_once)
    by_name = {feature.feature: feature for feature in verdict.features}
    violations: list[Violation] = []
    for expected in constraints.features:
        feature = current.feature(expected.name)
        if feature is None or not expected.config.evaluate_constraints:
            continue
        violations.extend(_check_values(feature, expected))
        if expected.name in by_name:
            violations.extend(_check_drift(by_name[expected.name]))
    violations.extend(_check_columns(current, constraints))
    drifts = {name: drift for name, found in by_name.items() if (drift := _drift(found))}
    return CheckResult(tuple(violations), drifts, verdict)


def _verdict(
    current: DatasetProfile, constraints: Constraints, baseline: DatasetProfile, ties_counted_once: bool
) -> DatasetVerdict:
    """The verdict over all features that the constraints want compared, in their order."""
    comparisons = [
        compare(
            expected.name,
            current.feature(expected.name),
            baseline.feature(expected.name),
            expected.config,
            ties_counted_once=ties_counted_once,
        )
        for expected in constraints.features
        if expected.config.evaluate_constraints and expected.config.perform_comparison
    ]
    correction = constraints.config.multiple_testing_correction or NO_CORRECTION
    return decide(comparisons, correction, rows=current.item_count, unreadable=current.unreadable)


def unproven_features(constraints: Constraints, baseline: DatasetProfile) -> list[str]:
    """Features that are to be compared with a baseline whose statistics do not know them: a check would pass unseen."""
    return [
        expected.name
        for expected in constraints.features
        if expected.config.evaluate_constraints and expected.config.perform_comparison
        if baseline.feature(expected.name) is None
    ]


def _check_values(feature: FeatureProfile, expected: FeatureConstraints) -> Iterator[Violation]:
    threshold = expected.config.datatype_check_threshold
    match = feature.types.match(expected.inferred_type)
    if match < threshold:
        description = texts.data_type_mismatch(expected.inferred_type.value, threshold, match)
        yield Violation(feature.name, texts.DATA_TYPE_CHECK, description)
    if expected.completeness is not None and feature.completeness < expected.completeness:
        yield Violation(feature.name, texts.COMPLETENESS_CHECK, texts.share_too_low(feature.completeness))
    known = _share_known(feature, expected)
    if known is not None and known < expected.config.domain_content_threshold:
        yield Violation(feature.name, texts.CATEGORICAL_VALUES_CHECK, texts.share_too_low(known))


def _share_known(feature: FeatureProfile, expected: FeatureConstraints) -> float | None:
    """The share of the present values that the baseline's domain lists."""
    if expected.domains is None or feature.categories is None or not feature.types.present:
        return None
    domain = frozenset(expected.domains)
    return sum(count for value, count in feature.categories.counts if value in domain) / feature.types.present


def _check_drift(found: FeatureVerdict) -> Iterator[Violation]:
    if found.verdict is Verdict.DRIFTED and found.distance is not None:
        description = texts.drift(found.distance, found.comparison.limit)
        yield Violation(found.feature, texts.BASELINE_DRIFT_CHECK, description)


def _drift(found: FeatureVerdict) -> Drift | None:
    if found.distance is None or found.is_lost_in_chance:
        return None
    return Drift(found.distance, found.comparison.limit)


def _check_columns(current: DatasetProfile, constraints: Constraints) -> Iterator[Violation]:
    there = [feature.name for feature in current.features]
    wanted = [feature.name for feature in constraints.features]
    missing = [name for name in wanted if name not in set(there)]
    extra = [name for name in there if name not in set(wanted)]
    if missing:
        description = texts.missing_columns(missing, len(there), len(wanted))
        yield Violation(texts.MISSING_COLUMNS, texts.MISSING_COLUMN_CHECK, description)
    if extra:
        description = texts.extra_columns(extra, len(there), len(wanted))
        yield Violation(texts.EXTRA_COLUMNS, texts.EXTRA_COLUMN_CHECK, description)
