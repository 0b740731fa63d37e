"""Ratios of counts that classifications are judged by. What the counts do not define is NaN, never a number."""

NOT_DEFINED = float("nan")
BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}


def ratio(part: float, whole: float) -> float:
    """The share, or NaN of nothing."""
    return float(part / whole) if whole else NOT_DEFINED


def f_score(hits: float, misses: float, false_alarms: float, beta: float) -> float:
    """F-beta from counts: it is also defined where either precision or recall is not."""
    weighted = (1.0 + beta**2) * hits
    return ratio(weighted, weighted + beta**2 * misses + false_alarms)
