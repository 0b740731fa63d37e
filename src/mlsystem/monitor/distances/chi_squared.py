"""Pearson's chi-squared test: could the current categories have been drawn from the baseline's distribution?

As Deequ does it: the baseline, scaled to the size of the current data, is the expectation; categories that the baseline
does not know are left out (categorical_values_check is for them); and the smallest expected counts are merged until the
approximation by the chi-squared distribution is valid (Yates, Moore, McCabe 1999; for two categories Cochran 1952).

    X = sum over categories of (observed - expected)^2 / expected, compared with chi-squared of (categories - 1) degrees

A test with a p-value; its distance is 1 - p, from 0 to 1. It is not symmetric: the baseline counts as the truth, not as
a sample, so the level holds where the baseline is much larger than the current data. For numbers see
`kolmogorov_smirnov`.

Source: Pearson 1900; Deequ's Distance.scala.
"""

import math
from collections.abc import Mapping

from mlsystem.monitor.distances.counts import CategoryCounts
from mlsystem.monitor.distances.method import Measured

_LEAST_EXPECTED = 5  # of more than two categories at most a fifth may be expected less often
_SHARE_BELOW = 0.2
_LEAST_EXPECTED_OF_TWO = 10  # of two categories, both must be expected at least that often


def measure_chi_squared(baseline: CategoryCounts, current: CategoryCounts) -> Measured | None:
    """1 - p, so that larger means farther apart; None where the test cannot be done."""
    p_value = chi_squared_p_value(baseline.counts, current.counts)
    return None if p_value is None else Measured(1.0 - p_value, p_value)


def chi_squared_p_value(baseline: Mapping[str, int], current: Mapping[str, int]) -> float | None:
    """The probability of a difference at least this large by chance; None if fewer than two categories remain."""
    total = sum(count for category, count in current.items() if category in baseline)
    if not total:
        return None
    scale = total / sum(baseline.values())
    pairs = _merge_until_valid(
        [(count * scale, float(current.get(category, 0))) for category, count in baseline.items()]
    )
    if len(pairs) < 2:
        return None
    return _upper_tail(sum((observed - expected) ** 2 / expected for expected, observed in pairs), len(pairs) - 1)


def _merge_until_valid(pairs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """(expected, observed) pairs, the rarest of them merged two by two while too many are too rare."""
    pairs = sorted(pairs)
    while len(pairs) >= 2 and _too_rare(pairs):
        (expected, observed), (next_expected, next_observed) = pairs[:2]
        pairs = sorted([(expected + next_expected, observed + next_observed), *pairs[2:]])
    return pairs


def _too_rare(pairs: list[tuple[float, float]]) -> bool:
    if len(pairs) == 2:
        return any(expected < _LEAST_EXPECTED_OF_TWO for expected, _ in pairs)
    return sum(expected < _LEAST_EXPECTED for expected, _ in pairs) > int(_SHARE_BELOW * len(pairs))


def _upper_tail(statistic: float, degrees: int) -> float:
    """P(X >= statistic) for a chi-squared X: a finite sum of positive terms, so no digits cancel."""
    half = statistic / 2.0
    if half == 0.0:
        return 1.0
    start = 0.0 if degrees % 2 == 0 else 0.5
    powers = [start + step for step in range(math.ceil(degrees / 2.0 - start))]
    tail = sum(math.exp(power * math.log(half) - half - math.lgamma(power + 1.0)) for power in powers)
    return tail if degrees % 2 == 0 else math.erfc(math.sqrt(half)) + tail
