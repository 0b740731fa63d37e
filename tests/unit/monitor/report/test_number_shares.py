"""Bins that an eye can compare: round bounds, the same for both sides, and no value lost."""

import numpy as np
import pytest

from mlsystem.monitor.report.number_shares import NumberShares, number_shares
from tests.unit.monitor.report.made import statistics

RANDOM = np.random.default_rng(1)


def of(before: list[float], now: list[float]) -> NumberShares:
    return number_shares(statistics(before), statistics(now))


def assert_all_values_are_in(shares: NumberShares) -> None:
    assert sum(one.before for one in shares.bins) == pytest.approx(1.0)
    assert sum(one.now for one in shares.bins) == pytest.approx(1.0)
    assert all(one.upper == other.lower for one, other in zip(shares.bins, shares.bins[1:], strict=False))


def test_both_sides_share_round_bins_that_hold_every_value() -> None:
    shares = of(RANDOM.normal(40, 10, 3000).tolist(), RANDOM.normal(78, 7, 5000).tolist())
    assert_all_values_are_in(shares)
    assert 10 <= len(shares.bins) <= 30
    assert {one.upper % 5 for one in shares.bins[:-1]} == {0.0}
    lowest = shares.bins[0]
    assert lowest.before > 0.0
    assert shares.now is not None
    assert shares.now.middle == pytest.approx(78, abs=0.5)


def test_whole_numbers_get_whole_bounds_so_that_no_bin_holds_more_of_them_by_chance() -> None:
    shares = of([float(i % 40) for i in range(4000)], [float(i % 40) for i in range(4000)])
    inner = shares.bins[1:-1]
    assert {one.lower % 1 for one in inner} == {0.0}
    assert len({round(one.before, 9) for one in inner}) == 1


def test_a_bin_begins_at_its_lower_bound() -> None:
    shares = of([float(i) for i in range(0, 300, 5)], [float(i) for i in range(0, 300, 5)])
    (from_40,) = [one for one in shares.bins if one.lower == 40.0]
    assert from_40.upper == 60.0
    assert from_40.before == pytest.approx(4 / 60)  # 40, 45, 50 and 55, and not 60


def test_a_few_far_values_do_not_press_the_rest_together() -> None:
    values = [*RANDOM.normal(0, 1, 5000).tolist(), 1e6]
    shares = of(values, values)
    assert_all_values_are_in(shares)
    assert shares.bins[-1].upper == 1e6
    assert max(one.before for one in shares.bins) < 0.3


def test_few_different_numbers_are_a_bin_each() -> None:
    shares = of([0.0] * 95 + [1.0] * 5, [0.0] * 50 + [1.0] * 49 + [7.0])
    assert shares.are_alone
    assert [(one.lower, one.before, one.now) for one in shares.bins] == [
        (0.0, 0.95, 0.5),
        (1.0, 0.05, 0.49),
        (7.0, 0.0, 0.01),
    ]


def test_a_side_without_values_has_no_shares_and_no_spread() -> None:
    shares = number_shares(statistics([float(i) for i in range(100)]), None)
    assert sum(one.now for one in shares.bins) == 0.0
    assert sum(one.before for one in shares.bins) == pytest.approx(1.0)
    assert shares.now is None


@pytest.mark.parametrize(
    "values",
    [
        [-1.7e308, *(float(i) for i in range(40)), 1.7e308],
        [1e15 + i for i in range(40)],
        [1.0 + i * 2.3e-16 for i in range(40)],
        [i * 5e-324 for i in range(40)],
        [1e-300 * i for i in range(40)],
        [0.0] * 5000 + [float(i) for i in range(40)],
    ],
)
def test_numbers_of_any_size_make_a_chart(values: list[float]) -> None:
    shares = of(values, values[::-1])
    assert shares.bins
    assert all(np.isfinite([one.lower, one.upper, one.before, one.now]).all() for one in shares.bins)
    assert len(shares.bins) <= 60


def test_spreads_come_from_the_sketch_and_the_ends_from_all_values() -> None:
    shares = of([float(i) for i in range(1, 101)], [float(i) for i in range(1, 101)])
    assert shares.before is not None
    spread = shares.before
    assert (spread.least, spread.low, spread.middle, spread.high, spread.greatest) == (1.0, 10.0, 50.0, 90.0, 100.0)
