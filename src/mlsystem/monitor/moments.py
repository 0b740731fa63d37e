"""Count, sum, mean, standard deviation, minimum and maximum of numbers, in the order of the rows.

The files show doubles to the last digit, and those depend on the order of the operations. Model Monitor ran on Spark,
which adds up from the first row to the last and keeps the variance by a running (Welford) update; so do we. Each step of
that update needs the one before, so it cannot be vectorised without other last digits: a plain loop over floats takes
0.12 s for a million numbers, which docs/monitor-format.md sets against the alternatives.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Moments:
    """The plain statistics of the numbers that are present (at least one)."""

    count: int
    total: float
    mean: float
    std_dev: float  # of the population
    minimum: float
    maximum: float


def moments(numbers: npt.NDArray[np.float64]) -> Moments:
    """The moments of one or more finite numbers, in row order."""
    count = len(numbers)
    total = float(np.add.accumulate(numbers)[-1])  # first to last; numpy's sum() would add in pairs
    return Moments(
        count=count,
        total=total,
        mean=total / count,
        std_dev=math.sqrt(_squared_deviations(numbers.tolist()) / count),
        minimum=float(numbers.min()),
        maximum=float(numbers.max()),
    )


def _squared_deviations(numbers: list[float]) -> float:
    """The sum of squared deviations from the mean, updated number by number as Spark's CentralMomentAgg does."""
    count = mean = squares = 0.0
    for number in numbers:
        count += 1.0
        delta = number - mean
        step = delta / count
        mean += step
        squares += delta * (delta - step)
    return squares
