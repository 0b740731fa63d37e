"""A model's quality: the two jobs of an execution, and what becomes of it as they end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.services.sagemaker.job import Phase, ProcessingJob, Status
from mlsystem.engine.services.sagemaker.monitoring_definition import (
    Monitoring,
    MonitoringType,
    check_monitoring,
    monitoring_of,
)
from mlsystem.engine.services.sagemaker.monitoring_execution import (
    START_ANALYSIS,
    MonitoringExecution,
    MonitoringExecutionMachine,
    execution_status,
)
from mlsystem.engine.services.sagemaker.monitoring_job import Occasion, capture_folders
from mlsystem.engine.services.sagemaker.monitoring_merge import (
    merge_request,
    merged_uris,
    planned_request,
    truth_folders,
    with_merged,
)
from mlsystem.engine.services.sagemaker.monitoring_schedule import HOURLY, MonitoringSchedule, check_run_time
from mlsystem.engine.services.sagemaker.monitoring_window import window

DUE = datetime(2021, 5, 6, 23, tzinfo=UTC).timestamp()
HOUR_OF_LOG = "abalone/AllTraffic/2021/05/06/22"


def _definition(**endpoint_input: Any) -> dict[str, Any]:
    output = {"S3Uri": "s3://b/results/", "LocalPath": "/opt/ml/processing/output"}
    given = {"EndpointName": "abalone", "LocalPath": "/opt/ml/processing/input_data", "InferenceAttribute": "0"}
    return {
        "JobDefinitionName": "d",
        "ModelQualityAppSpecification": {"ImageUri": "image", "ProblemType": "Regression"},
        "ModelQualityBaselineConfig": {"ConstraintsResource": {"S3Uri": "s3://b/results/constraints.json"}},
        "ModelQualityJobInput": {
            "EndpointInput": {**given, **endpoint_input},
            "GroundTruthS3Input": {"S3Uri": "s3://b/truth"},
        },
        "ModelQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "JobResources": {"ClusterConfig": {"InstanceCount": 1}},
        "RoleArn": "arn:aws:iam::000000000000:role/monitor",
    }


def _monitoring(**endpoint_input: Any) -> Monitoring:
    return monitoring_of(MonitoringType.MODEL_QUALITY, _definition(**endpoint_input))


def _occasion(**endpoint_input: Any) -> Occasion:
    config = {"MonitoringJobDefinitionName": "d", "MonitoringType": "ModelQuality"}
    schedule = MonitoringSchedule(key="abalone-schedule", parent="abalone", arn="arn:s", config=config)
    monitoring = _monitoring(**endpoint_input)
    return Occasion(schedule, monitoring, DUE, window({}, DUE, monitoring.endpoint_input))


def _places(request: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        one["InputName"]: (one["S3Input"]["S3Uri"], one["S3Input"]["LocalPath"]) for one in request["ProcessingInputs"]
    }


def test_the_merge_job_is_that_of_a_log_of_aws() -> None:
    occasion = _occasion()
    captured = capture_folders("s3://b/captured", "abalone", ["AllTraffic"], occasion.window)
    request = merge_request(occasion, captured, truth_folders(occasion))
    assert request["ProcessingJobName"].startswith("groundtruth-merge-202105062300-")
    assert request["Environment"] == {
        "dataset_source": "/opt/ml/processing/input_data",
        "ground_truth_source": "/opt/ml/processing/groundtruth",
        "output_path": "/opt/ml/processing/output",
    }
    assert _places(request) == {
        "groundtruth_input_1": ("s3://b/truth/2021/05/06/22/", "/opt/ml/processing/groundtruth/2021/05/06/22"),
        "endpoint_input_1": (f"s3://b/captured/{HOUR_OF_LOG}/", f"/opt/ml/processing/input_data/{HOUR_OF_LOG}"),
    }
    assert request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] == "s3://b/results/merge"


def test_the_job_after_the_merging_is_that_of_a_log_of_aws() -> None:
    occasion = _occasion()
    request = planned_request(occasion, capture_folders("s3://b/captured", "abalone", ["AllTraffic"], occasion.window))
    merge = merge_request(occasion, [], [])
    assert request["ProcessingJobName"] == merge["ProcessingJobName"].replace(
        "groundtruth-merge", "model-quality-monitoring"
    )
    assert request["Environment"] == {
        "analysis_type": "MODEL_QUALITY",
        "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
        "dataset_format": '{"sagemakerMergeJson": {"captureIndexNames": ["endpointOutput"]}}',
        "dataset_source": "/opt/ml/processing/input_data",
        "end_time": "2021-05-06T23:00:00Z",
        "inference_attribute": "0",
        "metric_time": "2021-05-06T22:00:00Z",
        "output_path": "/opt/ml/processing/output",
        "problem_type": "Regression",
        "publish_cloudwatch_metrics": "Enabled",
        "sagemaker_endpoint_name": "abalone",
        "sagemaker_monitoring_schedule_name": "abalone-schedule",
        "start_time": "2021-05-06T22:00:00Z",
    }
    assert _places(request) == {
        "constraints": ("s3://b/results/constraints.json", "/opt/ml/processing/baseline/constraints"),
        "endpoint_input_1": (f"s3://b/results/merge/{HOUR_OF_LOG}/", f"/opt/ml/processing/input_data/{HOUR_OF_LOG}"),
    }
    target = request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    assert target == "s3://b/results/abalone/abalone-schedule/2021/05/06/23"


def test_ground_truth_may_have_come_until_the_scheduled_time() -> None:
    hours = [folder.path for folder in truth_folders(_occasion(StartTimeOffset="-P2D", EndTimeOffset="-P1D"))]
    assert (len(hours), hours[0], hours[-1]) == (48, "2021/05/04/23", "2021/05/06/22")


def test_hours_in_which_nothing_was_merged_are_left_out() -> None:
    occasion = _occasion(StartTimeOffset="-PT2H")
    planned = planned_request(occasion, capture_folders("s3://b/c", "abalone", ["AllTraffic"], occasion.window))
    uris = merged_uris(planned)
    assert len(uris) == 2
    assert merged_uris(with_merged(planned, uris[1:])) == uris[1:]
    assert "constraints" in _places(with_merged(planned, uris[1:]))


def test_probabilities_and_their_threshold_are_told() -> None:
    given = {"ProbabilityAttribute": "1", "ProbabilityThresholdAttribute": 0.7}
    environment = planned_request(_occasion(**given), [])["Environment"]
    assert (environment["probability_attribute"], environment["probability_threshold_attribute"]) == ("1", "0.7")


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("ModelQualityAppSpecification", {"ImageUri": "image"}, "needs a ProblemType"),
        (
            "ModelQualityJobInput",
            {"BatchTransformInput": {}, "GroundTruthS3Input": {"S3Uri": "s3://b/t"}},
            "exactly one EndpointInput",
        ),
        ("JobResources", {"ClusterConfig": {"InstanceCount": 2}}, "InstanceCount above 1"),
        (
            "ModelQualityJobInput",
            {"EndpointInput": {"EndpointName": "e", "S3InputMode": "Pipe"}, "GroundTruthS3Input": {}},
            "Pipe",
        ),
        ("ModelQualityJobInput", {"EndpointInput": {"EndpointName": "e"}, "GroundTruthS3Input": {}}, "S3 URI"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(member: str, value: dict[str, Any], words: str) -> None:
    with pytest.raises(AwsError, match=words):
        check_monitoring(monitoring_of(MonitoringType.MODEL_QUALITY, {**_definition(), member: value}))


def test_both_jobs_of_an_hourly_schedule_must_end_within_the_hour() -> None:
    definition = {**_definition(), "StoppingCondition": {"MaxRuntimeInSeconds": 3600}}
    with pytest.raises(AwsError, match="at most 1800"):
        check_run_time(HOURLY, monitoring_of(MonitoringType.MODEL_QUALITY, definition))


def _execution(**values: Any) -> MonitoringExecution:
    return MonitoringExecution(key="s/1", parent="s", endpoint="e", due=1.0, merge_job="m", **values)


@pytest.mark.parametrize(
    ("phase", "state", "status"),
    [
        (Phase.STAGING, Status.IN_PROGRESS, "Pending"),
        (Phase.RUNNING, Status.IN_PROGRESS, "InProgress"),
        (Phase.ENDED, Status.COMPLETED, "InProgress"),
        (Phase.ENDED, Status.FAILED, "Failed"),
        (Phase.ENDED, Status.STOPPED, "Stopped"),
    ],
)
def test_while_the_merging_lasts_the_execution_is_what_it_is(phase: Phase, state: Status, status: str) -> None:
    merging = ProcessingJob(key="m", arn="arn:m", request={}, phase=phase, state=state)
    assert execution_status(_execution(), merging) == status


@pytest.mark.parametrize(
    ("phase", "state", "message", "status"),
    [
        (Phase.STAGING, Status.IN_PROGRESS, "", "InProgress"),
        (Phase.ENDED, Status.COMPLETED, "Completed: no violations", "Completed"),
        (Phase.ENDED, Status.COMPLETED, "CompletedWithViolations: 2", "CompletedWithViolations"),
        (Phase.ENDED, Status.FAILED, "", "Failed"),
    ],
)
def test_after_the_merging_the_second_job_says_how_it_is(
    phase: Phase, state: Status, message: str, status: str
) -> None:
    job = ProcessingJob(key="j", arn="arn:j", request={}, phase=phase, state=state, exit_message=message)
    assert execution_status(_execution(job="j"), job) == status


@pytest.mark.parametrize(
    ("values", "starts"), [({}, [START_ANALYSIS]), ({"job": "j"}, []), ({"failure_reason": "nothing merged"}, [])]
)
def test_what_was_merged_is_analysed_once(values: dict[str, str], starts: list[str]) -> None:
    step = MonitoringExecutionMachine().advance(_execution(**values), Event("merged"), DUE)
    assert [action.name for action in step.actions] == starts


def test_what_cannot_be_analysed_fails_with_the_reason() -> None:
    event = Event("action_failed", {"reason": "AccessDenied: s3://b/results/merge/", "code": "ClientError"})
    failed = MonitoringExecutionMachine().advance(_execution(), event, DUE).record
    assert failed is not None
    merging = ProcessingJob(key="m", arn="arn:m", request={}, phase=Phase.ENDED, state=Status.COMPLETED)
    assert (failed.failure_reason, execution_status(failed, merging)) == (event.data["reason"], "Failed")
