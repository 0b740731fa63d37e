"""What the `Resource` of a Task state names: an operation and how its end is awaited.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html lists the optimized integrations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.runtime.aws_sdk import SdkOperation, sdk_operation


class Pattern(StrEnum):
    """How long a task takes."""

    REQUEST_RESPONSE = ""  # until the service has answered
    SYNC = "sync"  # until the job that was started has ended
    SYNC_2 = "sync:2"  # the same; the output is JSON, not a text that holds JSON
    CALLBACK = "waitForTaskToken"  # until somebody sends the token back


@dataclass(frozen=True)
class Resource:
    """`is_optimized` is false for `aws-sdk:` ones, `is_plain` is true for a function's own ARN."""

    operation: SdkOperation
    pattern: Pattern
    is_optimized: bool
    is_plain: bool = False


JOB = {Pattern.REQUEST_RESPONSE, Pattern.SYNC}
CALL = {Pattern.REQUEST_RESPONSE}
WITH_TOKEN = {Pattern.REQUEST_RESPONSE, Pattern.CALLBACK}
OPTIMIZED = {
    "lambda:invoke": WITH_TOKEN,
    "sns:publish": WITH_TOKEN,
    "states:startExecution": {Pattern.REQUEST_RESPONSE, Pattern.SYNC, Pattern.SYNC_2, Pattern.CALLBACK},
    "sagemaker:createTrainingJob": JOB,
    "sagemaker:createProcessingJob": JOB,
    "sagemaker:createTransformJob": JOB,
    "sagemaker:createModel": CALL,
    "sagemaker:createEndpoint": CALL,
    "sagemaker:createEndpointConfig": CALL,
    "sagemaker:updateEndpoint": CALL,
}
ACTIVITY = "activity:"
SERVICES = {"states": "sfn"}


def is_activity(arn: str) -> bool:
    """Whether the resource is the ARN of an activity, whose work somebody's own worker fetches."""
    fields = arn.split(":", 5)
    return len(fields) == 6 and fields[2] == "states" and bool(fields[4]) and fields[5].startswith(ACTIVITY)


def resource_of(arn: str) -> Resource:
    """Raises AwsError for a resource that is none, NotImplementedHere for one that the engine does not have."""
    fields = arn.split(":", 5)
    if len(fields) != 6 or fields[0] != "arn":
        raise AwsError("ValidationException", f"The resource provided {arn} is not recognized.")
    if fields[2] == "lambda":
        return Resource(sdk_operation("lambda", "invoke"), Pattern.REQUEST_RESPONSE, is_optimized=True, is_plain=True)
    if fields[2] != "states" or fields[4]:
        raise NotImplementedHere(f"the task resource {arn}")
    head, _, tail = fields[5].partition(".")
    pattern = next((one for one in Pattern if one == tail), None)
    if pattern is None:
        raise AwsError("ValidationException", f"The resource provided {arn} is not recognized.")
    if head.startswith("aws-sdk:"):
        return _sdk(arn, head, pattern)
    if pattern not in OPTIMIZED.get(head, ()):
        raise NotImplementedHere(f"the task resource {arn}")
    service, action = head.split(":")
    return Resource(sdk_operation(SERVICES.get(service, service), action), pattern, is_optimized=True)


def _sdk(arn: str, head: str, pattern: Pattern) -> Resource:
    parts = head.split(":")
    if len(parts) != 3 or pattern not in WITH_TOKEN:
        raise AwsError("ValidationException", f"The resource provided {arn} is not recognized.")
    return Resource(sdk_operation(parts[1], parts[2]), pattern, is_optimized=False)
