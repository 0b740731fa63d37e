"""The KLL sketch: equal to a plain, item-by-item reading of its rules, and good as a sketch."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsystem.monitor.sketch import Floats, KllSketch

SMALL = 8  # a sketch of this size compacts often, also on few numbers
NUMBERS = st.lists(st.integers(-50, 50).map(float), max_size=400)


class ItemByItem:
    """The rules as they are told, one number at a time: what the vectorised sketch must equal."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.levels: list[list[float]] = [[]]
        self.compactions = [0]
        self.offsets = [0]

    def capacity(self, height: int) -> int:
        return 2 * (math.ceil(self.size * 0.64**height / 2) + 1)

    def update(self, number: float) -> None:
        self.levels[0].append(number)
        if sum(map(len, self.levels)) > sum(map(self.capacity, range(len(self.levels)))):
            self.compact_lowest_full()

    def compact_lowest_full(self) -> None:
        height = next(h for h, level in enumerate(self.levels) if len(level) >= self.capacity(h))
        if height + 1 == len(self.levels):
            self.levels.append([])
            self.compactions.append(0)
            self.offsets.append(0)
        if self.compactions[height] % 2 == 1:
            self.offsets[height] = 1 - self.offsets[height]
        self.compactions[height] += 1
        level = self.levels[height]
        even = len(level) // 2 * 2
        self.levels[height + 1] += sorted(level[:even])[self.offsets[height] :: 2]
        self.levels[height] = level[even:]


def sketch_of(numbers: Floats, size: int = 2048) -> KllSketch:
    sketch = KllSketch(size)
    sketch.update(numbers)
    return sketch


@given(NUMBERS)
@settings(deadline=None, database=None)
def test_blocks_of_numbers_give_the_sketch_that_single_numbers_give(numbers: list[float]) -> None:
    reference = ItemByItem(SMALL)
    for number in numbers:
        reference.update(number)
    assert [level.tolist() for level in sketch_of(np.array(numbers), SMALL).levels] == reference.levels


@given(NUMBERS, st.lists(st.integers(0, 400), max_size=5))
@settings(deadline=None, database=None)
def test_how_the_numbers_are_cut_into_blocks_makes_no_difference(numbers: list[float], cuts: list[int]) -> None:
    sketch = KllSketch(SMALL)
    for block in np.split(np.array(numbers), sorted(cut for cut in cuts if cut < len(numbers))):
        sketch.update(block)
    whole = sketch_of(np.array(numbers), SMALL)
    assert [level.tolist() for level in sketch.levels] == [level.tolist() for level in whole.levels]


def largest_error(numbers: Floats, sketch: KllSketch) -> float:
    """How far the sketch's cumulated shares are off, at the worst point."""
    points = np.unique(numbers)
    true = np.searchsorted(np.sort(numbers), points, side="right") / len(numbers)
    return float(np.abs(sketch.sample().cumulated(points) - true).max())


@given(NUMBERS.filter(bool), st.sampled_from(["as they come", "ascending", "descending"]))
@settings(deadline=None, database=None)
def test_no_rank_is_wrong_by_more_than_the_sketch_says_of_itself(numbers: list[float], order: str) -> None:
    ordered = {"as they come": numbers, "ascending": sorted(numbers), "descending": sorted(numbers)[::-1]}[order]
    sketch = sketch_of(np.array(ordered), SMALL)
    assert largest_error(np.array(ordered), sketch) <= sketch.rank_error() + 1e-12


@given(NUMBERS.filter(bool))
@settings(deadline=None, database=None)
def test_the_bound_on_compactions_is_one(numbers: list[float]) -> None:
    reference = ItemByItem(SMALL)
    for number in numbers:
        reference.update(number)
    plain = sum(2.0**height * count for height, count in enumerate(reference.compactions)) / len(numbers)
    assert plain - 1e-12 <= sketch_of(np.array(numbers), SMALL).rank_error() * 2.0


def test_numbers_that_are_all_kept_have_no_wrong_rank() -> None:
    sketch = sketch_of(np.arange(2050.0))
    assert (sketch.rank_error(), sketch.rank_variance()) == (0.0, 0.0)
    assert sketch.sample().effective_total == 2050.0


@pytest.mark.parametrize(("rows", "bound"), [(10_000, 0.002), (100_000, 0.01), (1_000_000, 0.05)])
def test_how_wrong_a_rank_may_be_and_is_as_a_rule(rows: int, bound: float) -> None:
    numbers = np.random.default_rng(rows).normal(size=rows)
    sketch = sketch_of(numbers)
    assert 0.0 < sketch.rank_error() < bound
    assert largest_error(numbers, sketch) < 2.0 * sketch.rank_variance() ** 0.5


@given(NUMBERS)
@settings(deadline=None, database=None)
def test_the_weights_add_up_to_the_number_of_numbers(numbers: list[float]) -> None:
    assert sketch_of(np.array(numbers), SMALL).sample().total == len(numbers)


@given(NUMBERS.filter(bool))
@settings(deadline=None, database=None)
def test_every_item_of_a_sketch_is_one_of_the_numbers(numbers: list[float]) -> None:
    assert set(sketch_of(np.array(numbers), SMALL).sample().items.tolist()) <= set(numbers)


@given(NUMBERS.filter(bool))
@settings(deadline=None, database=None)
def test_ten_buckets_hold_all_numbers(numbers: list[float]) -> None:
    buckets = sketch_of(np.array(numbers), SMALL).buckets(min(numbers), max(numbers))
    assert len(buckets) == 10
    assert sum(bucket.count for bucket in buckets) == len(numbers)
    assert all(bucket.count >= 0 for bucket in buckets)


def test_three_thousand_rows_make_levels_of_950_and_1025() -> None:
    assert [len(level) for level in sketch_of(np.arange(3000.0)).levels] == [950, 1025]


def test_up_to_2050_rows_stay_as_they_came() -> None:
    numbers = np.random.default_rng(1).normal(size=2050)
    assert [level.tolist() for level in sketch_of(numbers).levels] == [numbers.tolist()]


def test_a_million_numbers_keep_their_quantiles_within_half_a_percent() -> None:
    numbers = np.random.default_rng(7).gamma(2.0, size=1_000_000)
    sample = sketch_of(numbers).sample()
    points = np.quantile(numbers, np.linspace(0.01, 0.99, 99))
    assert np.abs(sample.cumulated(points) - np.linspace(0.01, 0.99, 99)).max() < 0.005
    assert len(sample.items) < 7000


def test_buckets_are_half_open_and_the_last_one_closed() -> None:
    buckets = sketch_of(np.arange(11.0)).buckets(0.0, 10.0)
    assert [bucket.count for bucket in buckets] == [1.0] * 9 + [2.0]
    assert (buckets[0].lower_bound, buckets[0].upper_bound) == (0.0, 1.0)


def test_a_constant_column_is_in_the_closed_bucket() -> None:
    buckets = sketch_of(np.full(5, 3.0)).buckets(3.0, 3.0)
    assert [bucket.count for bucket in buckets] == [0.0] * 9 + [5.0]


def test_a_restored_sketch_answers_as_the_one_that_was_written() -> None:
    sketch = sketch_of(np.random.default_rng(3).normal(size=10_000))
    restored = KllSketch.restore(2048, 0.64, [level.tolist() for level in sketch.levels])
    assert restored.sample().items.tolist() == sketch.sample().items.tolist()
    assert restored.sample().weights.tolist() == sketch.sample().weights.tolist()
    assert (restored.rank_error(), restored.rank_variance()) == (sketch.rank_error(), sketch.rank_variance())


def test_zero_has_no_sign() -> None:
    (level,) = sketch_of(np.array([0.0, -0.0])).levels
    assert [math.copysign(1.0, item) for item in level.tolist()] == [1.0, 1.0]


@pytest.mark.parametrize(("counted_once", "weights"), [(False, [3.0, 1.0]), (True, [1.0, 1.0])])
def test_tied_numbers_weigh_together_unless_the_old_way_is_asked_for(counted_once: bool, weights: list[float]) -> None:
    sample = sketch_of(np.array([0.0, 0.0, 1.0, 0.0])).sample(ties_counted_once=counted_once)
    assert sample.weights.tolist() == weights
