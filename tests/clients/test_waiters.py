"""The waiters of botocore: those whose operation the engine answers are known by name, and the ones people use see what they wait for."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError

from mlsystem.engine.coverage import wired_rooms
from tests.clients.workplace import Workplace
from tests.functions import make_function

QUICK = {"Delay": 1, "MaxAttempts": 60}
TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "one"}}}})
NOT_ANSWERED = {
    "cloudformation": {"StackRefactorCreateComplete", "StackRefactorExecuteComplete", "TypeRegistrationComplete"},
    "cloudwatch": {"AlarmMuteRuleExists"},
    "ecr": {"ImageScanComplete", "LifecyclePolicyPreviewComplete"},
    "iam": {"InstanceProfileExists", "UserExists"},
    "sagemaker": {
        *(f"Image{word}" for word in ("Created", "Updated", "Deleted", "VersionCreated", "VersionDeleted")),
        *(f"NotebookInstance{word}" for word in ("InService", "Stopped", "Deleted")),
    },
}
# Its room has networks alone, and neither instances nor volumes.
WITHOUT = {"ec2"}


def waiters() -> dict[str, dict[str, str]]:
    """Of each service of the engine its waiters, each with the operation that it asks."""
    session, found = botocore.session.get_session(), {}
    for room in wired_rooms():
        try:
            model = session.get_waiter_model(room.service)
        except UnknownServiceError:  # it has none
            continue
        found[room.service] = {name: model.get_waiter(name).operation for name in model.waiter_names}
    return found


def test_the_waiters_whose_operation_is_not_answered_are_these() -> None:
    answered = {room.service: set(room.operations) for room in wired_rooms()}
    known = waiters()
    assert sum(map(len, known.values())) > 40
    lacking = {
        service: {name for name, asked in own.items() if asked not in answered[service]}
        for service, own in known.items()
    }
    assert {service: names for service, names in lacking.items() if names and service not in WITHOUT} == NOT_ANSWERED


def test_a_bucket_an_object_and_an_alarm_are_awaited(workplace: Workplace) -> None:
    engine, name = workplace.engine, f"waited-{workplace.name}"
    s3, cloudwatch = engine.client("s3"), engine.client("cloudwatch")
    s3.get_waiter("bucket_not_exists").wait(Bucket=name, WaiterConfig=QUICK)
    s3.create_bucket(Bucket=name)
    s3.get_waiter("bucket_exists").wait(Bucket=name, WaiterConfig=QUICK)
    s3.get_waiter("object_not_exists").wait(Bucket=name, Key="one", WaiterConfig=QUICK)
    s3.put_object(Bucket=name, Key="one", Body=b"1")
    s3.get_waiter("object_exists").wait(Bucket=name, Key="one", WaiterConfig=QUICK)
    alarm: dict[str, Any] = {"AlarmName": name, "MetricName": "m", "Namespace": name, "Statistic": "Sum", "Period": 60}
    alarm |= {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    cloudwatch.put_metric_alarm(**alarm)
    cloudwatch.get_waiter("alarm_exists").wait(AlarmNames=[name], WaiterConfig=QUICK)


def test_a_stack_and_a_function_are_awaited(workplace: Workplace) -> None:
    engine, name = workplace.engine, f"waited-{workplace.name}"
    stacks, functions = engine.client("cloudformation"), engine.client("lambda")
    make_function(engine, name, "def handler(event, context):\n    return 1\n")  # waits for function_active_v2
    functions.get_waiter("function_exists").wait(FunctionName=name, WaiterConfig=QUICK)
    functions.publish_version(FunctionName=name)
    functions.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1", WaiterConfig=QUICK)
    stacks.create_stack(StackName=name, TemplateBody=TEMPLATE)
    stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=QUICK)
    stacks.update_stack(StackName=name, TemplateBody=TEMPLATE.replace("one", "two"))
    stacks.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig=QUICK)
    stacks.delete_stack(StackName=name)
    stacks.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=QUICK)


def test_a_training_job_is_awaited_to_its_end(workplace: Workplace) -> None:
    sagemaker, name = workplace.engine.client("sagemaker"), f"waited-{workplace.name}"
    sagemaker.create_training_job(
        TrainingJobName=name,
        HyperParameters={"rounds": "1"},
        AlgorithmSpecification={"TrainingImage": workplace.given["IMAGE"], "TrainingInputMode": "File"},
        RoleArn=workplace.given["ROLE"],
        OutputDataConfig={"S3OutputPath": f"s3://{workplace.name}/waited"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    with pytest.raises(Exception, match="Waiter encountered a terminal failure state"):
        waiter.wait(TrainingJobName=name, WaiterConfig=QUICK)  # it has no data to read
    assert sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "Failed"
