"""What the tests of distances compare: numbers as sketches, counts, and both sides of a bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import strategies as st

from mlsystem.monitor.distances import CategoryCounts
from mlsystem.monitor.sketch import Floats, KllSketch, Sample

SMALL = 8  # a sketch of this size compacts often, also on few numbers
NUMBERS = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=300)  # with many ties
MANY_NUMBERS = st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=400)
COUNTS = st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 500), min_size=1)


def sample(numbers: Sequence[float] | Floats, size: int = 2048, *, ties_counted_once: bool = False) -> Sample:
    sketch = KllSketch(size)
    sketch.update(np.asarray(numbers, dtype=np.float64))
    return sketch.sample(ties_counted_once)


def exact(numbers: Sequence[float] | Floats) -> Sample:
    """The numbers themselves, however many."""
    items, counts = np.unique(np.asarray(numbers, dtype=np.float64), return_counts=True)
    return Sample(items, counts.astype(np.float64))


def counted(**counts: int) -> CategoryCounts:
    return CategoryCounts(counts, sum(counts.values()))


def enclosure(
    term: Callable[[float, float], float], shares: Floats, others: Floats, error: float, other_error: float
) -> tuple[float, float]:
    """The least and the largest sum of terms, if each share may be off by so much.

    The terms are convex and 0 for equal shares: so the largest is at a corner, and the least where the two are closest.
    """
    least = largest = 0.0
    for p, q in zip(shares.tolist(), others.tolist(), strict=True):
        lows, highs = (max(0.0, p - error), max(0.0, q - other_error)), (min(1.0, p + error), min(1.0, q + other_error))
        corners = [term(x, y) for x in (lows[0], highs[0]) for y in (lows[1], highs[1])]
        is_overlapping = lows[0] <= highs[1] and lows[1] <= highs[0]
        least += 0.0 if is_overlapping else min(corners)
        largest += max(corners)
    return least, largest
