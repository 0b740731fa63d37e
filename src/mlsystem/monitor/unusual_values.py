"""How unusual a single value is against the baseline: its tail share.

That is how large a share of the baseline is at least as unusual. Of a number these are the values at least as far out, on
both sides alike; of a category all that are as rare or rarer (so that no name in a column of names is unusual); of a
missing value the missing ones, where most are not missing. A value counts only if its share is below 1/50, with -log of
how far below. A number beyond all of the baseline counts the more, the farther out it is: log(1 + distance in standard
deviations).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mlsystem.monitor.profile import Categories, FeatureProfile, NumericalStatistics
from mlsystem.monitor.sketch import Floats

RARE = 0.02
_FARTHEST = 1e12  # standard deviations: beyond, numbers are all alike

Values = Floats | Sequence[str | None]
"""Some values of a column: numbers, NaN where one is missing; or texts, None where one is missing."""


@dataclass(frozen=True)
class Judged:
    """Of each value the tail share (1 also for what need not be looked up), and how much it counts."""

    shares: Floats
    scores: Floats


class Judge(Protocol):
    """Knows one feature of the baseline."""

    def judge(self, values: Values) -> Judged:
        """How unusual each of the values is."""
        ...


def judge_of(feature: FeatureProfile, values: Values) -> Judge | None:
    """The judge for values of that kind; None if the baseline knows the feature only as another kind."""
    missing = _share_of_missing(feature)
    if are_numbers(values):
        return _Numbers(feature.numerical, missing) if feature.numerical else None
    return _Texts(feature.categories, feature.num_present, missing) if feature.categories else None


def _share_of_missing(feature: FeatureProfile) -> float:
    """The tail share of a missing value: it is not unusual where most are missing."""
    rows = feature.num_present + feature.num_missing
    return (feature.num_missing + 0.5) / (rows + 1.0) if feature.num_missing < feature.num_present else 1.0


class _Numbers:
    """Judges by both tails of the baseline's sketch. Only what lies outside of the ordinary is looked up in it."""

    def __init__(self, statistics: NumericalStatistics, missing: float) -> None:
        self._sample = statistics.sketch.sample()
        self._missing = missing
        self._least, self._greatest = statistics.moments.minimum, statistics.moments.maximum
        self._scale = statistics.moments.std_dev or max(abs(self._least), abs(self._greatest)) or 1.0
        rare = self._tails(self._sample.items) < RARE
        self._ordinary = self._sample.items[~rare] if not rare.all() else self._sample.items

    def judge(self, values: Values) -> Judged:
        numbers = np.asarray(values, dtype=np.float64)
        shares, scores = np.ones(len(numbers)), np.zeros(len(numbers))
        is_there = np.isfinite(numbers)
        shares[~is_there] = self._missing
        places = np.flatnonzero(is_there & ((numbers < self._ordinary[0]) | (numbers > self._ordinary[-1])))
        shares[places] = self._tails(numbers[places])
        is_rare = shares < RARE
        scores[is_rare] = -np.log(shares[is_rare] / RARE)
        scores[places] += np.where(is_rare[places], np.log1p(self._distance(numbers[places])), 0.0)
        return Judged(shares, scores)

    def _tails(self, numbers: Floats) -> Floats:
        ranks = np.concatenate(([0.0], np.cumsum(self._sample.weights)))
        at_most = ranks[np.searchsorted(self._sample.items, numbers, side="right")]
        at_least = ranks[-1] - ranks[np.searchsorted(self._sample.items, numbers, side="left")]
        tails: Floats = np.minimum(1.0, 2.0 * (np.minimum(at_most, at_least) + 0.5) / (ranks[-1] + 1.0))
        return tails

    def _distance(self, numbers: Floats) -> Floats:
        """How far a number lies beyond all of the baseline, in standard deviations."""
        with np.errstate(over="ignore", invalid="ignore"):
            above, below = numbers / self._scale, self._least / self._scale
            beyond = np.maximum(above - self._greatest / self._scale, below - above)
        distance: Floats = np.clip(np.nan_to_num(beyond, nan=_FARTHEST), 0.0, _FARTHEST)
        return distance


class _Texts:
    """Judges by how many rows of the baseline have a category as rare or rarer."""

    def __init__(self, categories: Categories, present: int, missing: float) -> None:
        unlisted = max(0, present - sum(count for _, count in categories.counts))
        self._shares: dict[str | None, float] = {None: missing, **_tails_of(categories, unlisted, present)}
        self._unlisted = (unlisted + 0.5) / (present + 1.0)

    def judge(self, values: Values) -> Judged:
        known, unlisted = self._shares.get, self._unlisted
        shares = np.array([known(None if value is None else str(value), unlisted) for value in values])
        is_rare = shares < RARE
        return Judged(shares, np.where(is_rare, -np.log(np.where(is_rare, shares, RARE) / RARE), 0.0))


def _tails_of(categories: Categories, unlisted: int, present: int) -> dict[str | None, float]:
    """For each category, the share of rows whose category is at most as frequent."""
    by_count = Counter(count for _, count in categories.counts)
    rows, tails = unlisted, {}
    for count in sorted(by_count):
        rows += count * by_count[count]
        tails[count] = (rows + 0.5) / (present + 1.0)
    return {value: tails[count] for value, count in categories.counts}


def are_numbers(values: Values) -> bool:
    """Whether a column comes as numbers."""
    return isinstance(values, np.ndarray) and values.dtype.kind == "f"
