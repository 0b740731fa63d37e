"""The largest difference between the shares that a category has in two datasets."""

from mlsystem.monitor.distances.correction import less_noise
from mlsystem.monitor.distances.counts import CategoryCounts


def linf_of_categories(baseline: CategoryCounts, current: CategoryCounts, robust: bool) -> float:
    """max |p1 - p2| over the categories of both; where `robust`, less what samples of this size differ by chance."""
    distance = max(
        abs(baseline.counts.get(category, 0) / baseline.total - current.counts.get(category, 0) / current.total)
        for category in baseline.counts.keys() | current.counts.keys()
    )
    return less_noise(distance, baseline.total, current.total) if robust else distance
