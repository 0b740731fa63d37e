"""How far two datasets' distributions of one feature lie apart: one file a method, and here the registry of them.

A distance is 0 for equal distributions, and larger means farther. To add one, write its file and name it here;
constraints.json may then ask for it. docs/drift.md says which to take when.
"""

from collections.abc import Mapping

from mlsystem.monitor.distances import categorical_linf, numeric_linf
from mlsystem.monitor.distances.chi_squared import measure_chi_squared
from mlsystem.monitor.distances.counts import CategoryCounts
from mlsystem.monitor.distances.jensen_shannon import jensen_shannon_of_categories, jensen_shannon_of_numbers
from mlsystem.monitor.distances.kolmogorov_smirnov import measure_kolmogorov_smirnov
from mlsystem.monitor.distances.method import Measured, Method, Scale, share_threshold
from mlsystem.monitor.distances.psi import psi_of_categories, psi_of_numbers
from mlsystem.monitor.distances.wasserstein import LARGEST_TOLD, measure_wasserstein
from mlsystem.monitor.sketch import Sample

MINIMUM_SAMPLE = 30  # of the methods that Model Monitor did not have: their quantiles are those of many rows
_LEVELS = (1e-12, 0.5)
_SIMPLE_LINF_OF_CATEGORIES = Method(
    categorical_linf.measure_simple, Scale.LARGEST_DIFFERENCE, default_threshold=0.1, is_original=True
)

NUMERIC_METHODS: Mapping[str, Method[Sample]] = {
    "linf_simple": Method(
        numeric_linf.measure_simple, Scale.LARGEST_DIFFERENCE, default_threshold=0.1, is_original=True
    ),
    "linf_robust": Method(
        numeric_linf.measure_robust, Scale.LARGEST_DIFFERENCE, default_threshold=0.1, is_original=True
    ),
    "PSI": Method(psi_of_numbers, Scale.STABILITY_INDEX, 0.2, (0.0, 100.0), MINIMUM_SAMPLE),
    "JensenShannon": Method(jensen_shannon_of_numbers, Scale.JENSEN_SHANNON, 0.1, (0.0, 0.99), MINIMUM_SAMPLE),
    "Wasserstein": Method(measure_wasserstein, Scale.DEVIATIONS, 0.2, (0.0, LARGEST_TOLD / 10.0), MINIMUM_SAMPLE),
    "KolmogorovSmirnov": Method(measure_kolmogorov_smirnov, Scale.SIGNIFICANCE, 0.05, _LEVELS, MINIMUM_SAMPLE),
}

CATEGORICAL_METHODS: Mapping[str, Method[CategoryCounts]] = {
    "LInfinity": Method(
        categorical_linf.measure_robust, Scale.LARGEST_DIFFERENCE, default_threshold=0.1, is_original=True
    ),
    "ChiSquared": Method(measure_chi_squared, Scale.SIGNIFICANCE, default_threshold=0.05, is_original=True),
    "PSI": Method(psi_of_categories, Scale.STABILITY_INDEX, 0.2, (0.0, 100.0), MINIMUM_SAMPLE),
    "JensenShannon": Method(jensen_shannon_of_categories, Scale.JENSEN_SHANNON, 0.1, (0.0, 0.99), MINIMUM_SAMPLE),
}

DEFAULT_CATEGORICAL_METHOD = "LInfinity"

# The names that constraints.json knows for comparison_method, and those of the registry.
COMPARISON_METHODS: Mapping[str, str] = {
    "Simple": "linf_simple",
    "Robust": "linf_robust",
    **{name: name for name in NUMERIC_METHODS},
}


def numeric_method(comparison_method: str) -> Method[Sample]:
    """The method that constraints.json names."""
    return NUMERIC_METHODS[COMPARISON_METHODS[comparison_method]]


def categorical_method(name: str | None, comparison_method: str) -> Method[CategoryCounts]:
    """The method that constraints.json names, by default L-infinity: robust, unless numbers are compared by Simple."""
    name = name or DEFAULT_CATEGORICAL_METHOD
    if name == DEFAULT_CATEGORICAL_METHOD and COMPARISON_METHODS[comparison_method] == "linf_simple":
        return _SIMPLE_LINF_OF_CATEGORIES
    return CATEGORICAL_METHODS[name]


__all__ = [
    "CATEGORICAL_METHODS",
    "COMPARISON_METHODS",
    "DEFAULT_CATEGORICAL_METHOD",
    "MINIMUM_SAMPLE",
    "NUMERIC_METHODS",
    "CategoryCounts",
    "Measured",
    "Method",
    "Sample",
    "Scale",
    "categorical_method",
    "numeric_method",
    "share_threshold",
]
