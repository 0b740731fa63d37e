"""The largest difference between two cumulative distributions (Kolmogorov-Smirnov), from two sketches."""

import numpy as np

from mlsystem.monitor.distances.correction import less_noise
from mlsystem.monitor.sketch import Sample


def linf_simple(baseline: Sample, current: Sample) -> float:
    """max |F1 - F2| over all numbers of both samples."""
    points = np.union1d(baseline.items, current.items)
    return float(np.abs(baseline.cumulated(points) - current.cumulated(points)).max())


def linf_robust(baseline: Sample, current: Sample) -> float:
    """The simple distance less what samples of this size differ by chance."""
    return less_noise(linf_simple(baseline, current), baseline.total, current.total)
