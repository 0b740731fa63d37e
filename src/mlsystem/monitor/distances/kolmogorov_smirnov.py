"""The two-sample Kolmogorov-Smirnov test: could both datasets have been drawn from one distribution?

    D = max over x of |F1(x) - F2(x)|,  p = P(K >= D * sqrt(N)),  N = n * m / (n + m)

with K of Kolmogorov's distribution. A test with a p-value; its distance is 1 - p, from 0 to 1, symmetric. Among equal
numbers the test is cautious: p is too large rather than too small.

Above 2,050 rows a side D comes from a sketch. It is then wrong by at most the sum of both `rank_error`, and as a rule by
much less; that noise counts as if there were fewer rows (n is the sample's `effective_total`), so that p stays a p-value.
The smallest differences, which only more than some ten thousand rows could prove, go unseen.

Source: Kolmogorov 1933, Smirnov 1939; the two series of the distribution as in Marsaglia, Tsang, Wang, "Evaluating
Kolmogorov's distribution" (2003).
"""

import math

from mlsystem.monitor.distances.method import Measured
from mlsystem.monitor.distances.numeric_linf import linf_simple
from mlsystem.monitor.sketch import Sample

_TERMS = range(1, 21)  # either series has converged long before
_SWITCH = 1.18  # below it the one series converges faster, above it the other


def measure_kolmogorov_smirnov(baseline: Sample, current: Sample) -> Measured:
    """1 - p, so that larger means farther apart."""
    rows = baseline.effective_total * current.effective_total / (baseline.effective_total + current.effective_total)
    p_value = kolmogorov_tail(linf_simple(baseline, current) * math.sqrt(rows))
    return Measured(1.0 - p_value, p_value, reach=1.0 - kolmogorov_tail(math.sqrt(rows)))


def kolmogorov_tail(statistic: float) -> float:
    """P(K >= statistic) for K of Kolmogorov's distribution."""
    if statistic <= 0.0:
        return 1.0
    if statistic < _SWITCH:
        exponent = math.pi**2 / (8.0 * statistic**2)
        below = sum(math.exp(-((2 * term - 1) ** 2) * exponent) for term in _TERMS)
        return 1.0 - min(1.0, math.sqrt(2.0 * math.pi) / statistic * below)
    tail = sum((-1.0) ** (term - 1) * math.exp(-2.0 * term**2 * statistic**2) for term in _TERMS)
    return max(0.0, min(1.0, 2.0 * tail))
