"""An alarm tells a person what it watches, why it is in its state, and what it does."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from mlsystem.client.alarms.alarm import composite_alarm, metric_alarm
from mlsystem.client.alarms.alarms import Alarms
from mlsystem.client.alarms.words import change, condition, does, watched, why
from mlsystem.client.connection import Connection
from mlsystem.client.errors import NotFound

ERRORS: dict[str, Any] = {
    "AlarmName": "p-errors",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:1:alarm:p-errors",
    "StateValue": "OK",
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Period": 60,
    "Statistic": "Sum",
    "Threshold": 0.0,
    "TreatMissingData": "notBreaching",
}


def test_the_condition_is_a_sentence() -> None:
    alarm = metric_alarm(ERRORS)
    assert alarm.rule is not None
    assert condition(alarm.rule) == "1 datapoint above 0 within 1 minute; missing data: not breaching"
    assert watched(alarm.rule) == "Sum of Errors (AWS/Lambda), by 1 minute"
    some = metric_alarm({**ERRORS, "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Period": 3600})
    assert some.rule is not None
    assert condition(some.rule) == "2 of 3 datapoints above 0 within 3 hours; missing data: not breaching"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Unchecked: Initial alarm creation", "It was not evaluated since it was made."),
        (
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
            "No data came in the last period, which counts as not breaching.",
        ),
        ("Insufficient Data: 1 datapoint was unknown.", "No data came, so nobody can tell."),
        ("set by hand", "set by hand"),
    ],
)
def test_reasons_are_told_without_terms_of_cloudwatch(reason: str, words: str) -> None:
    assert why(metric_alarm({**ERRORS, "StateReason": reason})) == words


def test_a_crossed_threshold_is_told_by_the_values_that_crossed_it() -> None:
    data = json.dumps({"recentDatapoints": [0.0, 7.25]})
    raised = {"StateValue": "ALARM", "StateReason": "Threshold Crossed: 1 datapoint", "StateReasonData": data}
    assert why(metric_alarm({**ERRORS, **raised})) == "The last values were 0, 7.25: enough of them above 0."


def test_actions_are_told_by_what_they_do() -> None:
    assert does("arn:aws:sns:us-east-1:1:mls-demo") == "tells the topic mls-demo"
    scaling = "arn:aws:autoscaling:us-east-1:1:scalingPolicy:id:resource/sagemaker/endpoint/e/variant/v:policyName/load"
    assert does(scaling) == "scales by the policy load"
    assert does("arn:aws:lambda:us-east-1:1:function:again") == "calls the function again"
    assert does("arn:aws:swf:us-east-1:1:x") == "arn:aws:swf:us-east-1:1:x"


def test_a_composite_alarm_names_those_that_it_is_made_of() -> None:
    rule = 'ALARM("a b") AND NOT OK(arn:aws:cloudwatch:us-east-1:1:alarm:c) OR ALARM("a b")'
    told = {"AlarmName": "n", "AlarmArn": "x", "StateValue": "OK", "AlarmRule": rule}
    alarm = composite_alarm(told)
    assert alarm.is_composite
    assert alarm.others == ("a b", "c")


def test_a_change_of_state_is_told_with_both_states() -> None:
    data = {"oldState": {"stateValue": "OK"}, "newState": {"stateValue": "ALARM", "stateReason": "why"}}
    assert change("StateUpdate", "s", json.dumps(data)) == ("OK", "ALARM", "why")
    action = {"action": "arn:aws:sns:us-east-1:1:t"}
    assert change("Action", "Successfully executed action x", json.dumps(action)) == ("", "", "It tells the topic t.")
    assert change("ConfigurationUpdate", "created", "no JSON") == ("", "", "created")


class Thousand:
    """CloudWatch with a thousand alarms; it counts what it is asked for."""

    def __init__(self) -> None:
        self.given = 0
        self.names = [f"p-{number:04d}" for number in range(1000)]

    def client(self, _service: str) -> Thousand:
        return self

    def describe_alarms(self, **asked: Any) -> dict[str, Any]:
        if "AlarmNames" in asked:
            found = [name for name in self.names if name in asked["AlarmNames"]]
            return {"MetricAlarms": [{**ERRORS, "AlarmName": name} for name in found]}
        start, size = int(asked.get("NextToken", 0)), asked["MaxRecords"]
        found = self.names[start : start + size] if asked.get("StateValue", "OK") == "OK" else []
        self.given += len(found)
        more = {"NextToken": str(start + size)} if found and start + size < len(self.names) else {}
        return {"MetricAlarms": [{**ERRORS, "AlarmName": name} for name in found], **more}


def test_a_page_of_a_thousand_alarms_asks_for_one_page_and_counts_to_fifty() -> None:
    cloudwatch = Thousand()
    alarms = Alarms(cast(Connection, cloudwatch))
    first = alarms.page("p-", "", 25)
    second = alarms.page("p-", "", 25, first.next_token)
    assert [one.name for one in second.alarms][:2] == ["p-0025", "p-0026"]
    counts = alarms.counts("p-")
    assert (counts["OK"].number, counts["OK"].is_more) == (50, True)
    assert (counts["ALARM"].number, counts["ALARM"].is_more) == (0, False)
    assert cloudwatch.given == 100


def test_an_alarm_that_is_gone_is_told_as_such() -> None:
    with pytest.raises(NotFound, match="gone with the version"):
        Alarms(cast(Connection, Thousand())).one("other")
