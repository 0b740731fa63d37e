"""Bins: a tenth of the baseline each, no value that hides in one, and what is not listed put together."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from mlsystem.monitor.distances import CategoryCounts
from mlsystem.monitor.distances.bins import Shares, bin_bounds, shares_of_categories, shares_of_numbers
from mlsystem.monitor.distances.jensen_shannon import jensen_shannon
from mlsystem.monitor.distances.psi import stability_index
from tests.unit.monitor.distances.samples import COUNTS, NUMBERS, counted, sample


def test_different_numbers_make_ten_equal_bins() -> None:
    shares = shares_of_numbers(sample(range(1000)), sample(range(500, 1500)))
    assert shares.baseline.tolist() == pytest.approx([0.1] * 10)
    assert shares.current.tolist() == pytest.approx([0.0] * 5 + [0.1] * 4 + [0.6])


@pytest.mark.parametrize("ones", [1, 50, 500, 950, 999])
def test_zeros_and_ones_are_two_bins_however_rare_the_one_of_them_is(ones: int) -> None:
    bounds = bin_bounds(sample([0.0] * (1000 - ones) + [1.0] * ones))
    assert bounds.tolist() == [0.0]


def test_a_frequent_number_among_others_is_a_bin_of_its_own() -> None:
    numbers = [*np.linspace(0.0, 0.9, 400).tolist(), *[1.0] * 300, *np.linspace(1.1, 2.0, 300).tolist()]
    bounds = bin_bounds(sample(numbers)).tolist()
    assert 1.0 in bounds
    assert bounds[bounds.index(1.0) - 1] == 0.9


@given(NUMBERS)
@settings(deadline=None, database=None)
def test_a_bin_of_several_numbers_holds_less_than_two_tenths(numbers: list[float]) -> None:
    bounds = [-math.inf, *bin_bounds(sample(numbers)).tolist(), math.inf]
    assert len(bounds) <= 31
    for lower, upper in pairwise(bounds):
        inside = [number for number in numbers if lower < number <= upper]
        assert inside
        assert len(set(inside)) == 1 or len(inside) < 0.2 * len(numbers)


def test_categories_are_bins_in_the_order_of_their_names() -> None:
    shares = shares_of_categories(counted(b=1, a=3), counted(c=2, b=2))
    assert (shares.baseline.tolist(), shares.current.tolist()) == ([0.75, 0.25, 0.0], [0.0, 0.5, 0.5])


def test_what_one_side_does_not_list_is_one_bin_on_both() -> None:
    cut_off = CategoryCounts({"a": 50, "b": 30}, 100)  # 20 rows of others, c perhaps among them
    shares = shares_of_categories(counted(a=40, b=40, c=10, d=10), cut_off)
    assert (shares.baseline.tolist(), shares.current.tolist()) == ([0.4, 0.4, 0.2], [0.5, 0.3, 0.2])


@given(COUNTS, COUNTS)
@settings(deadline=None, database=None)
def test_what_is_not_listed_makes_a_distance_smaller_and_never_larger(
    one: dict[str, int], other: dict[str, int]
) -> None:
    whole = shares_of_categories(counted(**one), counted(**other))
    kept = dict(sorted(other.items(), key=lambda item: -item[1])[:2])
    part = shares_of_categories(counted(**one), CategoryCounts(kept, sum(other.values())))
    assert jensen_shannon(part) <= jensen_shannon(whole) + 1e-9
    lost = jensen_shannon(whole) ** 2 - jensen_shannon(part) ** 2
    assert lost <= (part.baseline[-1] + part.current[-1]) / 2.0 + 1e-9  # the share of the common bin
    if len(whole.baseline) > 1 and (whole.baseline > 0.0).all() and (whole.current > 0.0).all():
        assert stability_index(part) <= stability_index(whole) + 1e-9


@pytest.mark.parametrize(
    ("bins", "quantile"),  # of chi-squared, from SciPy 1.17.1: stats.chi2.ppf(0.99, bins - 1)
    [(2, 6.6348966010212145), (5, 13.276704135987622), (10, 21.665994333461924), (100, 134.64161685578915)],
)
def test_what_chance_gives_is_the_quantile_of_chi_squared(bins: int, quantile: float) -> None:
    even, noise = np.full(bins, 1.0 / bins), 1e-6
    assert Shares(even, even, (2e6, 2e6), noise).chance_of_index() / noise == pytest.approx(quantile, rel=0.01)


def test_chance_gives_nothing_where_there_is_one_bin() -> None:
    assert shares_of_numbers(sample([1.0] * 50), sample([2.0] * 50)).chance_of_index() == 0.0
