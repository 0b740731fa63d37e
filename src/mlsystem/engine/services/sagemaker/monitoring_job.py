"""The processing job of a monitoring execution, as Model Monitor makes it. Pure.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-inputs.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlsystem.engine.services.sagemaker.monitoring_schedule import MonitoringSchedule, instant
from mlsystem.engine.services.sagemaker.monitoring_window import Window

CONSTRAINTS = "/opt/ml/processing/baseline/constraints"
STATISTICS = "/opt/ml/processing/baseline/stats"
PREPROCESSOR = "/opt/ml/processing/code/recordpreprocessor"
POSTPROCESSOR = "/opt/ml/processing/code/postanalyticsprocessor"
CAPTURE_FORMAT = {"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}
LONGEST_RUN_SECONDS = 3600


@dataclass(frozen=True)
class Folder:
    """One hour of captured data of one variant; `path` is what is below the capture's destination."""

    uri: str
    path: str


def capture_folders(destination: str, endpoint: str, variants: Sequence[str], window: Window) -> list[Folder]:
    found = []
    for variant in variants:
        for hour in window.hours():
            path = f"{endpoint}/{variant}/{hour:%Y/%m/%d/%H}"
            found.append(Folder(f"{destination.rstrip('/')}/{path}/", path))
    return found


def job_name(schedule: MonitoringSchedule, due: float) -> str:
    """The same for the same execution."""
    token = hashlib.sha256(f"{schedule.key}/{schedule.created_at}/{due}".encode()).hexdigest()[:24]
    return f"model-monitoring-{instant(due):%Y%m%d%H%M}-{token}"


def job_request(schedule: MonitoringSchedule, due: float, window: Window, folders: Sequence[Folder]) -> dict[str, Any]:
    """CreateProcessingJob's members. `folders` are those that have data."""
    definition = schedule.definition
    app = definition["MonitoringAppSpecification"]
    request: dict[str, Any] = {
        "ProcessingJobName": job_name(schedule, due),
        "RoleArn": definition["RoleArn"],
        "AppSpecification": {
            name: app[name] for name in ("ImageUri", "ContainerEntrypoint", "ContainerArguments") if name in app
        },
        "ProcessingResources": definition["MonitoringResources"],
        "ProcessingInputs": _inputs(schedule, folders),
        "ProcessingOutputConfig": _outputs(schedule, due),
        "Environment": _environment(schedule, window),
        "StoppingCondition": definition.get("StoppingCondition", {"MaxRuntimeInSeconds": LONGEST_RUN_SECONDS}),
    }
    if "NetworkConfig" in definition:
        request["NetworkConfig"] = definition["NetworkConfig"]
    return request


def _inputs(schedule: MonitoringSchedule, folders: Sequence[Folder]) -> list[dict[str, Any]]:
    local = schedule.endpoint_input["LocalPath"].rstrip("/")
    found = [
        _input(f"endpoint_input_{number}", folder.uri, f"{local}/{folder.path}")
        for number, folder in enumerate(folders, 1)
    ]
    for name, uri, path in _extras(schedule):
        found.append(_input(name, uri, path))
    return found


def _extras(schedule: MonitoringSchedule) -> list[tuple[str, str, str]]:
    """(name, URI, folder) of baseline and scripts, where the schedule names them."""
    baseline = schedule.definition.get("BaselineConfig", {})
    app = schedule.definition["MonitoringAppSpecification"]
    named = [
        ("constraints", baseline.get("ConstraintsResource", {}).get("S3Uri"), CONSTRAINTS),
        ("baseline", baseline.get("StatisticsResource", {}).get("S3Uri"), STATISTICS),
        ("pre_processor_script", app.get("RecordPreprocessorSourceUri"), PREPROCESSOR),
        ("post_processor_script", app.get("PostAnalyticsProcessorSourceUri"), POSTPROCESSOR),
    ]
    return [(name, uri, path) for name, uri, path in named if uri]


def _input(name: str, uri: str, path: str) -> dict[str, Any]:
    source = {
        "S3Uri": uri,
        "LocalPath": path,
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
        "S3CompressionType": "None",
    }
    return {"InputName": name, "AppManaged": False, "S3Input": source}


def _outputs(schedule: MonitoringSchedule, due: float) -> dict[str, Any]:
    config = schedule.definition["MonitoringOutputConfig"]
    output = config["MonitoringOutputs"][0]["S3Output"]
    place = f"{schedule.parent}/{schedule.key}/{instant(due):%Y/%m/%d/%H}"
    target = {
        "S3Uri": f"{output['S3Uri'].rstrip('/')}/{place}",
        "LocalPath": output["LocalPath"],
        # The engine uploads at the end of a job; Continuous is SageMaker's default for these.
        "S3UploadMode": "EndOfJob",
    }
    outputs = {"Outputs": [{"OutputName": "result", "AppManaged": False, "S3Output": target}]}
    return {**outputs, "KmsKeyId": config["KmsKeyId"]} if "KmsKeyId" in config else outputs


def _environment(schedule: MonitoringSchedule, window: Window) -> dict[str, str]:
    """What the schedule sets itself gives way to what tells the program where everything is."""
    defaults = {"dataset_format": json.dumps(CAPTURE_FORMAT), "publish_cloudwatch_metrics": "Enabled"}
    places = {
        "dataset_source": schedule.endpoint_input["LocalPath"],
        "output_path": schedule.definition["MonitoringOutputConfig"]["MonitoringOutputs"][0]["S3Output"]["LocalPath"],
        "start_time": _told(window.start),
        "end_time": _told(window.end),
        "sagemaker_endpoint_name": schedule.parent,
        "sagemaker_monitoring_schedule_name": schedule.key,
    }
    variables = {
        "constraints": "baseline_constraints",
        "baseline": "baseline_statistics",
        "pre_processor_script": "record_preprocessor_script",
        "post_processor_script": "post_analytics_processor_script",
    }
    files = {variables[name]: f"{path}/{uri.rsplit('/', 1)[-1]}" for name, uri, path in _extras(schedule)}
    return {**defaults, **schedule.definition.get("Environment", {}), **places, **files}


def _told(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
