"""The Wasserstein distance of order one: how far the rows must be moved, on average, to make one dataset of the other.

    W = integral of |F1(x) - F2(x)| dx,  and what is told is W / s

with the standard deviation s of the baseline, so that one threshold serves features of every unit: 0.2 (the default) is a
fifth of a standard deviation. If all numbers of the baseline are equal, s is that of both datasets together, half and half. A
distance with a threshold, from 0 without an upper end (told up to a million). W is symmetric and a metric; W / s is
neither, as s is the baseline's.

W is exact up to 2,050 rows a side. Of more it is wrong by at most rank_error times (max - min), added up over both
sides: the sketch's F is nowhere more than `rank_error` off, and outside of the numbers not at all.

Source: Vallender, "Calculation of the Wasserstein distance between probability distributions on the line" (1973). What
chance gives is that of a Brownian bridge along F: its mean is sqrt(2/pi) times the integral of sqrt(F(1 - F)), and
it exceeds that by more than 2.33 s once in a hundred times at most (Borell's inequality for convex functions of Gaussian
processes), each times sqrt(1/n + 1/m).
"""

import math

import numpy as np

from mlsystem.monitor.distances.method import Measured
from mlsystem.monitor.sketch import Floats, Sample

LARGEST_TOLD = 1e6
_NORMAL_QUANTILE = 2.3263478740408408  # exceeded once in a hundred times


def measure_wasserstein(baseline: Sample, current: Sample) -> Measured:
    """W / s, and what of it is chance."""
    unit = max(float(np.abs(sample.items).max()) for sample in (baseline, current)) or 1.0
    before, now = (_scaled(sample, unit) for sample in (baseline, current))  # so that no difference is infinite
    deviation = _deviation(before) or _deviation(_together(before, now, equally=True))
    if not deviation:
        return Measured(0.0)
    noise = math.sqrt(1.0 / baseline.effective_total + 1.0 / current.effective_total)
    both = _together(before, now, equally=False)  # what chance gives is told by all rows, if they are of one kind
    chance = noise * (_mean_of_bridge(both) + _NORMAL_QUANTILE * _deviation(both)) / deviation
    return Measured(min(LARGEST_TOLD, wasserstein(before, now) / deviation), chance=min(LARGEST_TOLD, chance))


def wasserstein(one: Sample, other: Sample) -> float:
    """W, in the unit of the numbers."""
    points = np.union1d(one.items, other.items)
    return float((np.abs(one.cumulated(points) - other.cumulated(points))[:-1] * np.diff(points)).sum())


def _scaled(sample: Sample, unit: float) -> Sample:
    return Sample(sample.items / unit, sample.weights)


def _together(one: Sample, other: Sample, *, equally: bool) -> Sample:
    """Both samples as one, by their rows or each as a half."""
    items, position = np.unique(np.concatenate((one.items, other.items)), return_inverse=True)
    sides = [sample.weights / (sample.total if equally else 1.0) for sample in (one, other)]
    return Sample(items, np.bincount(position, weights=np.concatenate(sides)).astype(np.float64))


def _deviation(sample: Sample) -> float:
    if len(sample.items) == 1:
        return 0.0  # which rounding of the mean would hide
    shares = sample.weights / sample.total
    return math.sqrt(float((shares * (sample.items - (shares * sample.items).sum()) ** 2).sum()))


def _mean_of_bridge(sample: Sample) -> float:
    below: Floats = sample.cumulated(sample.items)[:-1]
    integral = float((np.sqrt(below * np.maximum(0.0, 1.0 - below)) * np.diff(sample.items)).sum())
    return math.sqrt(2.0 / math.pi) * integral
