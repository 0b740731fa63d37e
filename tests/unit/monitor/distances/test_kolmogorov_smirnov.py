"""The Kolmogorov-Smirnov test: SciPy's distribution, near the exact p-value of few rows, cautious among ties."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings

from mlsystem.monitor.distances.kolmogorov_smirnov import kolmogorov_tail, measure_kolmogorov_smirnov
from mlsystem.monitor.distances.numeric_linf import linf_simple
from tests.unit.monitor.distances.samples import MANY_NUMBERS, NUMBERS, SMALL, exact, sample


def exact_p_value(distance: float, n: int, m: int) -> float:
    """P(D >= distance) for n and m different numbers: of all ways to mix them, those that stray that far."""
    least = round(distance * n * m)  # |i/n - j/m| >= distance, in whole numbers
    within = [0.0] * (m + 1)  # the share of ways to (i, j) that have stayed below
    within[0] = 1.0
    for j in range(1, m + 1):
        within[j] = within[j - 1] if abs(j * n) < least else 0.0
    for i in range(1, n + 1):
        within[0] = within[0] if abs(i * m) < least else 0.0
        for j in range(1, m + 1):
            came = within[j] * i / (i + j) + within[j - 1] * j / (i + j)
            within[j] = came if abs(i * m - j * n) < least else 0.0
    return 1.0 - within[m]


def test_the_exact_p_value_of_the_tests_is_a_count_of_all_mixtures() -> None:
    far = 0
    for chosen in combinations(range(8), 3):
        rest = [x for x in range(8) if x not in chosen]
        far += linf_simple(exact([float(x) for x in chosen]), exact([float(x) for x in rest])) >= 0.6 - 1e-9
    assert exact_p_value(0.6, 3, 5) == pytest.approx(far / math.comb(8, 3))


@pytest.mark.parametrize(
    ("statistic", "tail"),  # from SciPy 1.17.1: special.kolmogorov
    [
        (0.0, 1.0),
        (0.05, 1.0),
        (0.3, 0.9999906941986655),
        (0.7, 0.7112351950296893),
        (1.0, 0.26999967167735456),
        (1.1799, 0.12351204971188676),
        (1.1801, 0.12339559161939295),
        (1.36, 0.049485876755377876),
        (2.0, 0.0006709252557796953),
        (4.0, 2.532833109818835e-14),
    ],
)
def test_the_distribution_is_that_of_scipy(statistic: float, tail: float) -> None:
    assert kolmogorov_tail(statistic) == pytest.approx(tail, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(30, 30), (30, 47), (60, 100), (100, 1000)])
def test_from_thirty_values_on_it_is_near_the_exact_p_value_and_rather_above(n: int, m: int) -> None:
    for step in range(1, 40):
        distance = round(step / 40 * n) / n
        p_value, expected = kolmogorov_tail(distance * math.sqrt(n * m / (n + m))), exact_p_value(distance, n, m)
        assert expected - 0.01 <= p_value <= expected + 0.11
        if expected < 0.05:
            assert expected - 1e-12 <= p_value <= expected + 0.025


@given(NUMBERS, NUMBERS)
@settings(deadline=None, database=None)
def test_its_p_value_is_that_of_the_largest_difference_and_symmetric(one: list[float], other: list[float]) -> None:
    there = measure_kolmogorov_smirnov(sample(one), sample(other))
    back = measure_kolmogorov_smirnov(sample(other), sample(one))
    rows = len(one) * len(other) / (len(one) + len(other))
    assert there.p_value == pytest.approx(kolmogorov_tail(linf_simple(sample(one), sample(other)) * math.sqrt(rows)))
    assert there.p_value == pytest.approx(back.p_value)
    assert there.p_value is not None
    assert there.distance == 1.0 - there.p_value
    assert 0.0 <= there.distance <= there.reach <= 1.0


@given(MANY_NUMBERS, MANY_NUMBERS)
@settings(deadline=None, database=None)
def test_what_a_sketch_gives_lies_within_its_bound(one: list[float], other: list[float]) -> None:
    before, now = sample(one, SMALL), sample(other, SMALL)
    difference = abs(linf_simple(before, now) - linf_simple(exact(one), exact(other)))
    assert difference <= before.rank_error + now.rank_error + 1e-9


def test_a_sketch_counts_as_fewer_rows_and_never_as_more() -> None:
    numbers = np.random.default_rng(2).normal(size=200_000)
    assert sample(numbers[:2000]).effective_total == 2000.0
    assert 20_000 < sample(numbers).effective_total < 200_000


def test_one_value_cannot_show_anything() -> None:
    measured = measure_kolmogorov_smirnov(sample(np.arange(1000.0)), sample([1e9]))
    assert measured.distance == measured.reach < 0.95
