"""Processing jobs: the operations. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.runtime.s3_files import split_uri
from mlsystem.engine.services.sagemaker.job import JobMachine, ProcessingJob, Status
from mlsystem.engine.services.sagemaker.listing import FILTERS, page, when
from mlsystem.engine.services.sagemaker.training_jobs import begin_job, check_path, find_job, stop_job

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        CreateProcessingJobRequestTypeDef,
        DescribeProcessingJobRequestTypeDef,
        ListProcessingJobsRequestTypeDef,
        StopProcessingJobRequestTypeDef,
    )

ACCEPTED = """ProcessingInputs ProcessingOutputConfig ProcessingJobName ProcessingResources StoppingCondition AppSpecification Environment
    NetworkConfig RoleArn Tags ExperimentConfig"""


class ProcessingJobs(Part):
    """Create, describe, list, stop."""

    def __init__(self, house: House, machine: JobMachine[ProcessingJob]):
        self._house = house
        self._machine = machine

    @operation("CreateProcessingJob", accepts=ACCEPTED)
    def create(self, request: CreateProcessingJobRequestTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        _check(given)
        name = request["ProcessingJobName"]
        arn = self._house.scope.arn("sagemaker", f"processing-job/{name.lower()}")
        begin_job(self._house, call.tx, self._machine, ProcessingJob(key=name, arn=arn, request=given))
        return {"ProcessingJobArn": arn}

    @operation("DescribeProcessingJob", accepts="ProcessingJobName")
    def describe(self, request: DescribeProcessingJobRequestTypeDef, call: Call) -> Mapping[str, object]:
        return _description(find_job(call.tx, ProcessingJob, request["ProcessingJobName"]))

    @operation("ListProcessingJobs", accepts=f"{FILTERS} StatusEquals")
    def list(self, request: ListProcessingJobsRequestTypeDef, call: Call) -> Mapping[str, object]:
        return page(call.tx, ProcessingJob, request, "ProcessingJobSummaries", _summary)

    @operation("StopProcessingJob", accepts="ProcessingJobName")
    def stop_job(self, request: StopProcessingJobRequestTypeDef, call: Call) -> Mapping[str, object]:
        stop_job(self._house, call.tx, ProcessingJob, request["ProcessingJobName"])
        return {}


def _check(request: Mapping[str, Any]) -> None:
    """Refuse by name what the request holds and the engine does not do."""
    if request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] != 1:
        raise NotImplementedHere("sagemaker:CreateProcessingJob with InstanceCount above 1", "one machine is one host")
    for source in request.get("ProcessingInputs", ()):
        name = source["InputName"]
        if source.get("AppManaged"):
            continue
        if "S3Input" not in source:
            raise NotImplementedHere(f"the processing input {name} without S3Input")
        s3 = source["S3Input"]
        if (
            s3.get("S3InputMode", "File") != "File"
            or s3.get("S3DataType") not in ("S3Prefix", "ManifestFile")
            or s3.get("S3CompressionType") == "Gzip"
        ):
            raise NotImplementedHere(
                f"the processing input {name}", "inputs are S3Prefix or ManifestFile in File mode, uncompressed"
            )
        check_path(name, s3.get("LocalPath", ""))
        split_uri(s3["S3Uri"])
    for output in request.get("ProcessingOutputConfig", {}).get("Outputs", ()):
        if output.get("AppManaged"):
            continue
        if "S3Output" not in output:
            raise NotImplementedHere(f"the processing output {output['OutputName']} without S3Output")
        check_path(output["OutputName"], output["S3Output"].get("LocalPath", ""))
        split_uri(output["S3Output"]["S3Uri"])


def _summary(job: ProcessingJob) -> dict[str, object]:
    answer = {
        "ProcessingJobName": job.key,
        "ProcessingJobArn": job.arn,
        "CreationTime": when(job.created_at),
        "LastModifiedTime": when(job.updated_at),
        "ProcessingJobStatus": job.state,
        "ProcessingEndTime": when(job.ended_at) if job.ended_at else None,
        "FailureReason": job.failure_reason or None,
        "ExitMessage": job.exit_message if job.exit_message and job.state != Status.FAILED else None,
    }
    return {name: value for name, value in answer.items() if value is not None}


def _description(job: ProcessingJob) -> dict[str, object]:
    given = {name: value for name, value in job.request.items() if name != "Tags"}
    started = {"ProcessingStartTime": when(job.started_at)} if job.started_at else {}
    schedule = {"MonitoringScheduleArn": job.monitoring_schedule_arn} if job.monitoring_schedule_arn else {}
    return {**given, **_summary(job), **started, **schedule}
