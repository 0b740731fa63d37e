"""A feature of numbers, then and now: the shares of common bins, and the quantiles that a sentence can be made of.

Bins serve the eye: their bounds are round numbers, whole ones if all numbers are, so that no bin holds more numbers
than its neighbour only by where it begins. They span all but the outermost values of both sides; what lies farther out
belongs to the first and the last bin. Few different numbers are a bin each.
"""

import math
from dataclasses import dataclass

import numpy as np

from mlsystem.monitor.profile import NumericalStatistics
from mlsystem.monitor.sketch import Floats, Sample

MOST_NUMBERS_ALONE = 16
_BINS = 24  # about so many, between round bounds
_OUTERMOST = 0.005
_ROUND_STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Bin:
    """The shares of the values from `lower` up to `upper`, which belongs to the next bin. Equal bounds: one number."""

    lower: float
    upper: float
    before: float
    now: float


@dataclass(frozen=True)
class Spread:
    """Where the values lie: least, a tenth below, half below, a tenth above, greatest."""

    least: float
    low: float
    middle: float
    high: float
    greatest: float


@dataclass(frozen=True)
class NumberShares:
    """A feature of numbers, then and now; a side without values has no spread, and shares of 0."""

    bins: tuple[Bin, ...]
    before: Spread | None
    now: Spread | None

    @property
    def are_alone(self) -> bool:
        """Whether each bin is one number."""
        return all(one.lower == one.upper for one in self.bins)


def number_shares(before: NumericalStatistics | None, now: NumericalStatistics | None) -> NumberShares:
    """The shares and spreads of both sides, of which at least one has values."""
    samples = [side.sketch.sample() if side else None for side in (before, now)]
    there = [sample for sample in samples if sample]
    items = np.unique(np.concatenate([sample.items for sample in there]))
    bounds = np.empty(0) if len(items) <= MOST_NUMBERS_ALONE else _bounds(there, items)
    spreads = [_spread(side, sample) for side, sample in zip((before, now), samples, strict=True)]
    bins = _bins(bounds, items, samples) if len(bounds) else _bins_of_one(items, samples)
    return NumberShares(bins, *spreads)


def _bins_of_one(items: Floats, samples: list[Sample | None]) -> tuple[Bin, ...]:
    before, now = (_shares_of(sample, items) if sample else np.zeros(len(items)) for sample in samples)
    rows = zip(items.tolist(), before.tolist(), now.tolist(), strict=True)
    return tuple(Bin(item, item, *shares) for item, *shares in rows)


def _bins(bounds: Floats, items: Floats, samples: list[Sample | None]) -> tuple[Bin, ...]:
    """The bins between and around the bounds; the outer ones reach as far as there are numbers."""
    before, now = (
        np.diff(_below(sample, bounds), prepend=0.0, append=1.0) if sample else np.zeros(len(bounds) + 1)
        for sample in samples
    )
    edges = [float(min(items[0], bounds[0])), *bounds.tolist(), float(max(items[-1], bounds[-1]))]
    return tuple(Bin(edges[i], edges[i + 1], float(before[i]), float(now[i])) for i in range(len(edges) - 1))


def _bounds(samples: list[Sample], items: Floats) -> Floats:
    """Round bounds between the bins, ascending; none where the numbers lie too close together for any."""
    low = min(_quantile(sample, _OUTERMOST) for sample in samples)
    high = max(_quantile(sample, 1.0 - _OUTERMOST) for sample in samples)
    if low == high:  # nearly all are one number: then show the others
        low, high = float(items[0]), float(items[-1])
    are_whole = bool(np.all(items == np.floor(items)))
    step = _round_step(high / _BINS - low / _BINS)
    step = max(step, 1.0) if are_whole else step
    first, last = math.floor(low / step) + 1, math.ceil(high / step)
    bounds = np.unique(np.arange(first, last) * step)
    return bounds if len(bounds) <= 2 * _BINS else np.empty(0)


def _round_step(least: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(max(least, 1e-300)))
    return next(step * power for step in _ROUND_STEPS if step * power >= least * (1.0 - 1e-9))


def _shares_of(sample: Sample, items: Floats) -> Floats:
    """The share of each of the numbers, among which those of the sample are."""
    shares = np.zeros(len(items))
    shares[np.searchsorted(items, sample.items)] = sample.weights / sample.total
    return shares


def _below(sample: Sample, points: Floats) -> Floats:
    """For each point, the share of values below it."""
    ranks = np.concatenate(([0.0], np.cumsum(sample.weights)))
    shares: Floats = ranks[np.searchsorted(sample.items, points, side="left")] / sample.total
    return shares


def _spread(side: NumericalStatistics | None, sample: Sample | None) -> Spread | None:
    if side is None or sample is None:
        return None
    low, middle, high = (_quantile(sample, share) for share in (0.1, 0.5, 0.9))
    return Spread(side.moments.minimum, low, middle, high, side.moments.maximum)


def _quantile(sample: Sample, share: float) -> float:
    """The least number that at least that share of the values does not exceed."""
    ranks = np.cumsum(sample.weights)
    return float(sample.items[min(np.searchsorted(ranks, share * ranks[-1]), len(ranks) - 1)])
