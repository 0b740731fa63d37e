"""The Wasserstein distance: the mean way from sorted row to sorted row, in standard deviations of the baseline."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

from mlsystem.monitor.distances.wasserstein import LARGEST_TOLD, measure_wasserstein, wasserstein
from tests.unit.monitor.distances.samples import MANY_NUMBERS, NUMBERS, SMALL, exact, sample


def by_hand(one: list[float], other: list[float]) -> float:
    """Each row as often as makes both sides equally long, sorted; the mean way from one to the other."""
    pairs = zip(sorted(one * len(other)), sorted(other * len(one)), strict=True)
    return sum(abs(x - y) for x, y in pairs) / (len(one) * len(other))


def waves() -> tuple[list[float], list[float]]:
    steps = np.arange(200)
    return (np.sin(steps * 1.7) * 3 + steps % 7).tolist(), (np.cos(steps * 2.3) * 2 + steps % 5 + 0.5).tolist()


def test_distances_are_those_of_scipy() -> None:
    """SciPy 1.17.1: stats.wasserstein_distance."""
    one, other = [1.0, 2, 2, 3, 5, 8], [0.5, 2, 4, 4, 9]
    assert wasserstein(sample(one), sample(other)) == pytest.approx(0.9333333333333332, rel=1e-12)
    one, other = waves()
    assert wasserstein(sample(one), sample(other)) == pytest.approx(0.8284573748604466, rel=1e-12)
    told = measure_wasserstein(sample(one), sample(other)).distance
    assert told == pytest.approx(0.8284573748604466 / 2.9067361740184268, rel=1e-12)


@given(NUMBERS.map(lambda numbers: numbers[:40]), NUMBERS.map(lambda numbers: numbers[:40]))
@settings(deadline=None, database=None)
def test_it_is_the_mean_way_between_sorted_rows_and_symmetric(one: list[float], other: list[float]) -> None:
    there, back = wasserstein(sample(one), sample(other)), wasserstein(sample(other), sample(one))
    assert there == pytest.approx(by_hand(one, other))
    assert there == pytest.approx(back)


@given(MANY_NUMBERS, MANY_NUMBERS)
@settings(deadline=None, database=None)
def test_what_a_sketch_gives_lies_within_its_bound(one: list[float], other: list[float]) -> None:
    before, now = sample(one, SMALL), sample(other, SMALL)
    bound = before.rank_error * (max(one) - min(one)) + now.rank_error * (max(other) - min(other))
    assert abs(wasserstein(before, now) - wasserstein(exact(one), exact(other))) <= bound + 1e-9


@pytest.mark.parametrize("scale", [1.0, 1e-300, 1e-5, 1e300])
def test_the_unit_of_the_numbers_does_not_matter(scale: float) -> None:
    one, other = (np.array(side) for side in waves())
    plain, scaled = (measure_wasserstein(sample(one * s), sample(other * s)) for s in (1.0, scale))
    assert scaled.distance == pytest.approx(plain.distance)
    assert scaled.chance == pytest.approx(plain.chance)


def test_a_shift_by_a_tenth_of_a_standard_deviation_is_a_tenth() -> None:
    numbers = np.random.default_rng(4).gamma(2.0, size=2000)
    measured = measure_wasserstein(sample(numbers), sample(numbers + 0.1 * numbers.std()))
    assert measured.distance == pytest.approx(0.1)


def test_a_constant_that_changes_is_far_and_one_that_stays_is_not() -> None:
    constant = sample([5.0] * 100)
    assert measure_wasserstein(constant, constant).distance == 0.0
    assert measure_wasserstein(constant, sample([5.1] * 100)).distance == pytest.approx(2.0)
    assert measure_wasserstein(constant, sample([5.0] * 99 + [6.0])).distance < 0.2


@pytest.mark.parametrize(
    ("one", "other"), [([1e308, -1e308], [0.0, 1.0]), ([0.0, 1e-300], [1e300, 2e300]), ([0.0, 5e-324], [0.0, 1e-323])]
)
def test_the_ends_of_what_a_double_holds_give_a_number(one: list[float], other: list[float]) -> None:
    measured = measure_wasserstein(sample(one), sample(other))
    assert 0.0 <= measured.distance <= LARGEST_TOLD
    assert math.isfinite(measured.chance)
