"""The processing jobs of a monitoring execution, as Model Monitor makes them. Pure.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-inputs.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlsystem.engine.services.sagemaker.monitoring_definition import Monitoring, MonitoringType
from mlsystem.engine.services.sagemaker.monitoring_schedule import MonitoringSchedule, instant
from mlsystem.engine.services.sagemaker.monitoring_window import Window

CONSTRAINTS = "/opt/ml/processing/baseline/constraints"
STATISTICS = "/opt/ml/processing/baseline/stats"
PREPROCESSOR = "/opt/ml/processing/code/recordpreprocessor"
POSTPROCESSOR = "/opt/ml/processing/code/postanalyticsprocessor"
CAPTURE_FORMAT = {"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}
MERGED_FORMAT = {"sagemakerMergeJson": {"captureIndexNames": ["endpointOutput"]}}
CAPTURED = "endpoint_input_"
# What an EndpointInput says of the columns.
ATTRIBUTES = {
    "FeaturesAttribute": "features_attribute",
    "InferenceAttribute": "inference_attribute",
    "ProbabilityAttribute": "probability_attribute",
    "ProbabilityThresholdAttribute": "probability_threshold_attribute",
    "ExcludeFeaturesAttribute": "exclude_features_attribute",
}
VARIABLES = {
    "constraints": "baseline_constraints",
    "baseline": "baseline_statistics",
    "pre_processor_script": "record_preprocessor_script",
    "post_processor_script": "post_analytics_processor_script",
}


@dataclass(frozen=True)
class Occasion:
    """One time at which a schedule is due, and the window of data that is looked at then."""

    schedule: MonitoringSchedule
    monitoring: Monitoring
    due: float
    window: Window

    def job_name(self, prefix: str) -> str:
        """The same for the same execution; both jobs of one end alike."""
        text = f"{self.schedule.key}/{self.schedule.created_at}/{self.due}"
        token = hashlib.sha256(text.encode()).hexdigest()[:24]
        return f"{prefix}-{instant(self.due):%Y%m%d%H%M}-{token}"

    @property
    def prefix(self) -> str:
        if not self.monitoring.definition_name:
            return "model-monitoring"
        is_of_data = self.monitoring.type is MonitoringType.DATA_QUALITY
        return "data-quality-monitoring" if is_of_data else "model-quality-monitoring"


@dataclass(frozen=True)
class Folder:
    """One hour of data; `path` is what is below their root."""

    uri: str
    path: str


def capture_folders(destination: str, endpoint: str, variants: Sequence[str], window: Window) -> list[Folder]:
    """Of captured or merged data."""
    found = []
    for variant in variants:
        for hour in window.hours():
            path = f"{endpoint}/{variant}/{hour:%Y/%m/%d/%H}"
            found.append(Folder(f"{destination.rstrip('/')}/{path}/", path))
    return found


def job_request(occasion: Occasion, folders: Sequence[Folder]) -> dict[str, Any]:
    """CreateProcessingJob's members. `folders` are those that have data."""
    name = occasion.job_name(occasion.prefix)
    monitoring, schedule = occasion.monitoring, occasion.schedule
    extras = [input_of(name, uri, path) for name, uri, path in _extras(monitoring)]
    place = f"{monitoring.endpoint}/{schedule.key}/{instant(occasion.due):%Y/%m/%d/%H}"
    return {
        **common_request(monitoring, name),
        "ProcessingInputs": [*captured_inputs(monitoring, folders), *extras],
        "ProcessingOutputConfig": output_config(monitoring, place),
        "Environment": _environment(occasion),
    }


def common_request(monitoring: Monitoring, name: str) -> dict[str, Any]:
    """What every job of the monitoring is given."""
    job = monitoring.job
    app = job["MonitoringAppSpecification"]
    stop = {"MaxRuntimeInSeconds": monitoring.longest_run_seconds}
    return {
        "ProcessingJobName": name,
        "RoleArn": job["RoleArn"],
        "AppSpecification": {
            name: app[name] for name in ("ImageUri", "ContainerEntrypoint", "ContainerArguments") if name in app
        },
        "ProcessingResources": job["MonitoringResources"],
        "StoppingCondition": job.get("StoppingCondition", stop),
        **({"NetworkConfig": job["NetworkConfig"]} if "NetworkConfig" in job else {}),
    }


def captured_inputs(monitoring: Monitoring, folders: Sequence[Folder]) -> list[dict[str, Any]]:
    local = monitoring.endpoint_input["LocalPath"].rstrip("/")
    return [
        input_of(f"{CAPTURED}{number}", folder.uri, f"{local}/{folder.path}")
        for number, folder in enumerate(folders, 1)
    ]


def input_of(name: str, uri: str, path: str) -> dict[str, Any]:
    source = {
        "S3Uri": uri,
        "LocalPath": path,
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
        "S3CompressionType": "None",
    }
    return {"InputName": name, "AppManaged": False, "S3Input": source}


def output_config(monitoring: Monitoring, place: str) -> dict[str, Any]:
    """`place` is where below the monitoring's output."""
    config = monitoring.job["MonitoringOutputConfig"]
    target = {
        "S3Uri": f"{monitoring.output['S3Uri'].rstrip('/')}/{place}",
        "LocalPath": monitoring.output["LocalPath"],
        # The engine uploads at the end of a job; Continuous is SageMaker's default for these.
        "S3UploadMode": "EndOfJob",
    }
    outputs = {"Outputs": [{"OutputName": "result", "AppManaged": False, "S3Output": target}]}
    return {**outputs, "KmsKeyId": config["KmsKeyId"]} if "KmsKeyId" in config else outputs


def _extras(monitoring: Monitoring) -> list[tuple[str, str, str]]:
    """(name, URI, folder) of baseline and scripts, where they are named."""
    baseline = monitoring.job.get("BaselineConfig", {})
    app = monitoring.job["MonitoringAppSpecification"]
    named = [
        ("constraints", baseline.get("ConstraintsResource", {}).get("S3Uri"), CONSTRAINTS),
        ("baseline", baseline.get("StatisticsResource", {}).get("S3Uri"), STATISTICS),
        ("pre_processor_script", app.get("RecordPreprocessorSourceUri"), PREPROCESSOR),
        ("post_processor_script", app.get("PostAnalyticsProcessorSourceUri"), POSTPROCESSOR),
    ]
    return [(name, uri, path) for name, uri, path in named if uri]


def _environment(occasion: Occasion) -> dict[str, str]:
    """What the definition sets itself gives way to what tells the program where everything is."""
    monitoring, window = occasion.monitoring, occasion.window
    is_of_model = monitoring.type is MonitoringType.MODEL_QUALITY
    form = MERGED_FORMAT if is_of_model else CAPTURE_FORMAT
    defaults = {"dataset_format": json.dumps(form), "publish_cloudwatch_metrics": "Enabled"}
    places = {
        "dataset_source": monitoring.endpoint_input["LocalPath"],
        "output_path": monitoring.output["LocalPath"],
        "start_time": _told(window.start),
        "end_time": _told(window.end),
        "sagemaker_endpoint_name": monitoring.endpoint,
        "sagemaker_monitoring_schedule_name": occasion.schedule.key,
    }
    if is_of_model:
        places |= {"analysis_type": "MODEL_QUALITY", "problem_type": monitoring.problem_type}
        places["metric_time"] = _told(window.start)
    files = {VARIABLES[name]: f"{path}/{uri.rsplit('/', 1)[-1]}" for name, uri, path in _extras(monitoring)}
    given = {
        variable: str(monitoring.endpoint_input[member])
        for member, variable in ATTRIBUTES.items()
        if member in monitoring.endpoint_input
    }
    return {**defaults, **monitoring.job.get("Environment", {}), **places, **given, **files}


def _told(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
