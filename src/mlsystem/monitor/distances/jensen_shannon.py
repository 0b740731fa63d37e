"""The Jensen-Shannon distance: how well one row could be told to come from the one dataset or the other.

    d = sqrt((KL(p, m) + KL(q, m)) / 2),  m = (p + q) / 2,  KL(p, m) = sum over bins of p * log2(p / m)

for the shares p of the baseline and q of the current data; the bins are those of `bins`. A distance with a threshold, from
0 to 1 (no value in common), symmetric for the same bins, and a metric for them. The default threshold is 0.1.

Source: Lin, "Divergence measures based on the Shannon entropy" (1991); that the root is a metric: Endres, Schindelin
(2003). Of a sketch, each share is wrong by at most twice its `rank_error`, and so d lies between its least and largest
value for such shares. Small distances are those of the stability index: d^2 is PSI / (8 ln 2), which tells what chance gives.
"""

import math

import numpy as np

from mlsystem.monitor.distances.bins import Shares, shares_of_categories, shares_of_numbers
from mlsystem.monitor.distances.counts import CategoryCounts
from mlsystem.monitor.distances.method import Measured
from mlsystem.monitor.sketch import Floats, Sample

_INDEX_TO_DIVERGENCE = 1.0 / (8.0 * math.log(2.0))


def jensen_shannon_of_numbers(baseline: Sample, current: Sample) -> Measured:
    """The distance of numbers, by the tenths of the baseline."""
    return _measure(shares_of_numbers(baseline, current))


def jensen_shannon_of_categories(baseline: CategoryCounts, current: CategoryCounts) -> Measured:
    """The distance of categories."""
    return _measure(shares_of_categories(baseline, current))


def jensen_shannon(shares: Shares) -> float:
    """The distance of two rows of shares."""
    middle = (shares.baseline + shares.current) / 2.0
    divergence = (_relative_entropy(shares.baseline, middle) + _relative_entropy(shares.current, middle)) / 2.0
    return math.sqrt(min(1.0, max(0.0, divergence)))


def _relative_entropy(shares: Floats, others: Floats) -> float:
    """In bits; an empty bin adds nothing."""
    is_filled = shares > 0.0
    return float((shares[is_filled] * np.log2(shares[is_filled] / others[is_filled])).sum())


def _measure(shares: Shares) -> Measured:
    return Measured(jensen_shannon(shares), chance=math.sqrt(shares.chance_of_index() * _INDEX_TO_DIVERGENCE))
