"""Query Drift: which features a monitoring execution found drifted, how far, and how far they may.

It runs when a processing job ends (an event of SageMaker), or when somebody asks about one. The number of drifted
features goes out as a metric, in CloudWatch's embedded format, for the drift alarm: SageMaker itself has one metric for
each feature and none for all. Others say of how many nobody can tell whether they have, and which share of the requests
was not captured. When the alarm is raised, it runs again: the alarm's own message says how many features have drifted,
and a person wants to know which, and since when. An execution that failed, or a report that cannot be read, raises: it
must not pass for "no drift", and the alarm on this function's errors tells a person.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from drift_message import drift_message
from missing_captures import Captures, look_for
from s3_object import EvidenceError, read_json, split_uri

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sagemaker import SageMakerClient
    from types_boto3_sagemaker.type_defs import DescribeProcessingJobResponseTypeDef

REPORT = "constraint_violations.json"
VERDICTS = "verdicts.json"
CANNOT_TELL = "cannot tell"
DRIFT_CHECK = "baseline_drift_check"
RECENT_EXECUTIONS = 10
LINK_SECONDS = 12 * 3600
ENDED_WELL = ("Completed", "CompletedWithViolations")
DISTANCE = re.compile(r"distance: (?P<distance>\S+) exceeds threshold: (?P<threshold>\S+)")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DriftSettings:
    """Where this pipeline's monitoring reports lie, and whose drift counts (no features: that of all)."""

    monitoring_uri: str
    namespace: str
    features: frozenset[str]


@dataclass(frozen=True)
class DriftedFeature:
    feature: str
    distance: float
    threshold: float


@dataclass(frozen=True)
class UnknownFeature:
    """Nobody can tell whether it has drifted, for this reason."""

    feature: str
    reason: str


def query_drift(
    sagemaker: SageMakerClient, s3: S3Client, job_name: str, settings: DriftSettings
) -> dict[str, Any] | None:
    """The drift that the monitoring execution `job_name` found; None for a job that is none of this pipeline's.

    Raises EvidenceError where the execution failed or its report cannot be read.
    """
    job = sagemaker.describe_processing_job(ProcessingJobName=job_name)
    schedule = job.get("MonitoringScheduleArn", "").rpartition("/")[2]
    report_uri = _output_uri(job)
    if not schedule or not report_uri.startswith(f"{settings.monitoring_uri}/"):
        return None
    if job["ProcessingJobStatus"] != "Completed":
        reason = job.get("ExitMessage") or job.get("FailureReason") or "no reason given"
        raise EvidenceError(f"monitoring execution {job_name} of {schedule} is {job['ProcessingJobStatus']}: {reason}")
    violations = _violations(f"{report_uri}/{REPORT}", read_json(s3, f"{report_uri}/{REPORT}"))
    drifted = [drift for drift in map(_drift, violations) if drift]
    counted = [drift for drift in drifted if _counts(drift.feature, settings)]
    verdicts = read_json(s3, f"{report_uri}/{VERDICTS}")
    window = job.get("Environment", {})
    unknown = [one for one in _unknown(f"{report_uri}/{VERDICTS}", verdicts) if _counts(one.feature, settings)]
    return {
        "MonitoringSchedule": _watched(job, schedule),
        "ProcessingJobName": job_name,
        "ReportUri": report_uri,
        "From": window.get("start_time"),
        "Until": window.get("end_time"),
        "CapturedRecords": verdicts.get("captured_records"),
        "Violations": len(violations),
        "DriftedFeatures": [asdict(drift) for drift in counted],
        "UnknownFeatures": [asdict(one) for one in unknown],
    }


def metric_line(result: dict[str, Any], captures: Captures | None, namespace: str, now_seconds: float) -> str:
    """The number of drifted features, their greatest distance, of how many nobody can tell, and where it is known which share of
    the requests was not captured, as one line of embedded metric format."""
    distances = [drift["distance"] for drift in result["DriftedFeatures"]]
    missing = {} if captures is None else {"captures_missing_percent": captures.missing_percent}
    metrics = [
        {"Name": "features_drifted", "Unit": "Count"},
        {"Name": "features_unknown", "Unit": "Count"},
        {"Name": "max_drift_distance", "Unit": "None"},
        *({"Name": name, "Unit": "Percent"} for name in missing),
    ]
    return json.dumps(
        {
            "_aws": {
                "Timestamp": int(now_seconds * 1000),
                "CloudWatchMetrics": [
                    {"Namespace": namespace, "Dimensions": [["MonitoringSchedule"]], "Metrics": metrics}
                ],
            },
            "MonitoringSchedule": result["MonitoringSchedule"],
            "ProcessingJobName": result["ProcessingJobName"],
            "features_drifted": len(distances),
            "features_unknown": len(result["UnknownFeatures"]),
            "max_drift_distance": max(distances, default=0.0),
            **missing,
        }
    )


def _watched(job: DescribeProcessingJobResponseTypeDef, schedule: str) -> str:
    """The schedule that alarms look at. It has its endpoint's name; one that a person runs between has another."""
    return job.get("Environment", {}).get("sagemaker_endpoint_name") or schedule


def last_drift(sagemaker: SageMakerClient, s3: S3Client, schedule: str, settings: DriftSettings) -> dict[str, Any]:
    """The drift for which the alarm on `schedule` was raised: the last that was found at its endpoint, and as "Since" the start
    of the first execution from which on each found some (of the recent ones).

    Raises EvidenceError where there is none.
    """
    listed = sagemaker.list_monitoring_executions(
        EndpointName=schedule, SortBy="ScheduledTime", SortOrder="Descending", MaxResults=RECENT_EXECUTIONS
    )
    last: dict[str, Any] | None = None
    for execution in listed["MonitoringExecutionSummaries"]:
        if execution["MonitoringExecutionStatus"] not in ENDED_WELL:
            continue
        job_name = execution.get("ProcessingJobArn", "").rpartition("/")[2]
        try:
            result = query_drift(sagemaker, s3, job_name, settings)
        except EvidenceError:
            if last is None:
                raise
            return last  # what was before is not known
        if result is not None and result["DriftedFeatures"]:
            last = {**(last or result), "Since": result["From"]}
        elif last is not None:
            return last
    if last is None:
        raise EvidenceError(f"the drift alarm is raised, but no recent execution of {schedule} found drift")
    return last


def read_settings(variables: Mapping[str, str]) -> DriftSettings:
    return DriftSettings(
        monitoring_uri=variables["MONITORING_URI"],
        namespace=variables["METRIC_NAMESPACE"],
        features=frozenset(name.strip() for name in variables["DRIFT_FEATURES"].split(",") if name.strip()),
    )


def _output_uri(job: DescribeProcessingJobResponseTypeDef) -> str:
    outputs = job.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return outputs[0].get("S3Output", {}).get("S3Uri", "").rstrip("/") if outputs else ""


def _violations(uri: str, report: dict[str, Any]) -> list[dict[str, Any]]:
    violations = report.get("violations")
    if not isinstance(violations, list) or not all(isinstance(violation, dict) for violation in violations):
        raise EvidenceError(f"{uri}: has no list of violations")
    return violations


def _counts(feature: str, settings: DriftSettings) -> bool:
    return not settings.features or feature in settings.features


def _unknown(uri: str, verdicts: dict[str, Any]) -> list[UnknownFeature]:
    features = verdicts.get("features")
    if not isinstance(features, list) or not all(isinstance(one, dict) and "verdict" in one for one in features):
        raise EvidenceError(f"{uri}: has no list of features with their verdicts")
    return [
        UnknownFeature(str(one.get("feature_name")).strip(), str(one.get("reason")))
        for one in features
        if one["verdict"] == CANNOT_TELL
    ]


def _drift(violation: dict[str, Any]) -> DriftedFeature | None:
    if violation.get("constraint_check_type") != DRIFT_CHECK:
        return None
    match = DISTANCE.search(str(violation.get("description")))
    if match is None:
        raise EvidenceError(f"a drift violation without distance and threshold: {violation}")
    return DriftedFeature(
        feature=str(violation.get("feature_name")).strip(),
        distance=float(match["distance"]),
        threshold=float(match["threshold"]),
    )


def handler(event: dict[str, Any], _context: object) -> dict[str, Any] | None:
    """Lambda's entry point: an event of SageMaker or of CloudWatch, or {"ProcessingJobName": ...}."""
    settings = read_settings(os.environ)
    sagemaker, s3 = boto3.client("sagemaker"), boto3.client("s3")
    if event.get("source") == "aws.cloudwatch":
        result = last_drift(sagemaker, s3, _watched_schedule(event), settings)
        link = report_link(s3, result["ReportUri"])
        subject, message = drift_message(settings.namespace, result, link)  # the namespace is named after the pipeline
        boto3.client("sns").publish(TopicArn=os.environ["NOTIFICATION_TOPIC_ARN"], Subject=subject, Message=message)
        return result
    job_name = event.get("detail", event)["ProcessingJobName"]
    found = query_drift(sagemaker, s3, job_name, settings)
    if found is not None:
        log.info("drift %s", found)
        captures = look_for(sagemaker, boto3.client("cloudwatch"), found, datetime.now(UTC))
        log.info("captures %s", captures)
        print(metric_line(found, captures, settings.namespace, time.time()), flush=True)
    return found


def report_link(s3: S3Client, report_uri: str) -> str:
    """Opens the page in a browser, for whoever has the mail, as long as the credentials of this function are valid."""
    bucket, key = split_uri(f"{report_uri}/report.html")
    shown = {"ResponseContentType": "text/html; charset=utf-8", "ResponseContentDisposition": "inline"}
    return s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key, **shown}, LINK_SECONDS)


def _watched_schedule(event: dict[str, Any]) -> str:
    """The schedule whose metric the alarm looks at."""
    [metric] = event["detail"]["configuration"]["metrics"]
    return str(metric["metricStat"]["metric"]["dimensions"]["MonitoringSchedule"])
