"""What a method of comparing is: how it measures, what a threshold means for it, and when it can say nothing."""

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Data = TypeVar("Data")


class Scale(enum.Enum):
    """What a threshold is a threshold of; the value is how a sentence calls it."""

    LARGEST_DIFFERENCE = "L-infinity distance"
    SIGNIFICANCE = "level of significance"  # of a test: drifted if the p-value is below
    STABILITY_INDEX = "population stability index"
    JENSEN_SHANNON = "Jensen-Shannon distance"
    DEVIATIONS = "Wasserstein distance in standard deviations"


@dataclass(frozen=True)
class Measured:
    """How far two datasets lie apart in one feature, and what the method knows of its own limits."""

    distance: float  # 0 for equal distributions, larger means farther; 1 - p of a test
    p_value: float | None = None  # of a test: how often chance alone gives a difference at least this large
    chance: float = 0.0  # two samples of one distribution and of these sizes lie farther apart once in a hundred times
    reach: float = math.inf  # the largest distance that samples of these sizes can show


@dataclass(frozen=True)
class Method(Generic[Data]):
    """A way to compare two datasets in one feature, and what the user's threshold means for it."""

    measure: Callable[[Data, Data], Measured | None]  # (baseline, current); None where the method has nothing to say
    scale: Scale
    default_threshold: float
    threshold_range: tuple[float, float] = (-math.inf, math.inf)  # a threshold outside of it could not mean anything
    minimum_sample: int = 1  # values that each side must have, unless constraints.json says otherwise
    is_original: bool = False  # one of Model Monitor's

    def limit(self, threshold: float) -> float:
        """The distance that may not be exceeded."""
        return 1.0 - threshold if self.scale is Scale.SIGNIFICANCE else threshold

    def fault(self, threshold: float) -> str | None:
        """What is wrong with a threshold for this method; None if nothing is."""
        least, largest = self.threshold_range
        if math.isfinite(threshold) and least <= threshold <= largest:
            return None
        between = "" if self.threshold_range == (-math.inf, math.inf) else f"; allowed: {least} to {largest}"
        return f"is {threshold}, which is no {self.scale.value}{between}"


def share_threshold(one: Method[Any], other: Method[Any]) -> bool:
    """Whether one threshold may stand for both: on one scale, and between Model Monitor's own as it always did."""
    return one.scale is other.scale or (one.is_original and other.is_original)
