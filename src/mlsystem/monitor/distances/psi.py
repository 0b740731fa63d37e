"""The population stability index, which credit scoring has long used to tell whether a score still fits its population.

    PSI = sum over bins of (p - q) * ln(p / q)

for the shares p of the baseline and q of the current data; the bins are those of `bins`. A bin that is empty on one side
counts as half a row there, as no logarithm takes a zero. A distance with a threshold, from 0 without an upper end,
symmetric for the same bins (which the baseline sets, so numbers that change sides may give another value). By custom
0.1 is worth a look and 0.25 a shift; the default threshold is 0.2.

Source: Siddiqi, "Credit Risk Scorecards" (2006); it is Jeffreys' divergence (1946) of binned data. Of a sketch, each
share is wrong by at most twice its `rank_error`, and so PSI lies between its least and largest value for such shares.
"""

import numpy as np

from mlsystem.monitor.distances.bins import Shares, shares_of_categories, shares_of_numbers
from mlsystem.monitor.distances.counts import CategoryCounts
from mlsystem.monitor.distances.method import Measured
from mlsystem.monitor.sketch import Sample

_LEAST_ROWS = 0.5


def psi_of_numbers(baseline: Sample, current: Sample) -> Measured:
    """The index of numbers, by the tenths of the baseline."""
    return _measure(shares_of_numbers(baseline, current))


def psi_of_categories(baseline: CategoryCounts, current: CategoryCounts) -> Measured:
    """The index of categories."""
    return _measure(shares_of_categories(baseline, current))


def stability_index(shares: Shares) -> float:
    """PSI of two rows of shares."""
    rows, rows_now = shares.rows
    p, q = np.maximum(shares.baseline, _LEAST_ROWS / rows), np.maximum(shares.current, _LEAST_ROWS / rows_now)
    return float(((p - q) * np.log(p / q)).sum())


def _measure(shares: Shares) -> Measured:
    return Measured(stability_index(shares), chance=shares.chance_of_index())
