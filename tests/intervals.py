"""Whether a count is what chance alone makes of a share."""

from __future__ import annotations

from mlsystem.client.share import binomial_interval

CONFIDENCE = 0.999


def is_plausible_share(count: int, total: int, share: float, least: int = 50) -> bool:
    """Whether `count` of `total` lies in the 99.9 % binomial interval of `share`; fewer than `least` in all say nothing."""
    if total < least:
        return False
    if share in (0.0, 1.0):
        return count == total * share
    low, high = binomial_interval(total, share, CONFIDENCE)
    return low <= count <= high
