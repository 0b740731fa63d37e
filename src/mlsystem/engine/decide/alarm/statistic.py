"""What one period of a metric comes to: CloudWatch's statistics of the values that were put into it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mlsystem.engine.decide.alarm.trimmed import percentile, read_trimmed
from mlsystem.engine.decide.errors import AwsError

STATISTICS = frozenset({"Average", "Sum", "Minimum", "Maximum", "SampleCount"})
PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


@dataclass(frozen=True)
class Samples:
    """The values of one period: a statistic set, and, where single values were put, how often each came."""

    count: float
    total: float
    minimum: float
    maximum: float
    # None if only statistic sets were put: then percentiles are not known.
    values: Mapping[float, float] | None = None


def samples_of(values: Sequence[float], counts: Sequence[float] | None = None) -> Samples:
    """From single values, each `counts` times."""
    weights = [1.0] * len(values) if counts is None else list(counts)
    frequency: dict[float, float] = {}
    for value, weight in zip(values, weights, strict=True):
        frequency[value] = frequency.get(value, 0.0) + weight
    total = math.fsum(value * weight for value, weight in frequency.items())
    return Samples(math.fsum(weights), total, min(frequency), max(frequency), frequency)


def merged(parts: Sequence[Samples]) -> Samples:
    """Several sets of one period as one."""
    values: dict[float, float] | None = {}
    for part in parts:
        if part.values is None or values is None:
            values = None
            continue
        for value, count in part.values.items():
            values[value] = values.get(value, 0.0) + count
    return Samples(
        count=math.fsum(part.count for part in parts),
        total=math.fsum(part.total for part in parts),
        minimum=min(part.minimum for part in parts),
        maximum=max(part.maximum for part in parts),
        values=values,
    )


# Values that differ by less than this share are told apart no more once they are old.
PRECISION = 0.02
# So few are kept as they are.
FEW_VALUES = 50


def coarser(samples: Samples) -> Samples:
    """With values to two per cent where there are many: count, total, minimum and maximum stay exact."""
    if samples.values is None or len(samples.values) <= FEW_VALUES:
        return samples
    values: dict[float, float] = {}
    for value, count in samples.values.items():
        near = min(max(_rounded(value), samples.minimum), samples.maximum)
        values[near] = values.get(near, 0.0) + count
    return replace(samples, values=values)


def _rounded(value: float) -> float:
    step = math.log1p(PRECISION)
    return math.copysign(math.exp(round(math.log(abs(value)) / step) * step), value) if value else 0.0


def is_percentile(name: str) -> bool:
    return PERCENTILE.fullmatch(name) is not None


def check_statistic(name: str) -> None:
    """Raises AwsError(ValidationError) for what is no statistic."""
    if name in STATISTICS or is_percentile(name) or read_trimmed(name):
        return
    raise AwsError("ValidationError", f"The value {name} for parameter Statistic is not supported.")


def needs_values(names: Iterable[str]) -> bool:
    """Whether one of the statistics goes by the single values, and not by what they come to."""
    return any(name not in STATISTICS for name in names)


def statistic(samples: Samples, name: str) -> float | None:
    """The figure; None where it is not known (a percentile of statistic sets that are not of one value)."""
    match name:
        case "Average":
            return samples.total / samples.count
        case "Sum":
            return samples.total
        case "Minimum":
            return samples.minimum
        case "Maximum":
            return samples.maximum
        case "SampleCount":
            return samples.count
    check_statistic(name)
    values = _single_values(samples)
    if values is None:
        return None
    trimmed = read_trimmed(name)
    if trimmed is not None:
        return trimmed.of(values)
    # Of negative values CloudWatch tells no percentiles.
    return None if samples.minimum < 0 else percentile(values, float(name[1:]))


def _single_values(samples: Samples) -> Mapping[float, float] | None:
    """How often each value came; of a statistic set that is known only if it has one value."""
    if samples.values is None and samples.minimum == samples.maximum:
        return {samples.minimum: samples.count}
    return samples.values


def needed_samples(name: str) -> float:
    """Fewer samples than this make a percentile meaningless (EvaluateLowSampleCountPercentile)."""
    share = float(name[1:]) / 100
    rest = min(share, 1 - share)
    return math.inf if rest <= 0 else 10 / rest
