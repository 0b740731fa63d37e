"""The mail of an alarm says which alarm it is, what happened, and by which rule."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.services.cloudwatch.alarm_mail import alarm_mail

SCOPE = Scope("000000000000", "eu-central-1")
METRIC = {
    "Namespace": "mls-demo",
    "MetricName": "features_drifted",
    "Dimensions": [{"Name": "MonitoringSchedule", "Value": "mls-flights-1-prd"}],
    "Statistic": "Maximum",
    "Period": 3600,
    "TreatMissingData": "ignore",
}
RULE = {
    "AlarmDescription": "Requests are distributed otherwise.",
    "EvaluationPeriods": 1,
    "Threshold": 0,
    "ComparisonOperator": "GreaterThanThreshold",
    "AlarmActions": ["arn:aws:sns:eu-central-1:000000000000:admin"],
}


def _mail(**definition: Any) -> str:
    change = {"previous": "OK", "state": "ALARM", "reason": "Threshold Crossed", "at": 1_795_514_520.0}
    return alarm_mail(SCOPE, "drift", "arn:drift", {**change, "definition": {**RULE, **definition}})


def test_it_begins_with_what_happened_and_why() -> None:
    first, *_ = _mail(**METRIC).splitlines()
    assert first == (
        'You are receiving this email because your Amazon CloudWatch Alarm "drift" in the Europe (Frankfurt) region has'
        ' entered the ALARM state, because "Threshold Crossed" at "Tuesday 24 November, 2026 10:02:00 UTC".'
    )


def test_it_tells_the_alarm_its_threshold_its_metric_and_whom_it_tells() -> None:
    lines = _mail(**METRIC).splitlines()
    assert "- Description:                Requests are distributed otherwise." in lines
    assert "- State Change:               OK -> ALARM" in lines
    threshold = "the metric is GreaterThanThreshold 0.0 for at least 1 of the last 1 period(s) of 3600 seconds."
    assert f"- The alarm is in the ALARM state when {threshold}" in lines
    assert "- Dimensions:                 [MonitoringSchedule = mls-flights-1-prd]" in lines
    assert "- Statistic:                  Maximum" in lines
    assert lines[-3:] == ["- OK:", "- ALARM: arn:aws:sns:eu-central-1:000000000000:admin", "- INSUFFICIENT_DATA:"]


def test_an_alarm_on_an_expression_tells_what_it_is_made_of() -> None:
    stat = {"Metric": {"Namespace": "AWS/Lambda", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"}
    queries = [{"Id": "rate", "Expression": "errors / 2"}, {"Id": "errors", "MetricStat": stat, "ReturnData": False}]
    lines = _mail(Metrics=queries).splitlines()
    assert "- rate:                       errors / 2" in lines
    assert "- errors:                     AWS/Lambda Errors" in lines
