"""What people write with the SageMaker SDK to monitor a model. Each function is called on its own, and returns what it has read.

It runs in the environment of requirements/sagemaker.txt, where nothing of ours is installed. As a program it answers requests, lines of
JSON with `program` and `given`, by lines with `result` or `error`, in the pipe whose number is its argument: the SDK itself prints.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import pandas as pd
from botocore.exceptions import ClientError
from sagemaker.model import Model
from sagemaker.model_monitor import (
    BatchTransformInput,
    Constraints,
    ConstraintViolations,
    CronExpressionGenerator,
    DataCaptureConfig,
    DatasetFormat,
    DefaultModelMonitor,
    EndpointInput,
    ModelMonitor,
    ModelQualityMonitor,
    MonitoringDatasetFormat,
    MonitoringExecution,
    MonitoringOutput,
    Statistics,
)
from sagemaker.model_monitor.data_quality_monitoring_config import (
    DataQualityDistributionConstraints,
    DataQualityMonitoringConfig,
)
from sagemaker.predictor import Predictor
from sagemaker.session import Session

SESSION = Session()  # making one takes a third of a second
OURS = {"instance_count": 1, "instance_type": "ml.m5.large", "sagemaker_session": SESSION}
READERS = {
    "statistics.json": Statistics,
    "constraints.json": Constraints,
    "constraint_violations.json": ConstraintViolations,
}
MONITORS = {"data": DefaultModelMonitor, "own": ModelMonitor, "quality": ModelQualityMonitor}
NOW = "now"
EXPRESSIONS = {
    "hourly": CronExpressionGenerator.hourly(),
    "daily": CronExpressionGenerator.daily(hour=6),
    "every-6-hours": CronExpressionGenerator.daily_every_x_hours(hour_interval=6, starting_hour=1),
    NOW: CronExpressionGenerator.now(),
}
FORMATS = {
    "csv": DatasetFormat.csv(header=False),
    "json": DatasetFormat.json(lines=True),
    "captured": DatasetFormat.sagemaker_capture_json(),
}


# ------------------------------------------------------------------ files


def read_files(folder: str, uri: str) -> dict[str, Any]:
    """The three files in the three ways; the last two upload what they read into the user's own bucket, and read that."""
    found = {}
    for name, reader in READERS.items():
        path = Path(folder, name)
        files = {
            "from_s3_uri": reader.from_s3_uri(f"{uri}/{name}", sagemaker_session=SESSION),
            "from_file_path": reader.from_file_path(str(path), sagemaker_session=SESSION),
            "from_string": reader.from_string(path.read_text(), sagemaker_session=SESSION),
        }
        found[name] = {way: {"body": file.body_dict, "uri": file.file_s3_uri} for way, file in files.items()}
    return found


def tables(uri: str) -> dict[str, Any]:
    """As AWS's notebooks show the files."""
    places = {"statistics": "features", "constraints": "features", "constraint_violations": "violations"}
    found = {}
    for name, place in places.items():
        body = READERS[f"{name}.json"].from_s3_uri(f"{uri}/{name}.json", sagemaker_session=SESSION).body_dict
        table = pd.json_normalize(body[place])
        found[name] = json.loads(table.to_json(orient="records", double_precision=15))
    return found


def switch_off(uri: str, saved: str, feature: str | None) -> dict[str, Any]:
    """Nobody wants to hear of a feature, or of anything, any more."""
    constraints = Constraints.from_s3_uri(uri, sagemaker_session=SESSION)
    constraints.set_monitoring(enable_monitoring=False, feature_name=feature)
    return {"saved": constraints.save(saved), "body": constraints.body_dict}


def missing(uri: str) -> str:
    """The code of the error of a file that is not there."""
    try:
        Statistics.from_s3_uri(uri, sagemaker_session=SESSION)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "read"


def formats() -> dict[str, Any]:
    """What the SDK tells a container of its data."""
    return FORMATS


# ------------------------------------------------------------------ an endpoint and its baseline


def deploy(image: str, data: str, role: str, endpoint: str, captured: str) -> None:
    """It captures every request and every answer."""
    capture = DataCaptureConfig(
        enable_capture=True, sampling_percentage=100, destination_s3_uri=captured, sagemaker_session=SESSION
    )
    model = Model(image_uri=image, model_data=data, role=role, sagemaker_session=SESSION)
    where = {"initial_instance_count": 1, "instance_type": OURS["instance_type"], "endpoint_name": endpoint}
    model.deploy(**where, data_capture_config=capture, wait=False)


def data_baseline(image: str, role: str, output: str, dataset: str, method: str) -> dict[str, Any]:
    """With another comparison of categories than the container suggests by itself."""
    distribution = DataQualityDistributionConstraints(categorical_drift_method=method)
    config = DataQualityMonitoringConfig(distribution_constraints=distribution)
    monitor = DefaultModelMonitor(role=role, **OURS)
    return _suggested(monitor, image, output, dataset, monitoring_config_override=config)


def quality_baseline(image: str, role: str, output: str, dataset: str, **columns: str) -> dict[str, Any]:
    """Of a model's answers."""
    monitor = ModelQualityMonitor(role=role, **OURS)
    return _suggested(monitor, image, output, dataset, problem_type="BinaryClassification", **columns)


def _suggested(monitor: Any, image: str, output: str, dataset: str, **options: Any) -> dict[str, Any]:
    _with_image(monitor, image)
    how = {"dataset_format": DatasetFormat.csv(header=True), "output_s3_uri": output, "wait": False, "logs": False}
    monitor.suggest_baseline(baseline_dataset=dataset, **how, **options)
    job = _ended(monitor.describe_latest_baselining_job)
    return {
        "status": job["ProcessingJobStatus"],
        "message": job.get("ExitMessage"),
        "statistics": monitor.baseline_statistics().body_dict,
        "constraints": monitor.suggested_constraints().body_dict,
    }


def _with_image(monitor: Any, image: str) -> Any:
    """The image that the SDK names is gone."""
    monitor.image_uri = image
    return monitor


# ------------------------------------------------------------------ schedules


def schedule(name: str, when: str, watch: dict[str, str], hours: tuple[str, str] | None = None) -> None:
    """With an image of one's own; `hours` are those that an execution looks at, by default the last one."""
    monitor = ModelMonitor(
        role=watch["role"],
        image_uri=watch["image"],
        env={"publish_cloudwatch_metrics": "Enabled"},
        max_runtime_in_seconds=600,
        tags=[{"Key": "team", "Value": "flights"}],
        **OURS,
    )
    start, end = hours or (None, None)
    monitor.create_monitoring_schedule(
        monitor_schedule_name=name,
        endpoint_input=EndpointInput(watch["endpoint"], "/opt/ml/processing/input/endpoint"),
        output=MonitoringOutput("/opt/ml/processing/output", watch["output"]),
        statistics=f"{watch['baseline']}/statistics.json",
        constraints=f"{watch['baseline']}/constraints.json",
        schedule_cron_expression=EXPRESSIONS[when],
        data_analysis_start_time=start,
        data_analysis_end_time=end,
    )


def schedule_of_data(name: str, watch: dict[str, str]) -> dict[str, Any]:
    """By a job definition, which the SDK makes."""
    monitor = _with_image(DefaultModelMonitor(role=watch["role"], **OURS), watch["image"])
    monitor.create_monitoring_schedule(
        monitor_schedule_name=name,
        endpoint_input=watch["endpoint"],
        output_s3_uri=watch["output"],
        statistics=f"{watch['baseline']}/statistics.json",
        constraints=f"{watch['baseline']}/constraints.json",
        schedule_cron_expression=EXPRESSIONS[NOW],
        data_analysis_start_time="-PT1H",
        data_analysis_end_time="-PT0H",
    )
    return _defined(DefaultModelMonitor.attach(name, SESSION))


def change_and_delete(name: str, watch: dict[str, str]) -> dict[str, Any]:
    """A schedule with a job definition: the SDK makes another one of it, and deletes that with the schedule. What it was in between."""
    monitor = _with_image(DefaultModelMonitor.attach(name, SESSION), watch["image"])
    monitor.update_monitoring_schedule(max_runtime_in_seconds=1200, schedule_cron_expression=EXPRESSIONS["daily"])
    found = _defined(DefaultModelMonitor.attach(name, SESSION))
    monitor.delete_monitoring_schedule()
    return found


def _defined(monitor: Any) -> dict[str, Any]:
    definition = SESSION.sagemaker_client.describe_data_quality_job_definition(
        JobDefinitionName=monitor.job_definition_name
    )
    described = monitor.describe_schedule()["MonitoringScheduleConfig"]
    return {**_monitor(monitor), "definition": _plain(definition), "config": described}


def schedule_of_quality(name: str, watch: dict[str, str], dataset: str, truth: str, hours: tuple[str, str]) -> str:
    """After a baseline of the same monitor, as in AWS's notebook; the third column of an answer is what the model says."""
    monitor = _with_image(ModelQualityMonitor(role=watch["role"], max_runtime_in_seconds=600, **OURS), watch["image"])
    kind = "Regression"
    columns = {"inference_attribute": "prediction", "ground_truth_attribute": "label"}
    _suggested(monitor, watch["image"], f"{watch['output']}/quality-baseline", dataset, problem_type=kind, **columns)
    start, end = hours
    monitor.create_monitoring_schedule(
        monitor_schedule_name=name,
        endpoint_input=EndpointInput(
            watch["endpoint"],
            "/opt/ml/processing/input_data",
            inference_attribute="2",
            start_time_offset=start,
            end_time_offset=end,
        ),
        ground_truth_input=truth,
        problem_type=kind,
        output_s3_uri=watch["output"],
        constraints=monitor.suggested_constraints(),
        schedule_cron_expression=EXPRESSIONS[NOW],
        data_analysis_start_time="-PT1H",
        data_analysis_end_time="-PT0H",
    )
    return str(monitor.job_definition_name)


def attach(name: str, kind: str) -> dict[str, Any]:
    """What a monitor knows of a schedule, and all of its executions, the oldest first."""
    monitor = MONITORS[kind].attach(name, SESSION)
    statistics, violations = monitor.latest_monitoring_statistics(), monitor.latest_monitoring_constraint_violations()
    return {
        "monitor": _monitor(monitor),
        "described": _plain(monitor.describe_schedule()),
        "executions": [_execution(execution) for execution in monitor.list_executions()],
        "statistics": statistics and statistics.body_dict,
        "violations": violations and violations.body_dict,
    }


def monitors_of(endpoint: str) -> list[dict[str, Any]]:
    return [_monitor(monitor) for monitor in Predictor(endpoint, SESSION).list_monitors()]


def schedules_come_and_go(prefix: str, watch: dict[str, str]) -> dict[str, Any]:
    """One of each of the SDK's expressions: what is kept of it, and its status after each call."""
    found = {}
    for when in EXPRESSIONS.keys() - {NOW}:
        schedule(f"{prefix}-{when}", when, watch)
        monitor = DefaultModelMonitor.attach(f"{prefix}-{when}", SESSION)
        described, told = monitor.describe_schedule(), []
        for act in (monitor.stop_monitoring_schedule, monitor.start_monitoring_schedule):
            act()
            told.append(monitor.describe_schedule()["MonitoringScheduleStatus"])
        monitor.delete_monitoring_schedule()
        found[when] = {"config": described["MonitoringScheduleConfig"]["ScheduleConfig"], "told": told}
    return found


def refusals(name: str, role: str) -> dict[str, str]:
    """What a person hears who asks for what is not there."""
    monitor = DefaultModelMonitor(role=role, **OURS)
    batch = BatchTransformInput(
        "s3://captured/batches", "/opt/ml/processing/input", MonitoringDatasetFormat.csv(header=False)
    )
    hourly = EXPRESSIONS["hourly"]
    return {
        "attach": _refused(lambda: ModelQualityMonitor.attach(name, SESSION)),
        "schedule": _refused(
            lambda: monitor.create_monitoring_schedule(batch_transform_input=batch, schedule_cron_expression=hourly)
        ),
        "alerts": _refused(lambda: ModelMonitor.attach(name, SESSION).list_monitoring_alerts()),
    }


def _refused(ask: Callable[[], object]) -> str:
    try:
        ask()
    except (TypeError, ClientError) as error:
        return str(error)
    return "done"


def _monitor(monitor: Any) -> dict[str, Any]:
    names = "role image_uri instance_count instance_type volume_size_in_gb max_runtime_in_seconds env tags"
    return {
        "class": type(monitor).__name__,
        "schedule": monitor.monitoring_schedule_name,
        **{name: getattr(monitor, name) for name in names.split()},
    }


def _execution(execution: MonitoringExecution) -> dict[str, Any]:
    statistics, violations = execution.statistics(), execution.constraint_violations()
    return {
        "job": execution.job_name,
        "message": execution.describe().get("ExitMessage"),
        "inputs": {given.input_name: given.source for given in execution.inputs},
        "output": execution.output.destination,
        "statistics": statistics and statistics.body_dict,
        "violations": violations and violations.body_dict,
    }


def _ended(describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The SDK itself looks only every few seconds."""
    while (found := describe())["ProcessingJobStatus"] not in {"Completed", "Failed", "Stopped"}:
        time.sleep(0.1)
    return found


def _plain(answer: dict[str, Any]) -> Any:
    return json.loads(json.dumps(answer, default=str))


# ------------------------------------------------------------------ requests


def serve(requests: TextIO, answers: TextIO) -> None:
    """One after the other, until there are no more."""
    for line in requests:
        request = json.loads(line)
        answers.write(json.dumps(_answer(request["program"], request["given"])) + "\n")
        answers.flush()


def _answer(name: str, given: dict[str, Any]) -> dict[str, Any]:
    program: Callable[..., Any] = globals()[name]
    try:
        answer = {"result": program(**given)}
        json.dumps(answer)
    except Exception:  # noqa: BLE001 - whatever it was is what the caller wants to know
        return {"error": traceback.format_exc()}
    return answer


if __name__ == "__main__":
    with os.fdopen(int(sys.argv[1]), "w") as pipe:
        serve(sys.stdin, pipe)
