"""A thousand windows of the baseline itself: no method calls a drift more often than it promises.

benchmarks/monitor_false_alarms.py has more kinds of data and sizes of windows.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.monitor_false_alarms import (
    Finding,
    binomial_quantile,
    of_categories,
    of_corrections,
    of_numbers,
    sampled,
)
from mlsystem.monitor.distances import NUMERIC_METHODS

WINDOWS, BASELINE_ROWS, WINDOW_ROWS = 1000, 10_000, (400,)
KINDS = ("skewed", "whole numbers")


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    numbers = of_numbers(WINDOWS, BASELINE_ROWS, WINDOW_ROWS, KINDS)
    return [*numbers, *of_categories(WINDOWS, BASELINE_ROWS, WINDOW_ROWS)]


def test_no_method_calls_a_drift_more_often_than_it_promises(findings: list[Finding]) -> None:
    assert len(findings) == 2 * 6 + 2 * 4
    assert [finding for finding in findings if not finding.is_kept] == []


def test_a_test_calls_no_fewer_than_its_level_either(findings: list[Finding]) -> None:
    """The tests have not been made safe by being made blind: where each has its own null, it is within both bounds.

    Chi-squared takes the baseline for the truth, as it is here. Kolmogorov and Smirnov take it for a sample: two are drawn.
    """
    random, method = np.random.default_rng(3), NUMERIC_METHODS["KolmogorovSmirnov"]
    pairs = ((sampled(random.normal(size=1000)), sampled(random.normal(size=500))) for _ in range(WINDOWS))
    p_values = [measured.p_value for before, now in pairs if (measured := method.measure(before, now))]
    counts = [sum(p_value is not None and p_value < 0.05 for p_value in p_values)]
    counts += [finding.drifted for finding in findings if finding.method == "ChiSquared"]
    assert len(counts) == 3
    for count in counts:
        assert WINDOWS - binomial_quantile(WINDOWS, 0.95, 0.995) <= count <= binomial_quantile(WINDOWS, 0.05, 0.995)


def test_a_simple_distance_of_few_rows_calls_a_drift_more_often_than_not() -> None:
    """Which is why every other method allows for chance."""
    drifted = [finding.drifted for finding in of_numbers(200, 5000, (60,), KINDS) if finding.method == "linf_simple"]
    assert max(drifted) > 80


def test_of_datasets_of_twenty_features_a_correction_lets_few_drift() -> None:
    shares = of_corrections(windows=100, baseline_rows=5000)
    assert shares["None"] > 0.4
    assert (
        max(shares["Bonferroni"], shares["Holm"], shares["BenjaminiHochberg"])
        <= binomial_quantile(100, 0.05, 0.99) / 100
    )


@pytest.mark.parametrize(
    ("trials", "chance", "count"), [(1000, 0.05, 67), (1000, 0.01, 18), (1, 0.5, 1), (100, 0.05, 11)]
)
def test_the_binomial_bound(trials: int, chance: float, count: int) -> None:
    """SciPy 1.17.1: stats.binom.ppf(0.99, trials, chance)."""
    assert binomial_quantile(trials, chance, 0.99) == count
