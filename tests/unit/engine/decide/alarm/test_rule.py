"""What PutMetricAlarm may ask for."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.alarm import AlarmRule, MissingData, read_rule
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere

REQUEST: dict[str, Any] = {
    "AlarmName": "errors",
    "MetricName": "5XXError",
    "Namespace": "AWS/ApiGateway",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "ComparisonOperator": "GreaterThanThreshold",
    "Threshold": 1,
}
QUERIES = [
    {"Id": "m1", "MetricStat": {"Metric": {}, "Period": 60, "Stat": "Sum"}, "ReturnData": False},
    {"Id": "e1", "Expression": "m1 * 2"},
]


def without(*names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in {**REQUEST, **more}.items() if name not in names}


def test_datapoints_to_alarm_and_missing_data_have_defaults() -> None:
    assert read_rule(REQUEST) == AlarmRule(
        "GreaterThanThreshold", 1.0, 60, 3, 3, MissingData.MISSING, "Sum", None, False
    )


def test_an_alarm_on_an_expression_takes_its_period_from_its_metrics() -> None:
    rule = read_rule(without("MetricName", "Statistic", "Period", Metrics=QUERIES, TreatMissingData="notBreaching"))
    assert (rule.period, rule.statistic, rule.missing_data) == (60, None, MissingData.NOT_BREACHING)


def test_a_percentile_may_be_watched() -> None:
    rule = read_rule(without("Statistic", ExtendedStatistic="p99.9", EvaluateLowSampleCountPercentile="ignore"))
    assert (rule.statistic, rule.ignores_low_samples) == ("p99.9", True)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (without("Threshold"), "Threshold is required"),
        (without("Statistic"), "either Statistic or ExtendedStatistic"),
        (without(ExtendedStatistic="p99"), "either Statistic or ExtendedStatistic"),
        (without(Statistic="Median"), "The value Median for parameter Statistic is not supported."),
        (without("Statistic", ExtendedStatistic="p101"), "The value p101 for parameter Statistic is not supported."),
        (without("Period"), "Period is required"),
        (without(Period=45), "Period must be 10, 20, 30 or a multiple of 60 seconds, but is 45"),
        (without(Period=600, EvaluationPeriods=145), "Metrics cannot be checked across more than 86400 seconds"),
        (without(DatapointsToAlarm=4), "DatapointsToAlarm (4) must lie between 1 and EvaluationPeriods (3)"),
        (without(TreatMissingData="skip"), "TreatMissingData must be one of missing, ignore, breaching, notBreaching"),
        (without(Metrics=QUERIES), "Metrics and MetricName with its Statistic exclude each other"),
        (without(EvaluateLowSampleCountPercentile="ignore"), "only for a percentile"),
    ],
)
def test_a_contradiction_is_refused(request_: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError) as refusal:
        read_rule(request_)
    assert refusal.value.code == "ValidationError"
    assert message in refusal.value.message


@pytest.mark.parametrize(
    "request_",
    [
        without(ComparisonOperator="GreaterThanUpperThreshold"),
        without("Threshold", ThresholdMetricId="ad1"),
    ],
)
def test_what_the_engine_does_not_have_is_refused_by_name(request_: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedHere):
        read_rule(request_)
