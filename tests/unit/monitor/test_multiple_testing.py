"""Corrections: the values that their authors and SciPy have, and the promise that each of them makes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsystem.monitor.multiple_testing import CORRECTIONS, benjamini_hochberg, bonferroni, holm

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30)
SIX = [0.01, 0.04, 0.03, 0.005, 0.6, 0.03]


def test_benjamini_and_hochberg_as_scipy_has_it() -> None:
    """SciPy 1.17.1: stats.false_discovery_control."""
    assert benjamini_hochberg(SIX) == pytest.approx([0.03, 0.048, 0.045, 0.03, 0.6, 0.045])


def test_holm_by_hand() -> None:
    assert holm(SIX) == pytest.approx([0.05, 0.12, 0.12, 0.03, 0.6, 0.12])


def test_bonferroni_by_hand() -> None:
    assert bonferroni(SIX) == pytest.approx([0.06, 0.24, 0.18, 0.03, 1.0, 0.18])


@pytest.mark.parametrize("name", CORRECTIONS)
def test_no_test_and_one_test_need_no_correction(name: str) -> None:
    assert CORRECTIONS[name]([]) == []
    assert CORRECTIONS[name]([0.03]) == pytest.approx([0.03])


@given(P_VALUES)
@settings(deadline=None, database=None)
def test_a_correction_keeps_the_order_and_makes_no_p_value_smaller(p_values: list[float]) -> None:
    for correct in CORRECTIONS.values():
        corrected = correct(p_values)
        assert all(p <= q + 1e-15 <= 1.0 + 1e-12 for p, q in zip(p_values, corrected, strict=True))
        order = np.argsort(p_values, kind="stable")
        assert np.all(np.diff(np.array(corrected)[order]) >= -1e-15)


@given(P_VALUES)
@settings(deadline=None, database=None)
def test_bonferroni_is_the_strictest_and_benjamini_hochberg_the_mildest(p_values: list[float]) -> None:
    for strict, middle, mild in zip(bonferroni(p_values), holm(p_values), benjamini_hochberg(p_values), strict=True):
        assert strict >= middle - 1e-12 >= mild - 2e-12


@given(P_VALUES, st.sampled_from([0.01, 0.05, 0.2]))
@settings(deadline=None, database=None)
def test_what_is_rejected_is_what_the_step_procedures_reject(p_values: list[float], level: float) -> None:
    ranked, m = sorted(p_values), len(p_values)
    down = next(
        (i for i, p in enumerate(ranked) if p * (m - i) > level), m
    )  # Holm stops at the first that is too large
    assert sum(p <= level for p in holm(p_values)) == down
    up = max(
        (i + 1 for i, p in enumerate(ranked) if p * (m / (i + 1)) <= level), default=0
    )  # the last that is small enough
    assert sum(p <= level for p in benjamini_hochberg(p_values)) == up


@pytest.mark.parametrize(("name", "rate"), [("Bonferroni", 0.05), ("Holm", 0.05), ("BenjaminiHochberg", 0.05)])
def test_among_twenty_undrifted_features_a_false_alarm_is_as_rare_as_promised(name: str, rate: float) -> None:
    runs = np.random.default_rng(1).random((2000, 20))
    alarms = sum(min(CORRECTIONS[name](run.tolist())) < rate for run in runs)
    assert alarms <= 2000 * rate + 2.58 * (2000 * rate * (1 - rate)) ** 0.5  # 99 % of the binomial distribution
    assert sum(run.min() < rate for run in runs) > 1000  # and without a correction it is the rule
