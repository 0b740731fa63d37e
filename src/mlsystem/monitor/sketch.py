"""A KLL quantile sketch: a few thousand weighted numbers that stand for any number of them.

It is written out in statistics.json, item by item, so it must be the very sketch that Deequ makes, not just a good one:
levels of capacity 2 * (ceil(k * c^h / 2) + 1); when the total exceeds the total capacity, the lowest full level is
compacted (its even-length prefix sorted, every second item passed on with twice the weight, the odd tail left); and the
choice between even and odd positions alternates instead of being random, so that the outcome is deterministic.
When which level is compacted depends on how many numbers came, not on which: so numbers are taken in blocks, level by
level, and numpy does the work.

Source: Karnin, Lang, Liberty, "Optimal Quantile Approximation in Streams" (2016); Deequ's QuantileNonSample.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SKETCH_SIZE = 2048
SHRINKING_FACTOR = 0.64
BUCKETS = 10


@dataclass(frozen=True)
class Bucket:
    """How many numbers lie in one of ten ranges of equal width: the lower bound belongs to it, the upper does not."""

    lower_bound: float
    upper_bound: float
    count: float


@dataclass(frozen=True)
class Sample:
    """Different numbers in ascending order, each with the number of rows that it stands for.

    Up to 2,050 rows these are the rows themselves; of more, they are an estimate, and say how good a one.
    """

    items: Floats
    weights: Floats
    rank_error: float = 0.0  # `cumulated` is at most that wrong, at every point: a share of the rows
    rank_variance: float = 0.0  # how wrong it is as a rule: the square of a share, see KllSketch.rank_variance

    @property
    def total(self) -> float:
        """The number of rows that the sample stands for."""
        return float(self.weights.sum())

    @property
    def effective_total(self) -> float:
        """How many plainly drawn rows would tell as much: the sketch's own noise counts as if rows were fewer.

        A share of n rows varies by at most 1/(4n); to that the sketch adds its rank variance.
        """
        return 1.0 / (1.0 / self.total + 4.0 * self.rank_variance)

    def cumulated(self, points: Floats) -> Floats:
        """For each point, the share of rows that are at most that large, 0 to 1."""
        ranks = np.concatenate(([0.0], np.cumsum(self.weights)))
        shares: Floats = ranks[np.searchsorted(self.items, points, side="right")] / self.total
        return shares


class _Compactor:
    """One level of the sketch: the items that it holds, and the memory of how often it was halved."""

    def __init__(self, items: Floats | None = None) -> None:
        self.items: Floats = np.empty(0) if items is None else items  # in the order in which they came
        self._compactions = 0
        self._offset = 0

    def take(self, items: Floats, sizes: Sequence[int]) -> Floats:
        """Takes more items, and is halved each time that it holds as many as `sizes` says next.

        Halving passes on every second item of the sorted ones, and keeps only an odd one left over. Returns what was passed on.
        """
        stream = np.concatenate((self.items, items))
        passed, position = [], 0
        for size in sizes:
            even = size - size % 2
            part = stream[position : position + even]
            part.sort()
            passed.append(part[self._next_offset() :: 2])
            position += even
        self.items = stream[position:].copy()
        return np.concatenate(passed) if passed else np.empty(0)

    def _next_offset(self) -> int:
        if self._compactions % 2 == 1:
            self._offset = 1 - self._offset
        self._compactions += 1
        return self._offset


class KllSketch:
    """A sketch of the numbers that `update` was given; the same numbers in the same order give the same sketch."""

    def __init__(self, size: int = SKETCH_SIZE, shrinking_factor: float = SHRINKING_FACTOR) -> None:
        self.size = size
        self.shrinking_factor = shrinking_factor
        self._compactors = [_Compactor()]

    @classmethod
    def restore(cls, size: int, shrinking_factor: float, levels: Sequence[Sequence[float]]) -> "KllSketch":
        """The sketch that a statistics.json holds. It can be queried; how often it was compacted is not in the file."""
        sketch = cls(size, shrinking_factor)
        sketch._compactors = [_Compactor(np.array(level, dtype=np.float64)) for level in levels] or [_Compactor()]
        return sketch

    @property
    def levels(self) -> list[Floats]:
        """The items of each level, lowest first; an item of level h stands for 2^h numbers."""
        return [compactor.items for compactor in self._compactors]

    def update(self, numbers: Floats) -> None:
        """Takes finite numbers in their order; in how many blocks they come makes no difference."""
        passed = numbers + 0.0  # makes 0.0 of -0.0, which numpy's sort would leave in any order
        for height, sizes in enumerate(self._compactions_ahead(len(numbers))):
            if height == len(self._compactors):
                self._compactors.append(_Compactor())
            passed = self._compactors[height].take(passed, sizes)

    def sample(self, ties_counted_once: bool = False) -> Sample:
        """The sketch as different numbers with weights.

        With `ties_counted_once`, a number that occurs often weighs what its highest single item weighs. That is how
        Deequ compared sketches until September 2026: on data of zeros and ones it saw no distance at all.
        """
        items = np.concatenate(self.levels)
        weights = np.concatenate([np.full(len(level), 2.0**height) for height, level in enumerate(self.levels)])
        values, position = np.unique(items, return_inverse=True)
        totals = np.zeros(len(values))
        if ties_counted_once:
            np.maximum.at(totals, position, weights)
        else:
            np.add.at(totals, position, weights)
        return Sample(values, totals, self.rank_error(), self.rank_variance())

    def rank_error(self) -> float:
        """The share of rows by which the rank of a number may be wrong at most, whatever the rows and their order.

        A compaction at level h shifts a rank by 2^h rows or by none. It passes on half of at least a full level, so
        how many there were follows from what lies above: the levels alone are enough, also when read from a file.
        """
        return sum(2.0**height * count for height, count in self._compactions_at_most()) / self._rows()

    def rank_variance(self) -> float:
        """The variance of a rank as a share of the rows, if compactions err as independently as they do at random.

        Which half is kept alternates instead of being drawn, so this is a model, and no bound as `rank_error` is one.
        """
        return sum(4.0**height * count for height, count in self._compactions_at_most()) / self._rows() ** 2

    def _rows(self) -> float:
        return max(1.0, sum(2.0**height * len(level) for height, level in enumerate(self.levels)))

    def _compactions_at_most(self) -> list[tuple[int, float]]:
        """For each level but the last, how often it was compacted, or somewhat more."""
        above, bounds = self._rows(), []
        for height, level in enumerate(self.levels[:-1]):
            above -= 2.0**height * len(level)
            bounds.append((height, above / 2.0**height / self._capacity(height)))
        return bounds

    def buckets(self, minimum: float, maximum: float) -> list[Bucket]:
        """Ten ranges of equal width from the minimum to the maximum (of the numbers); the last one is closed."""
        sample = self.sample()
        ranks = np.concatenate(([0.0], np.cumsum(sample.weights)))
        bounds = [minimum + (maximum - minimum) * step / float(BUCKETS) for step in range(BUCKETS + 1)]
        below = ranks[np.searchsorted(sample.items, np.array(bounds), side="left")].tolist()
        below[BUCKETS] = sample.total
        return [Bucket(bounds[i], bounds[i + 1], below[i + 1] - below[i]) for i in range(BUCKETS)]

    def _capacity(self, height: int) -> int:
        return 2 * (math.ceil(self.size * self.shrinking_factor**height / 2) + 1)

    def _compactions_ahead(self, count: int) -> list[list[int]]:
        """For each level, the sizes at which it is compacted while `count` more numbers come one by one.

        When more is stored than all levels together should hold, the lowest full level is compacted. That depends on how
        many numbers there are, not on which: so it is worked out first, and then each level does all its work at once.
        """
        sizes = [len(level) for level in self.levels]
        capacities = [self._capacity(height) for height in range(len(sizes))]
        compactions: list[list[int]] = [[] for _ in sizes]
        surplus = sum(capacities) + 1 - sum(sizes)  # how many numbers more are one too many
        while count >= surplus:
            count -= surplus
            sizes[0] += surplus
            height = next(h for h, size in enumerate(sizes) if size >= capacities[h])
            compactions[height].append(sizes[height])
            passed = surplus = sizes[height] // 2
            sizes[height] %= 2
            if height + 1 == len(sizes):
                sizes.append(0)
                compactions.append([])
                capacities.append(self._capacity(height + 1))
                surplus += capacities[-1]
            sizes[height + 1] += passed
        return compactions
