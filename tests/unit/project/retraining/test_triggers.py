"""Each event is taken for what it is, and one of another kind for none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from evidence import EvidenceError
from raised_alarm import endpoint_in_alarm
from retraining_message import decision_message
from triggers import Trigger, cause_of, read_trigger

from tests.aws.clients import scripted

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def alarm() -> dict[str, Any]:
    dimensions = {"MonitoringSchedule": "mls-flights-a-prd"}
    metric = {"metricStat": {"metric": {"name": "features_drifted", "dimensions": dimensions}}}
    detail = {"state": {"value": "ALARM"}, "configuration": {"metrics": [metric]}}
    return {"id": "e-1", "source": "aws.cloudwatch", "time": "2026-11-24T09:00:00Z", "detail": detail}


def test_the_alarm_names_the_endpoint_and_its_event_the_time() -> None:
    at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert read_trigger(alarm(), "request", NOW) == Trigger("drift", "e-1", at, "mls-flights-a-prd")


def test_the_month_has_the_id_of_its_schedule_and_a_person_that_of_the_request() -> None:
    event = {"Trigger": "monthly", "Id": "s-1", "Time": "2026-11-01T12:00:00Z"}
    assert read_trigger(event, "request", NOW) == Trigger("monthly", "s-1", datetime(2026, 11, 1, 12, tzinfo=UTC))
    asked = read_trigger({"Trigger": "by hand", "Endpoint": "mls-flights-a-prd"}, "request", NOW)
    assert asked == Trigger("by hand", "request", NOW, "mls-flights-a-prd")


def test_drift_that_lasts_is_that_of_the_endpoint_whose_alarm_is_raised() -> None:
    event = {"Trigger": "lasting drift", "Id": "s-1", "Time": "2026-11-01T12:00:00Z", "Endpoint": "mls-flights-a-prd"}
    found = read_trigger(event, "request", NOW)
    assert found == Trigger("lasting drift", "s-1", datetime(2026, 11, 1, 12, tzinfo=UTC), "mls-flights-a-prd")
    asked = {"AlarmNamePrefix": "mls-demo-drift-", "AlarmTypes": ["MetricAlarm"], "StateValue": "ALARM"}
    raised = {"Dimensions": [{"Name": "MonitoringSchedule", "Value": "mls-flights-a-prd"}]}
    for alarms, endpoint in (([raised], "mls-flights-a-prd"), ([], None)):
        with scripted("cloudwatch") as cloudwatch:
            cloudwatch.answers("describe_alarms", {"MetricAlarms": alarms}, asked)
            assert endpoint_in_alarm(cloudwatch.client, "mls-demo") == endpoint


@pytest.mark.parametrize("event", [{}, {"Trigger": "by hand"}, {"source": "aws.s3"}])
def test_anything_else_is_an_error(event: dict[str, Any]) -> None:
    with pytest.raises(EvidenceError, match="neither an alarm"):
        read_trigger(event, "request", NOW)


@pytest.mark.parametrize(
    ("kind", "detail", "cause"),
    [
        ("CloudWatchEvent", "arn:aws:events:r:1:rule/mls-demo-data", "upload"),
        ("CloudWatchEvent", "arn:aws:events:r:1:rule/mls-demo-commit", "commit"),
        ("WebhookV2", "connection", "commit"),
        ("StartPipelineExecution", "arn:aws:sts::1:assumed-role/ada/session", "by hand"),
        ("AutomatedRollback", "0d9c2a51", "rollback"),
        ("ManualRollback", "arn:aws:sts::1:assumed-role/ada/session", "rollback"),
    ],
)
def test_an_execution_tells_what_started_it(kind: str, detail: str, cause: str) -> None:
    assert cause_of({"trigger-type": kind, "trigger-detail": detail}) == cause


def test_a_mail_says_what_was_decided_why_and_in_a_subject_that_sns_takes() -> None:
    decision = {
        "Trigger": "drift",
        "Time": "2026-11-24",
        "Decision": "refused",
        "Reason": "labels missing: ü" + "x" * 99,
    }
    subject, text = decision_message("mls-demo", decision)
    assert subject.startswith("mls-demo: retraining refused (drift): labels missing: ?x")
    assert len(subject) < 100 and subject.isascii()
    assert "Reason: labels missing: üxx" in text
