"""What is measured of one part at several sizes, and what of it grows otherwise than it ought to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

# How much more at the largest size than at the smallest counts as flat, as in console_pages.py.
FLAT_RATIO = 1.5
# Of the upper half of the sizes, by powers: measured twice, what is in proportion lies between 0.9 and 1.1.
LINEAR_EXPONENT = 1.2


class Ought(Enum):
    BE_FLAT = "be flat"  # what one request, call or page costs, however much else there is
    BE_IN_PROPORTION = "be at most in proportion"  # what is done or kept for each
    NOT_FALL = "not fall"  # requests a second: the machine's cores are as many as before


@dataclass(frozen=True)
class Quantity:
    """`unseen` is the difference, in its unit, below which nobody would notice, and which is the measuring's own."""

    name: str
    unit: str
    ought: Ought
    unseen: float


@dataclass
class Growth:
    """Of one part, by its size. `not_measured` says of what is left out why."""

    part: str
    counted: str
    quantities: tuple[Quantity, ...]
    points: dict[int, dict[str, float]] = field(default_factory=dict)
    not_measured: str = ""

    def values(self, name: str) -> dict[int, float]:
        return {size: found[name] for size, found in self.points.items()}

    def findings(self) -> list[str]:
        """A sentence for each quantity that grows otherwise than it ought to."""
        return [words for one in self.quantities if (words := self._finding(one))]

    def _finding(self, quantity: Quantity) -> str:
        values = self.values(quantity.name)
        if len(values) < 2:
            return ""
        least, most = min(values), max(values)
        before, after = values[least], values[most]
        spelt = (
            f"{quantity.name} of {most:,} {self.counted} is {after:.4g} {quantity.unit},"
            f" of {least:,} {before:.4g}: it ought to {quantity.ought.value}"
        )
        if quantity.ought is Ought.NOT_FALL:
            return spelt if before > after * FLAT_RATIO and before - after > quantity.unseen else ""
        if after - before <= quantity.unseen:
            return ""
        if quantity.ought is Ought.BE_FLAT:
            return spelt if after > before * FLAT_RATIO else ""
        grows = exponent(values)
        return f"{spelt}, and grows by the power {grows:.2f}" if grows > LINEAR_EXPONENT else ""

    def as_json(self) -> dict[str, Any]:
        return {
            "counted": self.counted,
            "quantities": {one.name: {"unit": one.unit, "ought to": one.ought.value} for one in self.quantities},
            "points": {str(size): found for size, found in self.points.items()},
            "powers": {one.name: round(exponent(self.values(one.name)), 2) for one in self.quantities},
            "findings": self.findings(),
        }


def exponent(values: Mapping[int, float]) -> float:
    """The power by which it grows over the upper half of the sizes, where what it costs once weighs least."""
    sizes = sorted(values)
    if len(sizes) < 2:
        return 0.0
    low, high = sizes[(len(sizes) - 1) // 2], sizes[-1]
    if not values[low] or not values[high]:
        return 0.0  # too little to be measured
    return math.log(values[high] / values[low]) / math.log(high / low)
