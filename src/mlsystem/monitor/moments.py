"""Count, sum, mean, standard deviation, minimum and maximum of numbers, in the order of the rows.

The files show doubles to the last digit, and those depend on the order of the operations. Model Monitor ran on Spark,
which adds up from the first row to the last and keeps the variance by a running (Welford) update; so do we. Each step of
that update needs the one before, so it cannot be vectorised without other last digits, and a plain loop over floats
takes 0.12 s for a million numbers. But Spark did so only within a partition, and merged partitions by a formula: so the
first numbers, as many as a small file holds, are taken one by one, and later ones in blocks that are merged by the same
formula. docs/monitor-format.md sets that against the alternatives.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# A number beyond is none that can be reckoned with: its square, or a sum of squares, is no double. It counts as missing.
LARGEST = 1e150
# How many numbers are taken one by one. Spark does not split files below 4 MB (spark.sql.files.openCostInBytes), which
# hold about as many rows.
ONE_BY_ONE = 1 << 16


@dataclass(frozen=True)
class Moments:
    """The plain statistics of the numbers that are present (at least one)."""

    count: int
    total: float
    mean: float
    std_dev: float  # of the population
    minimum: float
    maximum: float


class RunningMoments:
    """The moments of finite numbers that come in blocks, in row order."""

    def __init__(self) -> None:
        self.count = 0
        self._total = 0.0
        self._minimum, self._maximum = math.inf, -math.inf
        self._spread = _Spread()

    def update(self, numbers: Floats) -> None:
        """Takes a block of numbers, which may be empty."""
        if not len(numbers):
            return
        # First to last; numpy's sum() would add in pairs.
        self._total = float(np.add.accumulate(np.concatenate(([self._total], numbers)))[-1])
        self._minimum = min(self._minimum, float(numbers.min()))
        self._maximum = max(self._maximum, float(numbers.max()))
        one_by_one = max(0, ONE_BY_ONE - self.count)
        self._spread.add_one_by_one(numbers[:one_by_one].tolist())
        for start in range(one_by_one, len(numbers), ONE_BY_ONE):  # blocks that fit into a processor's cache
            self._spread.add_block(numbers[start : start + ONE_BY_ONE])
        self.count += len(numbers)

    def result(self) -> Moments:
        """The moments so far; at least one number must have come."""
        return Moments(
            count=self.count,
            total=self._total,
            mean=self._total / self.count,
            std_dev=math.sqrt(self._spread.squares / self.count),
            minimum=self._minimum,
            maximum=self._maximum,
        )


class _Spread:
    """The sum of squared deviations from the mean, as Spark's CentralMomentAgg has it."""

    def __init__(self) -> None:
        self._count = self._mean = self.squares = 0.0

    def add_one_by_one(self, numbers: list[float]) -> None:
        """The running update."""
        count, mean, squares = self._count, self._mean, self.squares
        for number in numbers:
            count += 1.0
            delta = number - mean
            step = delta / count
            mean += step
            squares += delta * (delta - step)
        self._count, self._mean, self.squares = count, mean, squares

    def add_block(self, numbers: Floats) -> None:
        """Merges with a block of at least one number, as two partitions are merged."""
        mean, count = float(numbers.mean()), float(len(numbers))
        total = self._count + count
        delta = mean - self._mean
        self.squares += float(np.square(numbers - mean).sum()) + delta * delta * self._count * count / total
        self._mean += delta * count / total
        self._count = total
