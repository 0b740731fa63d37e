"""What an alarm watches for: the members of PutMetricAlarm that decide, checked.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mlsystem.engine.decide.alarm.statistic import check_statistic, is_percentile
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere

DAY = 86_400


class StateValue(StrEnum):
    """The states of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class MissingData(StrEnum):
    """TreatMissingData."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


# By ComparisonOperator: the test, and how a reason words it.
COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class AlarmRule:
    """`statistic` is the Statistic or the ExtendedStatistic; None for an alarm on metric math.

    `ignores_low_samples`: EvaluateLowSampleCountPercentile is `ignore`.
    """

    comparison: str
    threshold: float
    period: float
    evaluation_periods: int = 1
    datapoints_to_alarm: int = 1
    missing_data: MissingData = MissingData.MISSING
    statistic: str | None = None
    unit: str | None = None
    ignores_low_samples: bool = False

    def is_breaching(self, value: float) -> bool:
        return COMPARISONS[self.comparison][0](value, self.threshold)


def read_rule(request: Mapping[str, Any]) -> AlarmRule:
    """From the members of PutMetricAlarm. Raises AwsError(ValidationError), NotImplementedHere for anomaly detection."""
    comparison = request["ComparisonOperator"]
    if comparison not in COMPARISONS or "ThresholdMetricId" in request:
        raise NotImplementedHere(f"cloudwatch alarm with the comparison {comparison}", "anomaly detection is not there")
    if "Threshold" not in request:
        raise _invalid("Threshold is required")
    statistic = _statistic(request)
    periods = int(request["EvaluationPeriods"])
    needed = int(request.get("DatapointsToAlarm", periods))
    if not 1 <= needed <= periods:
        raise _invalid(f"DatapointsToAlarm ({needed}) must lie between 1 and EvaluationPeriods ({periods})")
    period = _period(request)
    _check_span(period * periods, period)
    return AlarmRule(
        comparison=comparison,
        threshold=float(request["Threshold"]),
        period=period,
        evaluation_periods=periods,
        datapoints_to_alarm=needed,
        missing_data=_missing_data(request.get("TreatMissingData", "missing")),
        statistic=statistic,
        unit=request.get("Unit"),
        ignores_low_samples=_ignores_low_samples(request, statistic),
    )


def _statistic(request: Mapping[str, Any]) -> str | None:
    given = [request[name] for name in ("Statistic", "ExtendedStatistic") if name in request]
    if "Metrics" in request:
        if given or "MetricName" in request:
            raise _invalid("Metrics and MetricName with its Statistic exclude each other")
        return None
    if "MetricName" not in request or len(given) != 1:
        raise _invalid("an alarm needs Metrics, or MetricName with either Statistic or ExtendedStatistic")
    statistic = str(given[0])
    check_statistic(statistic)
    return statistic


def _period(request: Mapping[str, Any]) -> int:
    if "Metrics" in request:
        periods = {
            int(query["MetricStat"]["Period"] if "MetricStat" in query else query["Period"])
            for query in request["Metrics"]
            if "MetricStat" in query or "Period" in query
        }
        if len(periods) != 1:
            raise _invalid(f"all queries of an alarm must have one Period, but have {sorted(periods)}")
        period = periods.pop()
    elif "Period" in request:
        period = int(request["Period"])
    else:
        raise _invalid("Period is required with MetricName")
    if period not in {10, 20, 30} and (period <= 0 or period % 60):
        raise _invalid(f"Period must be 10, 20, 30 or a multiple of 60 seconds, but is {period}")
    return period


def _check_span(span: int, period: int) -> None:
    limit = 7 * DAY if period >= 3600 else DAY
    if span > limit:
        raise _invalid(
            f"Metrics cannot be checked across more than {limit} seconds (EvaluationPeriods * Period is {span})"
        )


def _missing_data(text: str) -> MissingData:
    try:
        return MissingData(text)
    except ValueError as error:
        raise _invalid(f"TreatMissingData must be one of {', '.join(MissingData)}, but is {text}") from error


def _ignores_low_samples(request: Mapping[str, Any], statistic: str | None) -> bool:
    choice = request.get("EvaluateLowSampleCountPercentile")
    if choice is None:
        return False
    if choice not in {"evaluate", "ignore"} or statistic is None or not is_percentile(statistic):
        raise _invalid("EvaluateLowSampleCountPercentile is evaluate or ignore, and only for a percentile")
    return bool(choice == "ignore")


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)
