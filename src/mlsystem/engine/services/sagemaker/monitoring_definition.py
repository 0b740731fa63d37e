"""What a monitoring job is to do, whether a schedule says so itself or names a job definition.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateDataQualityJobDefinition.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelQualityJobDefinition.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.runtime.s3_files import split_uri
from mlsystem.engine.services.sagemaker.job import ProcessingJob
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

# Members of a definition of one type, and of the MonitoringJobDefinition of a schedule.
SAME = ("NetworkConfig", "RoleArn", "StoppingCondition")
OF_SCHEDULE = {"JobResources": "MonitoringResources", **{name: name for name in SAME}}
OF_TYPE = {
    "AppSpecification": "MonitoringAppSpecification",
    "BaselineConfig": "BaselineConfig",
    "JobOutputConfig": "MonitoringOutputConfig",
}


class MonitoringType(StrEnum):
    """The types that the engine runs."""

    DATA_QUALITY = "DataQuality"
    MODEL_QUALITY = "ModelQuality"


class JobDefinition(Record):
    """`key` is its name, `parent` the endpoint, `request` what the caller gave to Create."""

    type: ClassVar[MonitoringType]
    arn: str
    request: dict[str, Any]


class DataQualityJobDefinition(JobDefinition):
    kind: ClassVar[str] = "sagemaker.data_quality_job_definition"
    type: ClassVar[MonitoringType] = MonitoringType.DATA_QUALITY


class ModelQualityJobDefinition(JobDefinition):
    kind: ClassVar[str] = "sagemaker.model_quality_job_definition"
    type: ClassVar[MonitoringType] = MonitoringType.MODEL_QUALITY


MODELS: Mapping[MonitoringType, type[JobDefinition]] = {
    model.type: model for model in (DataQualityJobDefinition, ModelQualityJobDefinition)
}


@dataclass(frozen=True)
class Monitoring:
    """`job` has the members of MonitoringJobDefinition; `definition_name` is empty where the schedule holds it.

    A model's quality has a problem type, and the URI below which its ground truth lies.
    """

    type: MonitoringType
    job: Mapping[str, Any]
    definition_name: str = ""
    problem_type: str = ""
    ground_truth_uri: str = ""

    @property
    def endpoint_input(self) -> dict[str, Any]:
        return dict(self.job["MonitoringInputs"][0]["EndpointInput"])

    @property
    def endpoint(self) -> str:
        return str(self.endpoint_input["EndpointName"])

    @property
    def output(self) -> dict[str, Any]:
        """Its S3Output."""
        return dict(self.job["MonitoringOutputConfig"]["MonitoringOutputs"][0]["S3Output"])

    @property
    def longest_run_seconds(self) -> int:
        """Of an hourly schedule: both jobs of a model's quality must end within the hour."""
        return 1800 if self.type is MonitoringType.MODEL_QUALITY else 3600


def definition_noun(kind: MonitoringType) -> str:
    return "data quality job definition" if kind is MonitoringType.DATA_QUALITY else "model quality job definition"


def monitoring_of(kind: MonitoringType, request: Mapping[str, Any]) -> Monitoring:
    """The monitoring that Create…JobDefinition asks for."""
    given = request[f"{kind}JobInput"]
    app = request[f"{kind}AppSpecification"]
    job = {theirs: request[ours] for ours, theirs in OF_SCHEDULE.items() if ours in request}
    job |= {theirs: request[f"{kind}{ours}"] for ours, theirs in OF_TYPE.items() if f"{kind}{ours}" in request}
    job["MonitoringInputs"] = [{name: value for name, value in given.items() if name != "GroundTruthS3Input"}]
    if "Environment" in app:
        job["Environment"] = app["Environment"]
    truth = given.get("GroundTruthS3Input", {}).get("S3Uri", "")
    return Monitoring(kind, job, request["JobDefinitionName"], app.get("ProblemType", ""), truth)


def find_monitoring(tx: Transaction, config: Mapping[str, Any]) -> Monitoring:
    """What a MonitoringScheduleConfig says, with its baseline's files. Raises AwsError."""
    name = config.get("MonitoringJobDefinitionName")
    if name is None:
        found = Monitoring(MonitoringType.DATA_QUALITY, config["MonitoringJobDefinition"])
    else:
        kind = MonitoringType(config["MonitoringType"])
        definition = tx.get(MODELS[kind], name)
        if definition is None:
            raise AwsError("ValidationException", f"Could not find the {definition_noun(kind)} {name}.")
        found = monitoring_of(kind, definition.request)
    job = {**found.job, "BaselineConfig": _baseline(tx, found)}
    return Monitoring(found.type, job, found.definition_name, found.problem_type, found.ground_truth_uri)


def _baseline(tx: Transaction, monitoring: Monitoring) -> dict[str, Any]:
    """A baselining job stands for the files that it has made; those that are named besides it go first."""
    baseline = dict(monitoring.job.get("BaselineConfig", {}))
    name = baseline.pop("BaseliningJobName", None)
    if name is None:
        return baseline
    job = tx.get(ProcessingJob, name)
    outputs = job.request.get("ProcessingOutputConfig", {}).get("Outputs", ()) if job else ()
    if not outputs:
        raise AwsError("ValidationException", f"Could not find the baselining job {name}, or its output.")
    folder = outputs[0]["S3Output"]["S3Uri"].rstrip("/")
    made = {"ConstraintsResource": {"S3Uri": f"{folder}/constraints.json"}}
    if monitoring.type is MonitoringType.DATA_QUALITY:
        made["StatisticsResource"] = {"S3Uri": f"{folder}/statistics.json"}
    return {**made, **baseline}


def check_monitoring(monitoring: Monitoring) -> None:
    """Refuse what SageMaker refuses, and by name what is not there."""
    inputs = monitoring.job["MonitoringInputs"]
    if len(inputs) != 1 or "EndpointInput" not in inputs[0]:
        raise NotImplementedHere("monitoring without exactly one EndpointInput")
    if monitoring.endpoint_input.get("S3InputMode", "File") != "File":
        raise NotImplementedHere("monitoring with S3InputMode Pipe", "File is")
    if monitoring.job["MonitoringResources"]["ClusterConfig"]["InstanceCount"] != 1:
        raise NotImplementedHere("monitoring with InstanceCount above 1", "one machine is one host")
    if len(monitoring.job["MonitoringOutputConfig"]["MonitoringOutputs"]) != 1:
        raise AwsError("ValidationException", "MonitoringOutputs must hold exactly one output.")
    split_uri(monitoring.output["S3Uri"])
    if monitoring.type is MonitoringType.MODEL_QUALITY:
        if not monitoring.problem_type:
            raise AwsError("ValidationException", "ModelQualityAppSpecification needs a ProblemType.")
        split_uri(monitoring.ground_truth_uri)
