"""Distances: the values that Deequ's own tests hold, and what a distance must be."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsystem.monitor.distances import (
    CATEGORICAL_METHODS,
    COMPARISON_METHODS,
    CategoryCounts,
    Scale,
    categorical_method,
    numeric_method,
)
from mlsystem.monitor.distances.categorical_linf import linf_of_categories
from mlsystem.monitor.distances.chi_squared import chi_squared_p_value
from mlsystem.monitor.distances.correction import less_noise
from mlsystem.monitor.distances.numeric_linf import linf_robust, linf_simple
from mlsystem.monitor.sketch import Sample
from tests.unit.monitor.distances.samples import COUNTS, NUMBERS, counted, sample


def test_simple_distance_of_one_to_four_and_two_to_five() -> None:
    assert linf_simple(sample([1, 2, 3, 4]), sample([2, 3, 4, 5])) == 0.25


def test_robust_distance_of_so_few_rows_is_nothing() -> None:
    assert linf_robust(sample([1, 2, 3, 4]), sample([2, 3, 4, 5])) == 0.0


def test_robust_distance_takes_off_what_chance_gives() -> None:
    assert less_noise(0.5, 100, 400) == 0.5 - 1.8 * (500 / 40_000) ** 0.5


def test_ones_and_zeros_are_told_apart_as_deequ_could_not() -> None:
    few, many = [0.0] * 95 + [1.0] * 5, [0.0] * 5 + [1.0] * 95
    assert linf_simple(sample(few), sample(many)) == pytest.approx(0.9)
    assert linf_simple(sample(few, ties_counted_once=True), sample(many, ties_counted_once=True)) == 0.0


@pytest.mark.parametrize(
    ("current", "baseline", "distance"),
    [
        (counted(a=10, b=20, c=25, d=10, e=5), counted(a=11, b=20, c=25, d=10, e=10), 0.06015037593984962),
        (counted(a=10, b=20, c=25, d=10, e=5), counted(f=11, a=20, c=25, d=10, e=10), 0.2857142857142857),
    ],
)
def test_simple_distance_of_categories(current: CategoryCounts, baseline: CategoryCounts, distance: float) -> None:
    assert linf_of_categories(baseline, current, robust=False) == distance
    assert linf_of_categories(baseline, current, robust=True) == 0.0


@pytest.mark.parametrize(
    ("current", "baseline", "p_value"),
    [
        (
            {"a": 207, "b": 20, "c": 25, "d": 14, "e": 25},
            {"a": 223, "b": 20, "c": 25, "d": 12, "e": 13},
            0.013227994814265176,
        ),
        (  # a category that only one side knows
            {"a": 207, "b": 20, "c": 25, "d": 14, "e": 25, "g": 13},
            {"a": 223, "b": 20, "c": 25, "d": 12, "e": 13, "f": 15},
            3.3640191298478506e-05,
        ),
        ({"a": 30}, {"a": 20, "b": 20}, 4.3204630539861455e-08),  # two categories, one of them gone
    ],
)
def test_chi_squared_p_values(current: dict[str, int], baseline: dict[str, int], p_value: float) -> None:
    assert chi_squared_p_value(baseline, current) == pytest.approx(p_value, rel=1e-12)


@pytest.mark.parametrize(
    ("current", "baseline"),
    [
        ({"a": 10, "b": 20}, {"b": 20}),  # one category left
        ({"a": 15, "b": 20}, {"c": 20, "d": 20}),  # none in common
        ({"a": 100, "b": 4, "c": 3}, {"a": 100, "b": 4, "c": 3}),  # too few rows for any but one, once merged
    ],
)
def test_chi_squared_says_nothing_where_the_test_cannot_be_done(
    current: dict[str, int], baseline: dict[str, int]
) -> None:
    assert chi_squared_p_value(baseline, current) is None
    sides = [CategoryCounts(counts, sum(counts.values())) for counts in (baseline, current)]
    assert CATEGORICAL_METHODS["ChiSquared"].measure(*sides) is None


def test_chi_squared_as_a_distance_grows_with_drift_and_its_threshold_is_a_significance_level() -> None:
    method = CATEGORICAL_METHODS["ChiSquared"]
    baseline = counted(a=223, b=20, c=25, d=12, e=13)
    drifted = method.measure(baseline, counted(a=207, b=20, c=25, d=14, e=25))
    same = method.measure(baseline, baseline)
    assert drifted is not None and same is not None
    assert same.distance < method.limit(0.05) < drifted.distance < method.limit(0.01)
    assert drifted.p_value is not None
    assert drifted.distance == 1.0 - drifted.p_value


def test_constraints_may_name_a_method_in_either_way() -> None:
    assert COMPARISON_METHODS["Simple"] == COMPARISON_METHODS["linf_simple"] == "linf_simple"
    assert COMPARISON_METHODS["Robust"] == COMPARISON_METHODS["linf_robust"] == "linf_robust"


def test_categories_are_compared_robustly_unless_numbers_are_compared_simply() -> None:
    sides = counted(a=60, b=40), counted(a=40, b=60)
    simple, robust = (categorical_method("LInfinity", method).measure(*sides) for method in ("Simple", "PSI"))
    assert simple is not None and robust is not None
    assert simple.distance == pytest.approx(0.2)
    assert robust.distance == 0.0
    assert categorical_method(None, "Robust").scale is Scale.LARGEST_DIFFERENCE


@pytest.mark.parametrize("rows", [5, 50, 5000])
def test_the_robust_distance_of_two_samples_that_share_nothing_is_its_reach(rows: int) -> None:
    measured = numeric_method("Robust").measure(sample([0.0] * rows), sample([1.0] * rows))
    assert measured is not None
    assert measured.distance == max(0.0, measured.reach)


@given(NUMBERS, NUMBERS, st.sampled_from([linf_simple, linf_robust]))
@settings(deadline=None, database=None)
def test_a_numeric_distance_is_symmetric_between_0_and_1_and_0_to_itself(
    one: list[float], other: list[float], distance: Callable[[Sample, Sample], float]
) -> None:
    there, back = distance(sample(one), sample(other)), distance(sample(other), sample(one))
    assert there == pytest.approx(back)
    assert 0.0 <= there <= 1.0
    assert distance(sample(one), sample(one)) == 0.0


@given(NUMBERS, NUMBERS)
@settings(deadline=None, database=None)
def test_the_simple_distance_is_that_of_the_plain_numbers(one: list[float], other: list[float]) -> None:
    expected = max(
        abs(sum(number <= point for number in one) / len(one) - sum(number <= point for number in other) / len(other))
        for point in one + other
    )
    assert linf_simple(sample(one), sample(other)) == pytest.approx(expected)


@given(COUNTS, COUNTS, st.booleans())
@settings(deadline=None, database=None)
def test_a_distance_of_categories_lies_between_0_and_1(
    one: dict[str, int], other: dict[str, int], robust: bool
) -> None:
    assert 0.0 <= linf_of_categories(counted(**one), counted(**other), robust) <= 1.0
    p_value = chi_squared_p_value(one, other)
    assert p_value is None or 0.0 <= p_value <= 1.0 + 1e-12
