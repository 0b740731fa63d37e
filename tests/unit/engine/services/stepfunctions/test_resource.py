"""What a Task's resource names."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.stepfunctions.resource import Pattern, resource_of


@pytest.mark.parametrize(
    ("arn", "service", "operation", "pattern"),
    [
        ("arn:aws:states:::lambda:invoke", "lambda", "Invoke", Pattern.REQUEST_RESPONSE),
        ("arn:aws:states:::lambda:invoke.waitForTaskToken", "lambda", "Invoke", Pattern.CALLBACK),
        ("arn:aws:lambda:us-east-1:000000000000:function:f:2", "lambda", "Invoke", Pattern.REQUEST_RESPONSE),
        ("arn:aws:states:::sagemaker:createTrainingJob.sync", "sagemaker", "CreateTrainingJob", Pattern.SYNC),
        ("arn:aws:states:::states:startExecution.sync:2", "stepfunctions", "StartExecution", Pattern.SYNC_2),
        ("arn:aws:states:::aws-sdk:sfn:stopExecution", "stepfunctions", "StopExecution", Pattern.REQUEST_RESPONSE),
        (
            "arn:aws-cn:states:::aws-sdk:cloudwatchlogs:createLogGroup",
            "logs",
            "CreateLogGroup",
            Pattern.REQUEST_RESPONSE,
        ),
    ],
)
def test_a_resource_names_an_operation_and_a_pattern(arn: str, service: str, operation: str, pattern: Pattern) -> None:
    found = resource_of(arn)
    assert (found.operation.service, found.operation.name, found.pattern) == (service, operation, pattern)


@pytest.mark.parametrize(
    "arn",
    [
        "lambda:invoke",
        "arn:aws:states:::lambda:invoke.sync",
        "arn:aws:states:::sagemaker:createModel.sync",
        "arn:aws:states:::sqs:sendMessage",
        "arn:aws:states:us-east-1:000000000000:activity:a",
        "arn:aws:states:::aws-sdk:sagemaker:createNothing",
        "arn:aws:states:::aws-sdk:nothing:createNothing",
        "arn:aws:states:::aws-sdk:sagemaker:createModel.sync",
    ],
)
def test_any_other_resource_is_refused(arn: str) -> None:
    with pytest.raises(AwsError):
        resource_of(arn)
