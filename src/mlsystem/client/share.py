"""Whether a share of answers is what chance allows."""

from __future__ import annotations

import math


def binomial_interval(trials: int, probability: float, confidence: float) -> tuple[int, int]:
    """The smallest central interval of successes that holds at least `confidence`; at most (1 - confidence) / 2 lies on each side."""
    tail = (1 - confidence) / 2
    low, high, cumulated = 0, trials, 0.0
    for successes in range(trials + 1):
        cumulated += _mass(trials, successes, probability)
        if cumulated <= tail:
            low = successes + 1
        if cumulated >= 1 - tail:
            high = successes
            break
    return low, high


def _mass(trials: int, successes: int, probability: float) -> float:
    """By logarithms, as the factors alone overflow."""
    ways = math.lgamma(trials + 1) - math.lgamma(successes + 1) - math.lgamma(trials - successes + 1)
    return math.exp(ways + successes * math.log(probability) + (trials - successes) * math.log1p(-probability))
