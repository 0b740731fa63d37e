"""What EventBridge is told when a job's status changes.

https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlsystem.engine.durable.machine import Notice

if TYPE_CHECKING:
    from mlsystem.engine.services.sagemaker.job import Job

# Members of the request that the event repeats.
TOLD = (
    *("RoleArn", "Environment", "HyperParameters", "OutputDataConfig", "ProcessingOutputConfig", "StoppingCondition"),
    *("ModelName", "MaxConcurrentTransforms", "MaxPayloadInMB", "BatchStrategy"),
    *("TransformInput", "TransformOutput", "TransformResources"),
)


def state_change(job: Job) -> Notice:
    """Times are in milliseconds, as in AWS's events."""
    noun = job.noun()
    detail: dict[str, Any] = {
        f"{noun}JobName": job.key,
        f"{noun}JobArn": job.arn,
        f"{noun}JobStatus": job.state,
        "CreationTime": int(job.created_at * 1000),
        **{name: job.request[name] for name in TOLD if name in job.request},
    }
    if noun == "Training" and job.transitions:
        detail["SecondaryStatus"] = job.transitions[-1][0]
    for member, at in ((f"{noun}StartTime", job.started_at), (f"{noun}EndTime", job.ended_at)):
        if at is not None:
            detail[member] = int(at * 1000)
    if job.failure_reason:
        detail["FailureReason"] = job.failure_reason
    if job.exit_message:
        detail["ExitMessage"] = job.exit_message
    data = {
        "source": "aws.sagemaker",
        "detail-type": f"SageMaker {noun} Job State Change",
        "resources": [job.arn],
        "detail": detail,
    }
    return Notice("aws.event", data)
