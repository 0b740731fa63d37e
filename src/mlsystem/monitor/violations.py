"""The checks: a dataset's profile against the constraints and the statistics of its baseline."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlsystem.monitor import texts
from mlsystem.monitor.constraints import Constraints, FeatureConstraints, MonitoringConfig
from mlsystem.monitor.distances import (
    CATEGORICAL_METHODS,
    COMPARISON_METHODS,
    DEFAULT_CATEGORICAL_METHOD,
    NUMERIC_DISTANCES,
    CategoryCounts,
)
from mlsystem.monitor.profile import DatasetProfile, FeatureProfile


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
    drifts: Mapping[str, Drift]


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
    violations: list[Violation] = []
    drifts: dict[str, Drift] = {}
    for expected in constraints.features:
        feature, before = current.feature(expected.name), baseline.feature(expected.name)
        if feature is None or not expected.config.evaluate_constraints:
            continue
        violations.extend(_check_values(feature, expected))
        drift = _drift(feature, before, expected.config, ties_counted_once) if before else None
        if drift:
            drifts[expected.name] = drift
            violations.extend(_check_drift(expected.name, drift))
    violations.extend(_check_columns(current, constraints))
    return CheckResult(tuple(violations), drifts)


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


def _check_drift(name: str, drift: Drift) -> Iterator[Violation]:
    if drift.distance > drift.limit:
        yield Violation(name, texts.BASELINE_DRIFT_CHECK, texts.drift(drift.distance, drift.limit))


def _drift(
    current: FeatureProfile, baseline: FeatureProfile, config: MonitoringConfig, ties_counted_once: bool
) -> Drift | None:
    """The drift of a feature, compared as what the baseline says it is; None where there is nothing to compare."""
    if not config.perform_comparison:
        return None
    if baseline.numerical and current.numerical:
        measure = NUMERIC_DISTANCES[COMPARISON_METHODS[config.comparison_method]]
        before = baseline.numerical.sketch.sample(ties_counted_once)
        now = current.numerical.sketch.sample(ties_counted_once)
        return Drift(measure(before, now), config.comparison_threshold)
    before_counts, counts = _category_counts(baseline), _category_counts(current)
    return _categorical_drift(before_counts, counts, config) if before_counts and counts else None


def _category_counts(feature: FeatureProfile) -> CategoryCounts | None:
    if not feature.categories or not feature.categories.counts:
        return None
    return CategoryCounts(dict(feature.categories.counts), feature.num_present)


def _categorical_drift(baseline: CategoryCounts, current: CategoryCounts, config: MonitoringConfig) -> Drift | None:
    method = CATEGORICAL_METHODS[config.categorical_drift_method or DEFAULT_CATEGORICAL_METHOD]
    threshold = config.categorical_comparison_threshold
    limit = method.limit(config.comparison_threshold if threshold is None else threshold)
    distance = method.distance(baseline, current, COMPARISON_METHODS[config.comparison_method] == "linf_robust")
    return None if distance is None else Drift(distance, limit)


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
