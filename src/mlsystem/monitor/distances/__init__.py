"""How far two datasets' distributions of one feature lie apart: one file a method, and here the registry of them.

A distance is 0 for equal distributions, at most 1, and larger means farther. To add one, write its file and name it
here; constraints.json may then ask for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mlsystem.monitor.distances.categorical_linf import linf_of_categories
from mlsystem.monitor.distances.chi_squared import chi_squared_distance
from mlsystem.monitor.distances.counts import CategoryCounts
from mlsystem.monitor.distances.numeric_linf import linf_robust, linf_simple
from mlsystem.monitor.sketch import Sample


@dataclass(frozen=True)
class CategoricalMethod:
    """A distance between counts of categories, and what the user's threshold means for it."""

    # (baseline, current, robust) -> distance, or None where the method has nothing to say
    distance: Callable[[CategoryCounts, CategoryCounts, bool], float | None]
    limit: Callable[[float], float]  # threshold in constraints.json -> the distance that may not be exceeded


NUMERIC_DISTANCES: Mapping[str, Callable[[Sample, Sample], float]] = {
    "linf_simple": linf_simple,
    "linf_robust": linf_robust,
}

CATEGORICAL_METHODS: Mapping[str, CategoricalMethod] = {
    "LInfinity": CategoricalMethod(linf_of_categories, limit=lambda threshold: threshold),
    "ChiSquared": CategoricalMethod(chi_squared_distance, limit=lambda significance: 1.0 - significance),
}

DEFAULT_CATEGORICAL_METHOD = "LInfinity"

# The names that constraints.json knows for comparison_method, and those of the registry.
COMPARISON_METHODS: Mapping[str, str] = {
    "Simple": "linf_simple",
    "Robust": "linf_robust",
    **{name: name for name in NUMERIC_DISTANCES},
}

__all__ = [
    "CATEGORICAL_METHODS",
    "COMPARISON_METHODS",
    "DEFAULT_CATEGORICAL_METHOD",
    "NUMERIC_DISTANCES",
    "CategoricalMethod",
    "CategoryCounts",
]
