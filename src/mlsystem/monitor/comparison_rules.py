"""What a monitoring configuration means for a comparison: which method, held against what, from how many values on.

A threshold belongs to a method: 0.05 means one thing as a level of significance and another as a distance. So whoever
names another method and no threshold gets that method's own, and not the one that stood there for the old method.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic

from mlsystem.monitor.constraints import MonitoringConfig
from mlsystem.monitor.distances import (
    DEFAULT_CATEGORICAL_METHOD,
    CategoryCounts,
    Method,
    Sample,
    categorical_method,
    numeric_method,
    share_threshold,
)
from mlsystem.monitor.distances.method import Data


@dataclass(frozen=True)
class Rule(Generic[Data]):
    """How one feature is compared."""

    name: str  # of the method, as constraints.json has it
    method: Method[Data]
    threshold: float
    minimum_sample: int


def numeric_rule(config: MonitoringConfig) -> Rule[Sample]:
    """The rule for features that are numbers."""
    method = numeric_method(config.comparison_method)
    return Rule(config.comparison_method, method, config.comparison_threshold, _minimum_sample(config, method))


def categorical_rule(config: MonitoringConfig) -> Rule[CategoryCounts]:
    """The rule for features that are categories.

    Without a threshold of its own, the one for numbers counts where it means the same, else the method's default.
    """
    method = categorical_method(config.categorical_drift_method, config.comparison_method)
    name = config.categorical_drift_method or DEFAULT_CATEGORICAL_METHOD
    threshold = config.categorical_comparison_threshold
    if threshold is None:
        is_shared = share_threshold(method, numeric_method(config.comparison_method))
        threshold = config.comparison_threshold if is_shared else method.default_threshold
    return Rule(name, method, threshold, _minimum_sample(config, method))


def _minimum_sample(config: MonitoringConfig, method: Method[Data]) -> int:
    return method.minimum_sample if config.minimum_sample is None else config.minimum_sample


def changed(config: MonitoringConfig, changes: Mapping[str, object]) -> MonitoringConfig:
    """The configuration with some of its fields changed, and thresholds that follow the methods."""
    after = replace(config, **changes)  # type: ignore[arg-type]  # whoever reads a field reads it as its type
    numeric = numeric_method(after.comparison_method)
    if "comparison_threshold" not in changes and not share_threshold(numeric, numeric_method(config.comparison_method)):
        after = replace(after, comparison_threshold=numeric.default_threshold)
    categorical, before = (
        categorical_method(some.categorical_drift_method, some.comparison_method) for some in (after, config)
    )
    if "categorical_comparison_threshold" not in changes and not share_threshold(categorical, before):
        after = replace(after, categorical_comparison_threshold=None)
    return after


def faults(config: MonitoringConfig) -> Iterator[tuple[str, str]]:
    """Each setting that means nothing, by its name in constraints.json, and what is wrong with it."""
    numeric, categorical = numeric_rule(config), categorical_rule(config)
    found = {
        "comparison_threshold": numeric.method.fault(numeric.threshold),
        "categorical_comparison_threshold": categorical.method.fault(categorical.threshold),
    }
    yield from ((name, fault) for name, fault in found.items() if fault)
    if config.minimum_sample is not None and config.minimum_sample < 1:
        yield "minimum_sample", f"is {config.minimum_sample}; allowed: whole numbers from 1"
