"""What a `.sync` task waits for: jobs and executions, how they are described, stopped, and when they have ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A kind of thing that is created, runs and ends."""

    describe: str
    stop: str
    key: str  # the member of the request that names it
    arn: str
    status: str = ""
    ended_well: frozenset[str] = frozenset()
    running: frozenset[str] = frozenset()


def _sagemaker_job(noun: str) -> Job:
    return Job(
        describe=f"Describe{noun}",
        stop=f"Stop{noun}",
        key=f"{noun}Name",
        arn=f"{noun}Arn",
        status=f"{noun}Status",
        ended_well=frozenset({"Completed"}),
        running=frozenset({"InProgress", "Stopping"}),
    )


EXECUTION = Job(
    describe="DescribeExecution",
    stop="StopExecution",
    key="name",
    arn="executionArn",
    status="status",
    ended_well=frozenset({"SUCCEEDED"}),
    running=frozenset({"RUNNING"}),
)

# By the operation that makes one; those without a status are made at once.
JOBS: Mapping[str, Job] = {
    "CreateTrainingJob": _sagemaker_job("TrainingJob"),
    "CreateProcessingJob": _sagemaker_job("ProcessingJob"),
    "CreateTransformJob": _sagemaker_job("TransformJob"),
    "StartExecution": EXECUTION,
    "CreateModel": Job("DescribeModel", "", "ModelName", "ModelArn"),
    "CreateEndpointConfig": Job("DescribeEndpointConfig", "", "EndpointConfigName", "EndpointConfigArn"),
    "CreateEndpoint": Job("DescribeEndpoint", "", "EndpointName", "EndpointArn"),
}

# Topics of ends, and the member of the notice that is the ARN.
ENDS = {
    "sagemaker.training_job.ended": "arn",
    "sagemaker.processing_job.ended": "arn",
    "sagemaker.transform_job.ended": "arn",
    "stepfunctions.execution.ended": "arn",
}
