"""Query Drift: which features a monitoring execution found drifted, how far, and how far they may.

It runs when a processing job ends (an event of SageMaker), or when somebody asks about one. The number of drifted
features goes out as a metric, in CloudWatch's embedded format, for the drift alarm: SageMaker itself has one metric for
each feature and none for all. An execution that failed, or a report that cannot be read, raises: it must not pass for
"no drift", and the alarm on this function's errors tells a person.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import boto3
from s3_object import EvidenceError, read_json

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sagemaker import SageMakerClient
    from types_boto3_sagemaker.type_defs import DescribeProcessingJobResponseTypeDef

REPORT = "constraint_violations.json"
DRIFT_CHECK = "baseline_drift_check"
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
    counted = [drift for drift in drifted if not settings.features or drift.feature in settings.features]
    return {
        "MonitoringSchedule": schedule,
        "ProcessingJobName": job_name,
        "Violations": len(violations),
        "DriftedFeatures": [asdict(drift) for drift in counted],
    }


def metric_line(result: dict[str, Any], namespace: str, now_seconds: float) -> str:
    """The number of drifted features and their greatest distance, as one line of embedded metric format."""
    distances = [drift["distance"] for drift in result["DriftedFeatures"]]
    metrics = [{"Name": "features_drifted", "Unit": "Count"}, {"Name": "max_drift_distance", "Unit": "None"}]
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
            "max_drift_distance": max(distances, default=0.0),
        }
    )


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
    """Lambda's entry point: SageMaker's event, or {"ProcessingJobName": ...}."""
    settings = read_settings(os.environ)
    job_name = event.get("detail", event)["ProcessingJobName"]
    result = query_drift(boto3.client("sagemaker"), boto3.client("s3"), job_name, settings)
    if result is not None:
        log.info("drift %s", result)
        print(metric_line(result, settings.namespace, time.time()), flush=True)
    return result
