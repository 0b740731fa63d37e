"""Batch transform jobs: the operations. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.runtime.batch_client.processing import format_of
from mlsystem.engine.runtime.batch_client.selection import SelectionError, selection
from mlsystem.engine.runtime.s3_files import split_uri
from mlsystem.engine.services.sagemaker.listing import FILTERS, page, when
from mlsystem.engine.services.sagemaker.model_server import definition, digest_of
from mlsystem.engine.services.sagemaker.models import find_model
from mlsystem.engine.services.sagemaker.training_jobs import begin_job, find_job, stop_job
from mlsystem.engine.services.sagemaker.transform_job import TransformJob, TransformMachine

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        CreateTransformJobRequestTypeDef,
        DescribeTransformJobRequestTypeDef,
        ListTransformJobsRequestTypeDef,
        StopTransformJobRequestTypeDef,
    )

ACCEPTED = """TransformJobName ModelName MaxConcurrentTransforms ModelClientConfig MaxPayloadInMB BatchStrategy Environment
    TransformInput TransformOutput TransformResources DataProcessing Tags ExperimentConfig"""
NAME = "sagemaker:CreateTransformJob"
DEFAULT_PAYLOAD_MB = 6
MOST_MEGABYTES = 100


class TransformJobs(Part):
    """Create, describe, list, stop."""

    def __init__(self, house: House, machine: TransformMachine):
        self._house = house
        self._machine = machine

    @operation("CreateTransformJob", accepts=ACCEPTED)
    def create(self, request: CreateTransformJobRequestTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        _check(given)
        model = find_model(call.tx, self._house, request["ModelName"])
        name = request["TransformJobName"]
        job = TransformJob(
            key=name,
            arn=self._house.scope.arn("sagemaker", f"transform-job/{name.lower()}"),
            request=given,
            model=definition(model),
            digest=digest_of(self._house, model.container["Image"]),
        )
        begin_job(self._house, call.tx, self._machine, job)
        return {"TransformJobArn": job.arn}

    @operation("DescribeTransformJob", accepts="TransformJobName")
    def describe(self, request: DescribeTransformJobRequestTypeDef, call: Call) -> Mapping[str, object]:
        job: TransformJob = find_job(call.tx, TransformJob, request["TransformJobName"])
        given = {name: value for name, value in job.request.items() if name != "Tags"}
        started = {"TransformStartTime": when(job.started_at)} if job.started_at else {}
        summary = {name: value for name, value in _summary(job).items() if name != "LastModifiedTime"}
        return {**given, **summary, **started}

    @operation("ListTransformJobs", accepts=f"{FILTERS} StatusEquals")
    def list(self, request: ListTransformJobsRequestTypeDef, call: Call) -> Mapping[str, object]:
        return page(call.tx, TransformJob, request, "TransformJobSummaries", _summary)

    @operation("StopTransformJob", accepts="TransformJobName")
    def stop_job(self, request: StopTransformJobRequestTypeDef, call: Call) -> Mapping[str, object]:
        stop_job(self._house, call.tx, TransformJob, request["TransformJobName"])
        return {}


def _check(request: Mapping[str, Any]) -> None:
    """Refuse what cannot be, and by name what the engine does not do."""
    _check_input(request["TransformInput"])
    _check_resources(request["TransformResources"])
    split_uri(request["TransformOutput"]["S3OutputPath"])
    _check_size(request)
    _check_processing(request)


def _check_input(given: Mapping[str, Any]) -> None:
    source = given["DataSource"]["S3DataSource"]
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise NotImplementedHere(f"{NAME} with S3DataType {source['S3DataType']}", "S3Prefix and ManifestFile are")
    if given.get("SplitType", "None") not in ("None", "Line"):
        raise NotImplementedHere(f"{NAME} with SplitType {given['SplitType']}", "None and Line are")
    split_uri(source["S3Uri"])


def _check_resources(given: Mapping[str, Any]) -> None:
    if given["InstanceCount"] != 1:
        raise NotImplementedHere(f"{NAME} with TransformResources.InstanceCount above 1", "one machine is one host")
    if "TransformAmiVersion" in given:
        raise NotImplementedHere(f"{NAME} with TransformResources.TransformAmiVersion", "there are no machine images")


def _check_size(request: Mapping[str, Any]) -> None:
    megabytes = request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)
    concurrent = request.get("MaxConcurrentTransforms") or 1
    if megabytes * concurrent > MOST_MEGABYTES:
        raise AwsError(
            "ValidationException",
            f"MaxConcurrentTransforms ({concurrent}) * MaxPayloadInMB ({megabytes}) cannot exceed {MOST_MEGABYTES} MB.",
        )


def _check_processing(request: Mapping[str, Any]) -> None:
    processing = request.get("DataProcessing", {})
    paths = [processing.get(member) or "$" for member in ("InputFilter", "OutputFilter")]
    try:
        picks = [selection(path) for path in paths]
    except SelectionError as error:
        raise AwsError("ValidationException", f"DataProcessing: {error}.") from error
    is_used = any(picks) or processing.get("JoinSource") == "Input"
    content_type = request["TransformInput"].get("ContentType", "")
    if is_used and format_of(content_type) is None:
        raise AwsError(
            "ValidationException",
            f"DataProcessing needs the ContentType text/csv, application/json or application/jsonlines, not {content_type!r}.",
        )


def _summary(job: TransformJob) -> dict[str, object]:
    answer = {
        "TransformJobName": job.key,
        "TransformJobArn": job.arn,
        "CreationTime": when(job.created_at),
        "LastModifiedTime": when(job.updated_at),
        "TransformJobStatus": job.state,
        "TransformEndTime": when(job.ended_at) if job.ended_at else None,
        "FailureReason": job.failure_reason or None,
    }
    return {name: value for name, value in answer.items() if value is not None}
