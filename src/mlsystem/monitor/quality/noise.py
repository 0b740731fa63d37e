"""How much of a metric is chance: the original's standard deviation, and our standard error.

The original computes each metric of five random samples of 80 % of the rows and takes their standard deviation, from 200
rows on (AWS's page on the metrics). That is half the standard error (a sample without replacement of a share f has
(1-f)/f of the variance of the whole), from five draws, so it is off by a third as a rule. A verdict needs a better one:
a hundred samples of half the rows, whose deviation is the standard error itself (the delete-d jackknife: Shao and Wu,
https://doi.org/10.1214/aos/1176347263). Rows are taken to be independent of each other.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Figures = Callable[[Rows], dict[str, float]]

ROWS_FOR_DEVIATION = 200
_SAMPLES, _SHARE = 5, 0.8
_HALVES = 100
_LARGEST_SAMPLE = 50_000  # of rows; beyond, a smaller sample and a larger factor say the same
_SEED = 20130101  # the same data give the same files


def deviations(figures: Figures, rows: int) -> dict[str, float]:
    """The original's standard deviation of each metric; empty below 200 rows."""
    return _spread(figures, rows, _SAMPLES, int(_SHARE * rows)) if rows >= ROWS_FOR_DEVIATION else {}


def standard_errors(figures: Figures, rows: int) -> dict[str, float]:
    """The standard error of each metric over so many rows; NaN where samples do not define it, empty below 4 rows."""
    if rows < 4:
        return {}
    size = min(rows // 2, _LARGEST_SAMPLE)
    factor = math.sqrt(size / (rows - size))
    return {name: spread * factor for name, spread in _spread(figures, rows, _HALVES, size).items()}


def _spread(figures: Figures, rows: int, samples: int, size: int) -> dict[str, float]:
    random = np.random.default_rng(_SEED)
    drawn = [figures(np.sort(random.choice(rows, size, replace=False))) for _ in range(samples)]
    with np.errstate(invalid="ignore", over="ignore"):
        return {name: float(np.std([sample[name] for sample in drawn])) for name in drawn[0]}
