"""The Jensen-Shannon distance: SciPy's values, a metric from 0 to 1, and within its bound where a sketch is used."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

from mlsystem.monitor.distances.bins import bin_bounds, shares_of_numbers
from mlsystem.monitor.distances.jensen_shannon import (
    jensen_shannon,
    jensen_shannon_of_categories,
    jensen_shannon_of_numbers,
)
from tests.unit.monitor.distances.samples import (
    COUNTS,
    MANY_NUMBERS,
    SMALL,
    counted,
    enclosure,
    exact,
    sample,
)


def term(p: float, q: float) -> float:
    """What a bin adds to the squared distance."""
    return sum(x * math.log2(2.0 * x / (p + q)) for x in (p, q) if x) / 2.0


@pytest.mark.parametrize(
    ("one", "other", "distance"),  # from SciPy 1.17.1: spatial.distance.jensenshannon(one, other, 2)
    [
        ((10, 20, 30, 40, 0), (25, 25, 20, 20, 10), 0.3282306935788083),
        ((223, 20, 25, 12, 13), (207, 20, 25, 14, 25), 0.0753481221815466),
    ],
)
def test_distances_are_those_of_scipy(one: tuple[int, ...], other: tuple[int, ...], distance: float) -> None:
    sides = [counted(**{name: n for name, n in zip("abcde", side, strict=True) if n}) for side in (one, other)]
    assert jensen_shannon_of_categories(*sides).distance == pytest.approx(distance, rel=1e-12)


def test_datasets_without_a_value_in_common_are_1_apart() -> None:
    assert jensen_shannon_of_categories(counted(a=10, b=20), counted(c=7)).distance == 1.0
    assert jensen_shannon_of_numbers(sample([0.0] * 40), sample([1.0] * 40)).distance == 0.0  # a single, open bin
    assert jensen_shannon_of_numbers(sample([0.0] * 40 + [9.0]), sample([9.5] * 40)).distance > 0.9


@given(COUNTS, COUNTS, COUNTS)
@settings(deadline=None, database=None)
def test_it_is_a_metric_from_0_to_1(one: dict[str, int], other: dict[str, int], third: dict[str, int]) -> None:
    def distance(p: dict[str, int], q: dict[str, int]) -> float:
        return jensen_shannon_of_categories(counted(**p), counted(**q)).distance

    assert 0.0 <= distance(one, other) <= 1.0
    assert distance(one, one) == 0.0
    assert distance(one, other) == pytest.approx(distance(other, one), abs=1e-7)
    assert distance(one, third) <= distance(one, other) + distance(other, third) + 1e-7
    p, q = ({name: n / sum(side.values()) for name, n in side.items()} for side in (one, other))
    squared = sum(term(p.get(name, 0.0), q.get(name, 0.0)) for name in p.keys() | q.keys())
    assert distance(one, other) ** 2 == pytest.approx(squared, abs=1e-12)


@given(MANY_NUMBERS, MANY_NUMBERS)
@settings(deadline=None, database=None)
def test_what_a_sketch_gives_lies_within_its_bound(one: list[float], other: list[float]) -> None:
    before, now = sample(one, SMALL), sample(other, SMALL)
    estimated = shares_of_numbers(before, now)
    bounds = bin_bounds(before)
    true = [np.diff(exact(side).cumulated(bounds), prepend=0.0, append=1.0) for side in (one, other)]
    errors = 2.0 * before.rank_error + 1e-12, 2.0 * now.rank_error + 1e-12
    least, largest = enclosure(term, estimated.baseline, estimated.current, *errors)
    truth = sum(term(p, q) for p, q in zip(true[0].tolist(), true[1].tolist(), strict=True))
    assert least - 1e-9 <= truth <= largest + 1e-9
    assert least - 1e-9 <= jensen_shannon(estimated) ** 2 <= largest + 1e-9


@pytest.mark.parametrize("shift", [0.05, 0.1, 0.2])
def test_its_square_is_an_eighth_of_the_stability_index_in_bits_where_drift_is_small(shift: float) -> None:
    before, now = counted(a=5000, b=5000), counted(a=5000 + int(1000 * shift), b=5000 - int(1000 * shift))
    p, q = 0.5, now.counts["a"] / 10_000
    index = (p - q) * math.log(p / q) + (q - p) * math.log((1 - p) / (1 - q))
    measured = jensen_shannon_of_categories(before, now)
    assert measured.distance**2 == pytest.approx(index / (8.0 * math.log(2.0)), rel=0.01)
