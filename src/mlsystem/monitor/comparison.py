"""One feature beside its baseline: what a method measured there, or why it could not be compared."""

from dataclasses import dataclass

from mlsystem.monitor.comparison_rules import Rule, categorical_rule, numeric_rule
from mlsystem.monitor.constraints import MonitoringConfig
from mlsystem.monitor.distances import CategoryCounts, Measured
from mlsystem.monitor.distances.method import Data
from mlsystem.monitor.profile import FeatureProfile


@dataclass(frozen=True)
class Comparison:
    """What was compared, and how far apart it lies. Either `measured` is there, or `obstacle` says why it is not."""

    feature: str
    values_before: int = 0
    values_now: int = 0
    method: str | None = None  # by its name in constraints.json
    threshold: float = 0.0
    limit: float = 0.0  # the distance that may not be exceeded
    measured: Measured | None = None
    obstacle: str | None = None


def compare(
    name: str,
    current: FeatureProfile | None,
    baseline: FeatureProfile | None,
    config: MonitoringConfig,
    *,
    ties_counted_once: bool = False,
) -> Comparison:
    """The comparison of a feature, as what the baseline says it is."""
    if current is None:
        return Comparison(name, obstacle="the column is missing")
    if baseline is None:
        return Comparison(name, obstacle="the baseline does not know it")
    if baseline.numerical and current.numerical:
        rule = numeric_rule(config)
        counted_once = ties_counted_once and rule.method.is_original
        before, now = (side.numerical.sketch.sample(counted_once) for side in (baseline, current) if side.numerical)
        return _measure(name, rule, before, now, (baseline.numerical.moments.count, current.numerical.moments.count))
    before_counts, counts = _category_counts(baseline), _category_counts(current)
    if before_counts and counts:
        return _measure(name, categorical_rule(config), before_counts, counts, (before_counts.total, counts.total))
    return Comparison(name, baseline.num_present, current.num_present, obstacle=_obstacle(current, baseline))


def _category_counts(feature: FeatureProfile) -> CategoryCounts | None:
    if not feature.categories or not feature.categories.counts:
        return None
    return CategoryCounts(dict(feature.categories.counts), feature.num_present)


def _obstacle(current: FeatureProfile, baseline: FeatureProfile) -> str:
    if not baseline.numerical and not _category_counts(baseline):
        return "the baseline has no value to compare with"
    if not current.num_present:
        return "every value is missing"
    return "no value is a number, as those of the baseline are"


def _measure(name: str, rule: Rule[Data], before: Data, now: Data, values: tuple[int, int]) -> Comparison:
    measured, obstacle = None, _shortage(values, rule.minimum_sample)
    if obstacle is None:
        measured = rule.method.measure(before, now)
        obstacle = None if measured else f"{rule.name} needs more values, or more categories in common"
    limit = rule.method.limit(rule.threshold)
    return Comparison(name, *values, rule.name, rule.threshold, limit, measured, obstacle)


def _shortage(values: tuple[int, int], minimum: int) -> str | None:
    before, now = values
    if now < minimum:
        return f"there are {now} values, and {minimum} are needed"
    if before < minimum:
        return f"the baseline has {before} values, and {minimum} are needed"
    return None
