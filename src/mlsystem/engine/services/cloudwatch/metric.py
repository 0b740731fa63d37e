"""A metric's identity, and one datum of it as PutMetricData takes it, checked.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.decide.alarm import Samples, samples_of
from mlsystem.engine.decide.errors import AwsError

RESOLUTIONS = (1, 60)
MOST_DIMENSIONS = 30
MOST_VALUES = 150
# Beyond these no number is taken: 2 to the power of 360.
LARGEST = 2.0**360
OLDEST_SECONDS = 14 * 86400
NEWEST_SECONDS = 2 * 3600


@dataclass(frozen=True)
class Metric:
    """`dimensions` sorted by name: their order does not matter."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @property
    def dimension_text(self) -> str:
        """The dimensions as the database keys them."""
        return json.dumps(self.dimensions, separators=(",", ":"))

    def described(self) -> dict[str, object]:
        """As ListMetrics tells it."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions]
        return {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}


@dataclass(frozen=True)
class Datum:
    """What was put: `at` in seconds since the epoch."""

    metric: Metric
    at: float
    unit: str
    samples: Samples


def metric_of(namespace: str, name: str, dimensions: Iterable[Mapping[str, Any]] = ()) -> Metric:
    return Metric(namespace, name, tuple(sorted((item["Name"], item["Value"]) for item in dimensions)))


def dimensions_of(text: str) -> tuple[tuple[str, str], ...]:
    """Back from `dimension_text`."""
    return tuple((name, value) for name, value in json.loads(text))


def read_datum(namespace: str, datum: Mapping[str, Any], now: float) -> Datum:
    """Raises AwsError for what CloudWatch refuses. The time stamp may be a datetime, seconds since the epoch or ISO text."""
    name = datum["MetricName"]
    dimensions = datum.get("Dimensions", ())
    if len(dimensions) > MOST_DIMENSIONS:
        raise _invalid(f"The metric {name} has {len(dimensions)} dimensions; at most {MOST_DIMENSIONS} are allowed.")
    if datum.get("StorageResolution", 60) not in RESOLUTIONS:
        raise _invalid(
            f"The StorageResolution of the metric {name} must be 1 or 60, but is {datum['StorageResolution']}."
        )
    at = _seconds(datum.get("Timestamp"), now)
    if not now - OLDEST_SECONDS <= at <= now + NEWEST_SECONDS:
        raise _invalid(
            f"The Timestamp of the metric {name} must lie between two weeks ago and two hours from now, but is"
            f" {_shown(at)}."
        )
    return Datum(metric_of(namespace, name, dimensions), at, datum.get("Unit", "None"), _samples(name, datum))


def _shown(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).isoformat()
    except (ValueError, OverflowError):  # of a year that no calendar has
        return f"{at:g} s since 1970"


def _samples(name: str, datum: Mapping[str, Any]) -> Samples:
    given = [member for member in ("Value", "Values", "StatisticValues") if datum.get(member) is not None]
    if not given:
        raise AwsError(
            "MissingParameter", f"The metric {name} must have one of Value, Values or StatisticValues.", status=400
        )
    if len(given) > 1:
        raise AwsError(
            "InvalidParameterCombination",
            f"The parameters {' and '.join(given)} of the metric {name} are mutually exclusive.",
            status=400,
        )
    if given == ["Value"]:
        return samples_of([_number(name, datum["Value"])])
    if given == ["Values"]:
        return _counted(name, datum["Values"], datum.get("Counts"))
    statistics = datum["StatisticValues"]
    count, total, least, most = (
        _number(name, statistics[member]) for member in ("SampleCount", "Sum", "Minimum", "Maximum")
    )
    if count <= 0 or least > most:
        raise _invalid(f"The StatisticValues of the metric {name} need SampleCount above 0 and Minimum up to Maximum.")
    return Samples(count, total, least, most)


def _counted(name: str, values: Sequence[float], counts: Sequence[float] | None) -> Samples:
    if not values or len(values) > MOST_VALUES:
        raise _invalid(f"The metric {name} has {len(values)} Values; 1 to {MOST_VALUES} are allowed.")
    if counts is not None and len(counts) != len(values):
        raise _invalid(f"The metric {name} has {len(values)} Values and {len(counts)} Counts.")
    numbers = [_number(name, value) for value in values]
    return samples_of(numbers, None if counts is None else [_number(name, count) for count in counts])


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise _invalid(f"The value {value!r} of the metric {name} is no number.") from error
    if not math.isfinite(number) or abs(number) > LARGEST:
        raise _invalid(f"The value {number} of the metric {name} is not one that CloudWatch takes.")
    return number


def _seconds(value: Any, now: float) -> float:
    if value is None:
        return now
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message, status=400)
