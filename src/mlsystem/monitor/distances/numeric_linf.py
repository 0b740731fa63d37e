"""The largest difference between two cumulative distributions, from two sketches.

    simple: D = max over x of |F1(x) - F2(x)|
    robust: max(0, D - 1.8 * sqrt((n + m) / (n * m)))

A distance from 0 to 1 with a threshold, symmetric. It is the statistic of Kolmogorov and Smirnov without their test.
D is exact up to 2,050 rows a side; of more rows it is wrong by at most the sum of both sketches' `rank_error`.

Source: Deequ's Distance.scala, on which Model Monitor was built; the 1.8 is explained in `correction`.
"""

import numpy as np

from mlsystem.monitor.distances.correction import less_noise, noise
from mlsystem.monitor.distances.method import Measured
from mlsystem.monitor.sketch import Sample


def linf_simple(baseline: Sample, current: Sample) -> float:
    """max |F1 - F2| over all numbers of both samples."""
    points = np.union1d(baseline.items, current.items)
    return float(np.abs(baseline.cumulated(points) - current.cumulated(points)).max())


def linf_robust(baseline: Sample, current: Sample) -> float:
    """The simple distance less what samples of this size differ by chance."""
    return less_noise(linf_simple(baseline, current), baseline.total, current.total)


def measure_simple(baseline: Sample, current: Sample) -> Measured:
    """The simple distance; it knows nothing of chance."""
    return Measured(linf_simple(baseline, current))


def measure_robust(baseline: Sample, current: Sample) -> Measured:
    """The robust distance; few rows cannot reach far, as chance takes the most of it."""
    return Measured(linf_robust(baseline, current), reach=1.0 - noise(baseline.total, current.total))
