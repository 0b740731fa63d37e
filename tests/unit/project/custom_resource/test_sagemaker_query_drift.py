"""Query Drift tells what a monitoring execution found, and never takes a missing report for a good one."""

import json
from pathlib import Path
from typing import Any

import pytest
from s3_object import EvidenceError
from sagemaker_query_drift import DriftSettings, last_drift, metric_line, query_drift, read_settings

from tests.aws.clients import body, scripted

EVENT = json.loads((Path(__file__).parent / "events" / "processing_job_state_change.json").read_text())
JOB = EVENT["detail"]["ProcessingJobName"]
REPORT = "mls-demo/monitoring/mls-flights-1-prd/mls-flights-1-prd/2026/11/24/10"
SETTINGS = DriftSettings("s3://artifacts/mls-demo/monitoring", "mls-demo", frozenset({"temp", "dep_delay"}))


def violation(feature: str, distance: float, check: str = "baseline_drift_check") -> dict[str, str]:
    return {
        "feature_name": feature,
        "constraint_check_type": check,
        "description": f"Baseline drift distance: {distance} exceeds threshold: 0.1",
    }


def window(hour: int) -> dict[str, str]:
    """The environment of an execution that looks at this hour."""
    return {"start_time": f"2026-11-24T{hour:02}:00:00Z", "end_time": f"2026-11-24T{hour + 1:02}:00:00Z"}


def job(status: str = "Completed", **more: Any) -> dict[str, Any]:
    return {
        "ProcessingJobName": JOB,
        "ProcessingJobStatus": status,
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
        },
        "AppSpecification": {"ImageUri": "monitor"},
        "ProcessingJobArn": EVENT["detail"]["ProcessingJobArn"],
        "CreationTime": 1795514520,
        "Environment": window(9),
        "MonitoringScheduleArn": "arn:aws:sagemaker:eu-central-1:123456789012:monitoring-schedule/mls-flights-1-prd",
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "result",
                    "S3Output": {
                        "S3Uri": f"s3://artifacts/{REPORT}",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        **more,
    }


def verdict(feature: str, found: str, reason: str = "") -> dict[str, str]:
    return {"feature_name": feature, "verdict": found, "reason": reason}


NOBODY_ASKED = {"captured_records": 240, "features": [verdict("temp", "drifted"), verdict("carrier", "not drifted")]}


def query(
    report: object, settings: DriftSettings = SETTINGS, verdicts: object = NOBODY_ASKED, **more: Any
) -> dict[str, Any] | None:
    with scripted("sagemaker") as sagemaker, scripted("s3") as s3:
        sagemaker.answers("describe_processing_job", job(**more), {"ProcessingJobName": JOB})
        if report is not None:
            s3.answers(
                "get_object",
                {"Body": body(json.dumps(report).encode())},
                {"Bucket": "artifacts", "Key": f"{REPORT}/constraint_violations.json"},
            )
            if isinstance(report, dict) and _is_readable(report):
                s3.answers(
                    "get_object",
                    {"Body": body(json.dumps(verdicts).encode())},
                    {"Bucket": "artifacts", "Key": f"{REPORT}/verdicts.json"},
                )
        return query_drift(sagemaker.client, s3.client, JOB, settings)


def _is_readable(report: dict[str, Any]) -> bool:
    """Else the verdicts are not asked for any more."""
    violations = report.get("violations")
    return isinstance(violations, list) and all(isinstance(one, dict) and one["description"] for one in violations)


def test_watched_features_are_told_with_their_distances_and_thresholds() -> None:
    violations = [violation("temp", 0.98), violation("carrier", 0.9)]
    assert query({"violations": violations}) == {
        "MonitoringSchedule": "mls-flights-1-prd",
        "ProcessingJobName": JOB,
        "ReportUri": f"s3://artifacts/{REPORT}",
        "From": "2026-11-24T09:00:00Z",
        "Until": "2026-11-24T10:00:00Z",
        "CapturedRecords": 240,
        "Violations": 2,
        "DriftedFeatures": [{"feature": "temp", "distance": 0.98, "threshold": 0.1}],
        "UnknownFeatures": [],
    }


def test_watched_features_of_which_nobody_can_tell_are_told_with_the_reason() -> None:
    verdicts = {
        "features": [verdict("temp", "cannot tell", "the column is missing"), verdict("carrier", "cannot tell")]
    }
    result = query({"violations": []}, verdicts=verdicts)
    assert result is not None
    assert result["UnknownFeatures"] == [{"feature": "temp", "reason": "the column is missing"}]
    assert json.loads(metric_line(result, None, "n", 0))["features_unknown"] == 1


@pytest.mark.parametrize("verdicts", [{}, {"features": "none"}, {"features": [{"feature_name": "temp"}]}])
def test_verdicts_that_are_none_raise(verdicts: object) -> None:
    with pytest.raises(EvidenceError, match="has no list of features with their verdicts"):
        query({"violations": []}, verdicts=verdicts)


def test_without_a_list_all_features_are_watched() -> None:
    settings = read_settings(
        {
            "MONITORING_URI": SETTINGS.monitoring_uri,
            "METRIC_NAMESPACE": "n",
            "DRIFT_FEATURES": "",
        }
    )
    result = query({"violations": [violation("carrier", 0.11)]}, settings)
    assert result is not None
    assert [drift["feature"] for drift in result["DriftedFeatures"]] == ["carrier"]


def test_other_violations_are_counted_but_are_no_drift() -> None:
    result = query({"violations": [violation("temp", 0.98, "data_type_check")]})
    assert result is not None
    assert (result["Violations"], result["DriftedFeatures"]) == (1, [])


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_an_execution_that_did_not_complete_raises_with_its_reason(status: str) -> None:
    with pytest.raises(EvidenceError, match=f"is {status}: out of memory"):
        query(None, status=status, ExitMessage="out of memory")


@pytest.mark.parametrize("report", [{}, {"violations": "none"}, {"violations": ["temp"]}])
def test_a_report_without_a_list_of_violations_raises(report: object) -> None:
    with pytest.raises(EvidenceError, match="has no list of violations"):
        query(report)


def test_a_drift_violation_that_says_no_distance_raises() -> None:
    report = {
        "violations": [{"feature_name": "temp", "constraint_check_type": "baseline_drift_check", "description": ""}]
    }
    with pytest.raises(EvidenceError, match="without distance"):
        query(report)


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_a_report_that_cannot_be_read_raises(code: str) -> None:
    with scripted("sagemaker") as sagemaker, scripted("s3") as s3:
        sagemaker.answers("describe_processing_job", job())
        s3.fails("get_object", code)
        with pytest.raises(EvidenceError, match=code):
            query_drift(sagemaker.client, s3.client, JOB, SETTINGS)


def test_jobs_that_are_no_monitoring_execution_of_this_pipeline_are_left_alone() -> None:
    other = DriftSettings("s3://artifacts/mls-demo/monitor", "n", frozenset())
    assert query(None, other) is None
    with scripted("sagemaker") as sagemaker, scripted("s3") as s3:
        description = job(status="Failed")
        del description["MonitoringScheduleArn"], description["ProcessingOutputConfig"]
        sagemaker.answers("describe_processing_job", description)
        assert query_drift(sagemaker.client, s3.client, JOB, SETTINGS) is None


def test_the_metric_counts_the_features_of_the_schedule() -> None:
    result = query({"violations": [violation("temp", 0.98), violation("dep_delay", 0.3)]})
    assert result is not None
    line = json.loads(metric_line(result, None, "mls-demo", 1000.5))
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert line["_aws"]["Timestamp"] == 1000500
    assert (directive["Namespace"], directive["Dimensions"]) == ("mls-demo", [["MonitoringSchedule"]])
    assert all(metric["Name"] in line for metric in directive["Metrics"])
    assert (line["MonitoringSchedule"], line["features_drifted"], line["max_drift_distance"]) == (
        "mls-flights-1-prd",
        2,
        0.98,
    )


def test_an_execution_without_drift_is_a_metric_too() -> None:
    result = query({"violations": []})
    assert result is not None
    assert json.loads(metric_line(result, None, "n", 0))["features_drifted"] == 0


def executions(*jobs: tuple[str, str]) -> dict[str, Any]:
    """By name and status."""
    common = {
        "MonitoringScheduleName": "mls-flights-1-prd",
        "ScheduledTime": 0,
        "CreationTime": 0,
        "LastModifiedTime": 0,
    }
    arn = EVENT["detail"]["ProcessingJobArn"].rpartition("/")[0]
    found = [
        {**common, "MonitoringExecutionStatus": status, "ProcessingJobArn": f"{arn}/{job}"} for job, status in jobs
    ]
    return {"MonitoringExecutionSummaries": found}


FOUND_SOME, FOUND_NONE = "CompletedWithViolations", "Completed"
DRIFT, NO_DRIFT = violation("temp", 0.98), violation("temp", 1, "data_type_check")


def explained(looks: list[tuple[str, str, dict[str, str] | None]]) -> dict[str, Any]:
    """Of executions by name, status and violation, the newest first; each looked at the hour before that of the one before.
    None: its report cannot be read."""
    asked = {
        "EndpointName": "mls-flights-1-prd",
        "SortBy": "ScheduledTime",
        "SortOrder": "Descending",
        "MaxResults": 10,
    }
    with scripted("sagemaker") as sagemaker, scripted("s3") as s3:
        sagemaker.answers(
            "list_monitoring_executions", executions(*[(name, status) for name, status, _ in looks]), asked
        )
        for place, (name, status, found) in enumerate(looks):
            if status == "Failed":
                continue
            sagemaker.answers(
                "describe_processing_job", job(Environment=window(9 - place)), {"ProcessingJobName": name}
            )
            if found is None:
                s3.fails("get_object", "NoSuchKey")
                continue
            s3.answers("get_object", {"Body": body(json.dumps({"violations": [found]}).encode())})
            s3.answers("get_object", {"Body": body(json.dumps(NOBODY_ASKED).encode())})
        return last_drift(sagemaker.client, s3.client, "mls-flights-1-prd", SETTINGS)


def test_the_alarm_is_explained_by_the_last_execution_that_found_drift_and_says_since_when() -> None:
    result = explained(
        [
            ("later", FOUND_SOME, NO_DRIFT),
            ("last", FOUND_SOME, DRIFT),
            ("no data", "Failed", None),
            ("first", FOUND_SOME, DRIFT),
            ("calm", FOUND_NONE, NO_DRIFT),
        ]
    )
    assert (result["ProcessingJobName"], result["DriftedFeatures"][0]["feature"]) == ("last", "temp")
    assert (result["Since"], result["Until"]) == ("2026-11-24T06:00:00Z", "2026-11-24T09:00:00Z")


def test_where_it_cannot_be_read_what_was_before_the_drift_is_told_as_far_as_it_is_known() -> None:
    result = explained([("last", FOUND_SOME, DRIFT), ("lost", FOUND_NONE, None)])
    assert (result["ProcessingJobName"], result["Since"]) == ("last", "2026-11-24T09:00:00Z")


def test_a_report_that_is_needed_to_explain_the_alarm_and_cannot_be_read_raises() -> None:
    with pytest.raises(EvidenceError, match="NoSuchKey"):
        explained([("last", FOUND_SOME, None)])


def test_an_execution_that_a_person_asked_for_counts_for_the_schedule_that_alarms_look_at() -> None:
    arn = EVENT["detail"]["ProcessingJobArn"].rpartition(":")[0] + ":monitoring-schedule/mls-flights-1-prd-now-17"
    environment = {"sagemaker_endpoint_name": "mls-flights-1-prd", **window(9)}
    result = query({"violations": []}, MonitoringScheduleArn=arn, Environment=environment)
    assert result is not None
    assert result["MonitoringSchedule"] == "mls-flights-1-prd"


def test_an_alarm_without_an_execution_that_found_drift_raises() -> None:
    with scripted("sagemaker") as sagemaker, scripted("s3") as s3:
        sagemaker.answers("list_monitoring_executions", executions())
        with pytest.raises(EvidenceError, match="no recent execution of mls-flights-1-prd found drift"):
            last_drift(sagemaker.client, s3.client, "mls-flights-1-prd", SETTINGS)
