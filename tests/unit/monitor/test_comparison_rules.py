"""Which method, threshold and minimum a configuration means, and that thresholds follow methods."""

import pytest

from mlsystem.monitor.comparison_rules import categorical_rule, changed, faults, numeric_rule
from mlsystem.monitor.constraints import MonitoringConfig


def test_by_default_numbers_and_categories_are_compared_as_model_monitor_did() -> None:
    numeric, categorical = numeric_rule(MonitoringConfig()), categorical_rule(MonitoringConfig())
    assert (numeric.name, numeric.threshold, numeric.minimum_sample) == ("Robust", 0.1, 1)
    assert (categorical.name, categorical.threshold, categorical.minimum_sample) == ("LInfinity", 0.1, 1)


@pytest.mark.parametrize(
    ("numeric", "categorical", "threshold"),
    [
        ("Robust", "LInfinity", 0.07),
        ("Simple", "ChiSquared", 0.07),  # as Model Monitor had it, though it means something else there
        ("KolmogorovSmirnov", "ChiSquared", 0.07),  # both are levels
        ("PSI", "PSI", 0.07),
        ("JensenShannon", "JensenShannon", 0.07),
        ("Robust", "PSI", 0.2),
        ("PSI", "LInfinity", 0.1),
        ("KolmogorovSmirnov", "JensenShannon", 0.1),
        ("Wasserstein", "ChiSquared", 0.05),
    ],
)
def test_categories_take_the_threshold_for_numbers_where_it_means_the_same(
    numeric: str, categorical: str, threshold: float
) -> None:
    config = MonitoringConfig(
        comparison_method=numeric, comparison_threshold=0.07, categorical_drift_method=categorical
    )
    assert categorical_rule(config).threshold == threshold


def test_a_threshold_for_categories_counts_for_them() -> None:
    config = MonitoringConfig(categorical_drift_method="PSI", categorical_comparison_threshold=0.3)
    assert categorical_rule(config).threshold == 0.3


def test_who_names_another_method_and_no_threshold_gets_that_methods_own() -> None:
    strict = MonitoringConfig(comparison_threshold=0.3)
    assert changed(strict, {"comparison_method": "KolmogorovSmirnov"}).comparison_threshold == 0.05
    assert changed(strict, {"comparison_method": "Simple"}).comparison_threshold == 0.3
    both = {"comparison_method": "KolmogorovSmirnov", "comparison_threshold": 0.3}
    assert changed(strict, both).comparison_threshold == 0.3


def test_a_threshold_for_categories_does_not_outlive_its_method() -> None:
    strict = MonitoringConfig(categorical_comparison_threshold=0.3)
    assert changed(strict, {"categorical_drift_method": "PSI"}).categorical_comparison_threshold is None
    assert changed(strict, {"categorical_drift_method": "ChiSquared"}).categorical_comparison_threshold == 0.3


def test_a_minimum_sample_counts_for_every_method() -> None:
    config = MonitoringConfig(minimum_sample=200)
    assert numeric_rule(config).minimum_sample == categorical_rule(config).minimum_sample == 200
    assert numeric_rule(MonitoringConfig(comparison_method="PSI")).minimum_sample == 30


def test_every_setting_that_means_nothing_is_named() -> None:
    config = MonitoringConfig(
        comparison_method="KolmogorovSmirnov",
        comparison_threshold=1.0,
        categorical_drift_method="JensenShannon",
        categorical_comparison_threshold=1.0,
        minimum_sample=0,
    )
    assert [name for name, _ in faults(config)] == [
        "comparison_threshold",
        "categorical_comparison_threshold",
        "minimum_sample",
    ]
    assert list(faults(MonitoringConfig())) == []
