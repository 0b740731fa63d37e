"""The largest difference between the shares that a category has in two datasets.

    simple: D = max over categories of |p - q|
    robust: max(0, D - 1.8 * sqrt((n + m) / (n * m)))

A distance from 0 to 1 with a threshold, symmetric. A category that a profile does not keep counts as absent there: the
kept ones are the 1,000 most frequent, so D is wrong by less than 1/1000.

Source: Deequ's Distance.scala.
"""

from mlsystem.monitor.distances.correction import less_noise, noise
from mlsystem.monitor.distances.counts import CategoryCounts
from mlsystem.monitor.distances.method import Measured


def linf_of_categories(baseline: CategoryCounts, current: CategoryCounts, robust: bool) -> float:
    """max |p1 - p2| over the categories of both; where `robust`, less what samples of this size differ by chance."""
    distance = max(
        abs(baseline.counts.get(category, 0) / baseline.total - current.counts.get(category, 0) / current.total)
        for category in baseline.counts.keys() | current.counts.keys()
    )
    return less_noise(distance, baseline.total, current.total) if robust else distance


def measure_simple(baseline: CategoryCounts, current: CategoryCounts) -> Measured:
    """The simple distance; it knows nothing of chance."""
    return Measured(linf_of_categories(baseline, current, robust=False))


def measure_robust(baseline: CategoryCounts, current: CategoryCounts) -> Measured:
    """The robust distance; few rows cannot reach far, as chance takes the most of it."""
    distance = linf_of_categories(baseline, current, robust=True)
    return Measured(distance, reach=1.0 - noise(baseline.total, current.total))
