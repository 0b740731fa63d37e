"""A KLL quantile sketch: a few thousand weighted numbers that stand for any number of them.

It is written out in statistics.json, item by item, so it must be the very sketch that Deequ makes, not just a good one:
levels of capacity 2 * (ceil(k * c^h / 2) + 1); when the total exceeds the total capacity, the lowest full level is
compacted (its even-length prefix sorted, every second item passed on with twice the weight, the odd tail left); and the
choice between even and odd positions alternates instead of being random, so that the outcome is deterministic.
Between two compactions nothing happens but appending, so numbers are taken in blocks: numpy does the work.

Source: Karnin, Lang, Liberty, "Optimal Quantile Approximation in Streams" (2016); Deequ's QuantileNonSample.
"""

import math
from collections.abc import Iterable, Sequence
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
    """One level of the sketch: a buffer, and the memory of how often it was halved."""

    def __init__(self, items: Iterable[Floats] = ()) -> None:
        self._parts = list(items)
        self._compactions = 0
        self._offset = 0
        self.size = sum(len(part) for part in self._parts)

    @property
    def items(self) -> Floats:
        """The items in the order in which they came."""
        if len(self._parts) != 1:
            self._parts = [np.concatenate(self._parts)] if self._parts else [np.empty(0)]
        return self._parts[0]

    def detach(self) -> None:
        """Lets go of the (much longer) arrays that the items are views of."""
        self._parts = [np.concatenate([np.empty(0), *self._parts])]

    def append(self, items: Floats) -> None:
        """Takes more items."""
        self._parts.append(items)
        self.size += len(items)

    def compact(self) -> Floats:
        """Halves the level: returns every second item, and keeps only an odd one left over."""
        even = self.size - self.size % 2
        if self._compactions % 2 == 1:
            self._offset = 1 - self._offset
        self._compactions += 1
        items = self.items
        self._parts = [items[even:]]
        self.size -= even
        return np.sort(items[:even])[self._offset :: 2]


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
        sketch._compactors = [_Compactor([np.array(level, dtype=np.float64)]) for level in levels] or [_Compactor()]
        return sketch

    @property
    def levels(self) -> list[Floats]:
        """The items of each level, lowest first; an item of level h stands for 2^h numbers."""
        return [compactor.items for compactor in self._compactors]

    def update(self, numbers: Floats) -> None:
        """Takes finite numbers in their order; in how many blocks they come makes no difference."""
        numbers = numbers + 0.0  # makes 0.0 of -0.0, which numpy's sort would leave in any order
        capacity, stored, position = self._total_capacity(), self._stored(), 0
        while position < len(numbers):
            block = numbers[position : position + capacity - stored + 1]
            self._compactors[0].append(block)
            position += len(block)
            stored += len(block)
            if stored > capacity:
                self._compact_lowest_full_level()
                capacity, stored = self._total_capacity(), self._stored()
        self._compactors[0].detach()

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
        return max(1.0, sum(2.0**height * compactor.size for height, compactor in enumerate(self._compactors)))

    def _compactions_at_most(self) -> list[tuple[int, float]]:
        """For each level but the last, how often it was compacted, or somewhat more."""
        above, bounds = self._rows(), []
        for height, compactor in enumerate(self._compactors[:-1]):
            above -= 2.0**height * compactor.size
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

    def _total_capacity(self) -> int:
        return sum(self._capacity(height) for height in range(len(self._compactors)))

    def _stored(self) -> int:
        return sum(compactor.size for compactor in self._compactors)

    def _compact_lowest_full_level(self) -> None:
        for height, compactor in enumerate(self._compactors):
            if compactor.size >= self._capacity(height):
                if height + 1 == len(self._compactors):
                    self._compactors.append(_Compactor())
                self._compactors[height + 1].append(compactor.compact())
                return
