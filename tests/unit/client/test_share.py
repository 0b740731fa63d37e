"""What chance allows of a share, and what it does not."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from mlsystem.client.share import binomial_interval


@pytest.mark.parametrize(("trials", "probability"), [(50, 0.1), (1000, 0.1), (3000, 0.1), (200, 0.5)])
def test_the_interval_holds_the_confidence_and_no_more_than_it_must(trials: int, probability: float) -> None:
    low, high = binomial_interval(trials, probability, 0.999)

    def mass(successes: int) -> float:
        exact = Fraction(probability).limit_denominator(100)
        return float(math.comb(trials, successes) * exact**successes * (1 - exact) ** (trials - successes))

    inside = math.fsum(mass(successes) for successes in range(low, high + 1))
    assert inside >= 0.999
    below = math.fsum(mass(successes) for successes in range(low))
    above = math.fsum(mass(successes) for successes in range(high + 1, trials + 1))
    assert below <= 0.0005 < below + mass(low)
    assert above <= 0.0005 < above + mass(high)


def test_all_traffic_or_none_is_outside_of_a_tenth() -> None:
    low, high = binomial_interval(1000, 0.1, 0.999)
    assert 0 < low < 100 < high < 150
