"""The allowance for sampling noise that turns a simple L-infinity distance into a robust one.

Two samples of one distribution lie some distance apart, the more so the smaller they are. The robust distance takes off
what chance alone would give: the critical value of the two-sample Kolmogorov-Smirnov test, with the factor 1.8 that
Deequ takes (a level of 0.003).
"""

import math

_CRITICAL_FACTOR = 1.8


def less_noise(distance: float, rows: float, other_rows: float) -> float:
    """The distance beyond what chance gives for two samples of so many rows; never below 0."""
    return max(0.0, distance - noise(rows, other_rows))


def noise(rows: float, other_rows: float) -> float:
    """What chance gives for two samples of so many rows; above 1 for the smallest."""
    return _CRITICAL_FACTOR * math.sqrt((rows + other_rows) / (rows * other_rows))
