"""Statistics of a part of a period's values: trimmed mean, count and sum, winsorized mean, percentile rank.

`tm90` leaves the highest 10 % out, `TM(2%:98%)` the lowest and highest 2 %, `TM(150:1000)` what is 150 or less, or above 1000: a
lower bound is exclusive, an upper one inclusive. The others are written likewise; a percentile rank has values as bounds only.
CloudWatch says of its own trimmed counts that they are interpolated and may have fractions; here values are kept one by one, and
only a bound in percent divides them.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

Values = Mapping[float, float]
"""How often each value came."""

NUMBER = r"\d+(?:\.\d{1,10})?"
SHORT = re.compile(rf"(tm|tc|ts|wm)({NUMBER})")
LONG = re.compile(rf"(TM|TC|TS|WM|PR)\(({NUMBER})?(%)?:({NUMBER})?(%)?\)")
INTERQUARTILE = "IQM"


@dataclass(frozen=True)
class Trimmed:
    """`kind` is TM, TC, TS, WM or PR. The bounds are percents of the samples, or values."""

    kind: str
    lower: float
    upper: float
    is_percent: bool

    def of(self, values: Values) -> float | None:
        """None where no value is left to make a mean of."""
        if self.kind == "WM":
            return self._winsorized(values)
        kept = self._kept(values)
        count = math.fsum(kept.values())
        total = math.fsum(value * weight for value, weight in kept.items())
        if self.kind == "TM":
            return total / count if count else None
        if self.kind == "PR":
            return 100 * count / math.fsum(values.values())
        return total if self.kind == "TS" else count

    def _kept(self, values: Values) -> dict[float, float]:
        if not self.is_percent:
            return {value: weight for value, weight in values.items() if self.lower < value <= self.upper}
        count = math.fsum(values.values())
        first, last = count * self.lower / 100, count * self.upper / 100
        kept, seen = {}, 0.0
        for value in sorted(values):
            weight = min(seen + values[value], last) - max(seen, first)
            seen += values[value]
            if weight > 0:
                kept[value] = weight
        return kept

    def _winsorized(self, values: Values) -> float:
        """What lies outside counts as if it lay at the bound."""
        lower, upper = self.lower, self.upper
        if self.is_percent:
            lower, upper = percentile(values, lower), percentile(values, upper)
        total = math.fsum(min(max(value, lower), upper) * weight for value, weight in values.items())
        return total / math.fsum(values.values())


def read_trimmed(name: str) -> Trimmed | None:
    """None for what is no such statistic."""
    if name == INTERQUARTILE:
        return Trimmed("TM", 25, 75, is_percent=True)
    short = SHORT.fullmatch(name)
    if short:
        percent = float(short[2])
        return Trimmed(short[1].upper(), 0, percent, is_percent=True) if percent <= 100 else None
    long = LONG.fullmatch(name)
    return _read_long(long) if long else None


def _read_long(match: re.Match[str]) -> Trimmed | None:
    kind, lower, lower_percent, upper, upper_percent = match.groups()
    marks = {mark for bound, mark in ((lower, lower_percent), (upper, upper_percent)) if bound}
    stray = (lower_percent and not lower) or (upper_percent and not upper)
    if len(marks) != 1 or stray:
        return None
    is_percent = marks == {"%"}
    bounds = (float(lower) if lower else -math.inf, float(upper) if upper else math.inf)
    if is_percent:
        bounds = (max(bounds[0], 0.0), min(bounds[1], 100.0) if not upper else bounds[1])
    if bounds[0] >= bounds[1] or (is_percent and (kind == "PR" or bounds[1] > 100)):
        return None
    return Trimmed(kind, *bounds, is_percent=is_percent)


def percentile(values: Values, percent: float) -> float:
    """The smallest value that at least `percent` of the samples do not exceed."""
    rank = math.fsum(values.values()) * percent / 100
    seen = 0.0
    for value in sorted(values):
        seen += values[value]
        if seen >= rank:
            return value
    return max(values)
