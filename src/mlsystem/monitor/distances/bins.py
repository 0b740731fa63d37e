"""Two datasets as shares of the same few bins: what the distances of information theory compare.

Numbers fall into ten bins that hold a tenth of the baseline each; a number that alone makes up a tenth or more is a bin
of its own, so that zeros and ones are two bins however rare the one of them is. The first and last bins are open: what
lies beyond the baseline belongs to them. Categories are their own bins; if a profile keeps only the most frequent ones,
those that are not listed on both sides are one bin together. Putting bins together can only bring datasets closer, so
the distance of all categories is never smaller than what is measured.

A share that comes from a sketch is wrong by at most twice the sketch's `rank_error`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlsystem.monitor.distances.counts import CategoryCounts
from mlsystem.monitor.sketch import Floats, Sample

BINS = 10
_NORMAL_QUANTILE = 2.3263478740408408  # exceeded once in a hundred times


@dataclass(frozen=True)
class Shares:
    """The share of each bin in both datasets, and how many rows are behind them."""

    baseline: Floats
    current: Floats
    rows: tuple[float, float]  # of the baseline, and now
    noise: float  # 1/n + 1/m

    def chance_of_index(self) -> float:
        """What the stability index of two samples of one distribution exceeds once in a hundred times.

        It is then distributed as (1/n + 1/m) times chi-squared of (bins - 1) degrees (Yurdakul, "Statistical properties
        of population stability index", 2018); the quantile of that is Wilson's and Hilferty's (1931). With few rows a
        bin it varies more; the last factor allows for that (found by simulation).
        """
        degrees = len(self.baseline) - 1
        if not degrees:
            return 0.0
        spread = 2.0 / (9.0 * degrees)
        quantile = degrees * (1.0 - spread + _NORMAL_QUANTILE * math.sqrt(spread)) ** 3
        return self.noise * quantile * (1.0 + self.noise * len(self.baseline))


def shares_of_numbers(baseline: Sample, current: Sample) -> Shares:
    """The shares of bins that the baseline sets."""
    bounds = bin_bounds(baseline)
    before, now = (np.diff(sample.cumulated(bounds), prepend=0.0, append=1.0) for sample in (baseline, current))
    noise = 1.0 / baseline.effective_total + 1.0 / current.effective_total
    return Shares(before, now, (baseline.total, current.total), noise)


def bin_bounds(baseline: Sample) -> Floats:
    """The upper bounds of all bins but the last; a bound belongs to the bin below it."""
    share = baseline.weights / baseline.total
    tenth = np.floor(np.round((np.cumsum(share) - share) * BINS, 9))
    is_own_bin = share >= 1.0 / BINS
    begins = (tenth[1:] != tenth[:-1]) | is_own_bin[1:] | is_own_bin[:-1]
    bounds: Floats = baseline.items[:-1][begins]
    return bounds


def shares_of_categories(baseline: CategoryCounts, current: CategoryCounts) -> Shares:
    """The shares of all categories of both sides, in the order of their names."""
    names = sorted(baseline.counts.keys() | current.counts.keys())
    listed = [name for name in names if all(name in side.counts or _is_complete(side) for side in (baseline, current))]
    before, now = (_shares_of(side, listed) for side in (baseline, current))
    is_filled = (before > 0.0) | (now > 0.0)  # the common bin is not, as a rule
    noise = 1.0 / baseline.total + 1.0 / current.total
    return Shares(before[is_filled], now[is_filled], (baseline.total, current.total), noise)


def _shares_of(side: CategoryCounts, listed: Sequence[str]) -> Floats:
    counts = [side.counts.get(name, 0) for name in listed]
    return np.array([*counts, side.total - sum(counts)], dtype=np.float64) / side.total


def _is_complete(side: CategoryCounts) -> bool:
    return sum(side.counts.values()) >= side.total
