"""Training jobs: the operations. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.runtime.s3_files import split_uri
from mlsystem.engine.services.sagemaker.job import Job, JobMachine, Phase, Status, TrainingJob
from mlsystem.engine.services.sagemaker.listing import FILTERS, page, when
from mlsystem.engine.services.sagemaker.tags import write_tags
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        CreateTrainingJobRequestTypeDef,
        DescribeTrainingJobRequestTypeDef,
        ListTrainingJobsRequestTypeDef,
        StopTrainingJobRequestTypeDef,
    )

# VpcConfig is accepted and means nothing on one machine: there is one network, and the job is in none of it.
ACCEPTED = """TrainingJobName HyperParameters AlgorithmSpecification RoleArn InputDataConfig OutputDataConfig ResourceConfig VpcConfig
    StoppingCondition Tags EnableNetworkIsolation EnableInterContainerTrafficEncryption EnableManagedSpotTraining CheckpointConfig
    ExperimentConfig Environment"""


class TrainingJobs(Part):
    """Create, describe, list, stop."""

    def __init__(self, house: House, machine: JobMachine[TrainingJob]):
        self._house = house
        self._machine = machine

    @operation("CreateTrainingJob", accepts=ACCEPTED)
    def create(self, request: CreateTrainingJobRequestTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        _check(given)
        name = request["TrainingJobName"]
        arn = self._house.scope.arn("sagemaker", f"training-job/{name.lower()}")
        begin_job(self._house, call.tx, self._machine, TrainingJob(key=name, arn=arn, request=given))
        return {"TrainingJobArn": arn}

    @operation("DescribeTrainingJob", accepts="TrainingJobName")
    def describe(self, request: DescribeTrainingJobRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _description(find_job(call.tx, TrainingJob, request["TrainingJobName"]))

    @operation("ListTrainingJobs", accepts=f"{FILTERS} StatusEquals")
    def list(self, request: ListTrainingJobsRequestTypeDef, call: Call) -> Mapping[str, object]:
        return page(call.tx, TrainingJob, request, "TrainingJobSummaries", _summary)

    @operation("StopTrainingJob", accepts="TrainingJobName")
    def stop_job(self, request: StopTrainingJobRequestTypeDef, call: Call) -> Mapping[str, object]:
        stop_job(self._house, call.tx, TrainingJob, request["TrainingJobName"])
        return {}


def begin_job(house: House, tx: Transaction, machine: JobMachine[Any], job: Job) -> None:
    """Commit a new job and its first action. Raises AwsError(ResourceInUse) for a name that was used before."""
    noun = job.noun()
    if tx.get(type(job), job.key) is not None:
        raise AwsError(
            "ResourceInUse",
            f"{noun}Job names must be unique: the {noun.lower()} job {job.key} exists already ({job.arn}).",
        )
    added = tx.add(job.changed(parent=job.request.get("ExperimentConfig", {}).get("TrialName", "")))
    write_tags(tx, job.arn, job.request.get("Tags", ()))
    house.worker.commit_step(tx, added, machine.begin(added, tx.now))


def find_job(tx: Transaction, model: type[Any], name: str) -> Any:
    job = tx.get(model, name)
    if job is None:
        raise AwsError(
            "ResourceNotFound", f"Requested resource not found: {model.kind.split('.')[1].replace('_', ' ')} {name}."
        )
    return job


def stop_job(house: House, tx: Transaction, model: type[Any], name: str) -> None:
    """Ask a job to stop. Raises AwsError(ValidationException) for one that has ended, as SageMaker does."""
    job = find_job(tx, model, name)
    if job.phase is Phase.ENDED:
        raise AwsError(
            "ValidationException", f"The job {name} is in state {job.state}: only a running job can be stopped."
        )
    house.worker.send(tx, model, name, Event("stop_requested"))


def _check(request: Mapping[str, Any]) -> None:
    """Refuse by name what the request holds and the engine does not do."""
    for member in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
        if member not in request:
            raise AwsError("ValidationException", f"{member} is required.")
    algorithm = request["AlgorithmSpecification"]
    if "TrainingImage" not in algorithm:
        raise NotImplementedHere("sagemaker:CreateTrainingJob without AlgorithmSpecification.TrainingImage")
    if request["ResourceConfig"].get("InstanceCount", 1) != 1:
        raise NotImplementedHere(
            "sagemaker:CreateTrainingJob with ResourceConfig.InstanceCount above 1", "one machine is one host"
        )
    for channel in request.get("InputDataConfig", ()):
        source = channel["DataSource"]
        mode = channel.get("InputMode", algorithm["TrainingInputMode"])
        kind = source.get("S3DataSource", {}).get("S3DataType")
        if kind not in ("S3Prefix", "ManifestFile") or mode == "Pipe":
            raise NotImplementedHere(
                f"the channel {channel['ChannelName']}",
                "channels are S3DataSource, S3Prefix or ManifestFile, in File or FastFile mode",
            )
        for member in ("CompressionType", "RecordWrapperType"):
            if channel.get(member, "None") != "None":
                raise AwsError("ValidationException", f"{member} of a channel is for the input mode Pipe alone.")
        split_uri(source["S3DataSource"]["S3Uri"])
    split_uri(request["OutputDataConfig"]["S3OutputPath"])
    if "CheckpointConfig" in request:
        split_uri(request["CheckpointConfig"]["S3Uri"])
        check_path("the checkpoints", request["CheckpointConfig"].get("LocalPath", "/opt/ml/checkpoints"))
    _check_metrics(algorithm)
    _check_waiting(request)


def check_path(name: str, path: str) -> None:
    """Raises AwsError for a LocalPath that is not absolute, or climbs."""
    if not path.startswith("/") or ".." in path.split("/"):
        raise AwsError("ValidationException", f"The LocalPath of {name} must be an absolute path, not {path!r}.")


def _check_metrics(algorithm: Mapping[str, Any]) -> None:
    for definition in algorithm.get("MetricDefinitions", ()):
        try:
            groups = re.compile(definition["Regex"]).groups
        except (re.error, OverflowError, RecursionError) as error:
            raise AwsError(
                "ValidationException", f"The Regex of the metric {definition['Name']} is none: {error}."
            ) from error
        if groups == 0:
            raise AwsError(
                "ValidationException",
                f"The Regex of the metric {definition['Name']} has no group that finds the value.",
            )


def _check_waiting(request: Mapping[str, Any]) -> None:
    """A managed spot job is one that nobody interrupts here."""
    condition = request["StoppingCondition"]
    wait = condition.get("MaxWaitTimeInSeconds")
    if request.get("EnableManagedSpotTraining") and (
        wait is None or wait < condition.get("MaxRuntimeInSeconds", 86400)
    ):
        raise AwsError(
            "ValidationException", "With managed spot training, MaxWaitTimeInSeconds is at least MaxRuntimeInSeconds."
        )
    if wait is not None and not request.get("EnableManagedSpotTraining"):
        raise AwsError("ValidationException", "MaxWaitTimeInSeconds is for managed spot training alone.")


def _summary(job: TrainingJob) -> dict[str, object]:
    return {
        "TrainingJobName": job.key,
        "TrainingJobArn": job.arn,
        "CreationTime": when(job.created_at),
        "LastModifiedTime": when(job.updated_at),
        "TrainingJobStatus": job.state,
        **({"TrainingEndTime": when(job.ended_at)} if job.ended_at else {}),
    }


def _description(job: TrainingJob) -> dict[str, object]:
    request = job.request
    given = {name: value for name, value in request.items() if name not in ("Tags",)}
    output = request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    has_model = job.state in (Status.COMPLETED, Status.STOPPED) and job.started_at is not None
    artifacts = {"S3ModelArtifacts": f"{output}/{job.key}/output/model.tar.gz"} if has_model else {}
    run_seconds = int(job.ended_at - job.started_at) if job.started_at and job.ended_at else None
    answer: dict[str, object] = {
        **given,
        **_summary(job),
        "ModelArtifacts": artifacts or {"S3ModelArtifacts": ""},
        "SecondaryStatus": job.transitions[-1][0],
        "SecondaryStatusTransitions": [
            {"Status": name, "StartTime": when(start), "StatusMessage": text, **({"EndTime": when(end)} if end else {})}
            for name, start, end, text in job.transitions
        ],
        "FinalMetricDataList": [
            {"MetricName": name, "Value": value, "Timestamp": when(at)} for name, value, at in job.final_metrics
        ],
        "EnableNetworkIsolation": bool(request.get("EnableNetworkIsolation", False)),
        "EnableInterContainerTrafficEncryption": bool(request.get("EnableInterContainerTrafficEncryption", False)),
        "EnableManagedSpotTraining": bool(request.get("EnableManagedSpotTraining", False)),
        "TrainingStartTime": when(job.started_at) if job.started_at else None,
        "FailureReason": job.failure_reason or None,
        "TrainingTimeInSeconds": run_seconds,
        "BillableTimeInSeconds": 0 if run_seconds is not None else None,
    }
    return {name: value for name, value in answer.items() if value is not None}
