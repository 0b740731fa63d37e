"""Codes of errors that AWS's reference names for an operation, and that its model's constraints alone cannot tell."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.functions import archive
from tests.live import LiveEngine
from tests.probes import Probe, send, unchecked_client
from tests.roles import role

SERVICE_ARN = "arn:aws:{}:us-east-1:000000000000:{}"
GROUP = "/errors/group"
SCALED = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
ALARM = SERVICE_ARN.format("cloudwatch", "alarm:errors-no")
NO_EXECUTION = {"pipelineName": "errors-no", "pipelineExecutionId": "00000000-0000-0000-0000-000000000000"}
MACHINE = {
    "definition": '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
    "roleArn": "arn:aws:iam::000000000000:role/errors",
}
FUNCTION = {
    "FunctionName": "errors",
    "Role": MACHINE["roleArn"],
    "Runtime": "python3.13",
    "Handler": "app.f",
    "Code": {"ZipFile": archive({"app.py": ""})},
}


@pytest.fixture(scope="module")
def things(engine: LiveEngine) -> LiveEngine:
    """What the questions are about."""
    engine.client("logs").create_log_group(logGroupName=GROUP)
    engine.client("logs").create_log_stream(logGroupName=GROUP, logStreamName="one")
    role(engine, "errors")
    engine.client("stepfunctions").create_state_machine(name="errors", **MACHINE)
    engine.client("s3").create_bucket(Bucket="errors-bucket")
    engine.client("sagemaker").create_experiment(ExperimentName="errors-one")
    engine.client("sagemaker").create_trial(ExperimentName="errors-one", TrialName="errors-trial")
    engine.client("sagemaker").create_trial_component(TrialComponentName="errors-component")
    alarm = {"Namespace": "errors", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    engine.client("cloudwatch").put_metric_alarm(
        AlarmName="errors", Threshold=1, ComparisonOperator="GreaterThanThreshold", **alarm
    )
    return engine


@pytest.mark.parametrize(
    ("service", "operation", "request_", "code"),
    [
        (
            "application-autoscaling",
            "DescribeScalingActivities",
            SCALED,
            "ValidationException",
        ),
        ("application-autoscaling", "DescribeScalableTargets", SCALED, "ValidationException"),
        ("cloudformation", "DescribeStackResources", {"PhysicalResourceId": "errors-no"}, "ValidationError"),
        ("cloudwatch", "ListTagsForResource", {"ResourceARN": ALARM}, "ResourceNotFoundException"),
        ("cloudwatch", "TagResource", {"ResourceARN": ALARM, "Tags": []}, "ResourceNotFoundException"),
        ("cloudwatch", "UntagResource", {"ResourceARN": ALARM, "TagKeys": []}, "ResourceNotFoundException"),
        (
            "cloudwatch",
            "SetAlarmState",
            {"AlarmName": "errors", "StateValue": "OK", "StateReason": "none", "StateReasonData": "{"},
            "InvalidFormat",
        ),
        (
            "cloudwatch",
            "PutMetricData",
            {"Namespace": "errors", "MetricData": [{"MetricName": "m", "Value": 1.0, "StorageResolution": 5}]},
            "InvalidParameterValue",
        ),
        ("codepipeline", "GetPipelineExecution", NO_EXECUTION, "PipelineNotFoundException"),
        ("lambda", "CreateFunction", {**FUNCTION, "Timeout": 901}, "ValidationException"),
        (
            "logs",
            "FilterLogEvents",
            {"logGroupName": GROUP, "logStreamNames": ["one"], "logStreamNamePrefix": "o"},
            "InvalidParameterException",
        ),
        (
            "logs",
            "DescribeLogGroups",
            {"logGroupNamePrefix": "/errors", "logGroupNamePattern": "errors"},
            "InvalidParameterException",
        ),
        (
            "logs",
            "DescribeLogStreams",
            {"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "o"},
            "InvalidParameterException",
        ),
        ("logs", "PutRetentionPolicy", {"logGroupName": GROUP, "retentionInDays": 2}, "InvalidParameterException"),
        ("s3", "PutObject", {"Bucket": "errors-bucket", "Key": "é" * 513}, "KeyTooLongError"),
        ("s3", "PutObject", {"Bucket": "errors-bucket", "Key": "k", "ContentMD5": "AAAA"}, "InvalidDigest"),
        ("sagemaker", "CreateExperiment", {"ExperimentName": "Errors-One"}, "ValidationException"),
        (
            "sagemaker",
            "CreateTrial",
            {"ExperimentName": "errors-one", "TrialName": "Errors-Trial"},
            "ValidationException",
        ),
        ("sagemaker", "CreateTrialComponent", {"TrialComponentName": "Errors-Component"}, "ValidationException"),
        ("sagemaker", "ListTrials", {"ExperimentName": "errors-no"}, "ResourceNotFound"),
        ("stepfunctions", "CreateStateMachine", {"name": "a b", **MACHINE}, "InvalidName"),
        (
            "stepfunctions",
            "UpdateStateMachine",
            {"stateMachineArn": SERVICE_ARN.format("states", "stateMachine:errors")},
            "MissingRequiredParameter",
        ),
        ("stepfunctions", "DescribeExecution", {"executionArn": "x"}, "InvalidArn"),
        ("stepfunctions", "StartExecution", {"stateMachineArn": "x"}, "InvalidArn"),
    ],
)
def test_an_error_has_the_code_of_awss_reference(
    things: LiveEngine, service: str, operation: str, request_: dict[str, Any], code: str
) -> None:
    client = unchecked_client(things, service)
    told = send(client, client.meta.service_model.operation_model(operation), Probe((), "", request_))
    assert (told.code, 400 <= told.status < 500) == (code, True), told


def test_events_of_another_time_are_left_out_and_told(things: LiveEngine) -> None:
    logs, now, day = things.client("logs"), int(time.time() * 1000), 86_400_000
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=3)
    ages = (15 * day, 4 * day, 0, 0, -day)
    events = [{"timestamp": now - age, "message": str(number)} for number, age in enumerate(ages)]
    told = logs.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=events)
    assert told["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 1,
        "expiredLogEventEndIndex": 2,
        "tooNewLogEventStartIndex": 4,
    }
    kept = logs.get_log_events(logGroupName=GROUP, logStreamName="one", startFromHead=True)["events"]
    assert [event["message"] for event in kept] == ["2", "3"]


def test_an_event_may_be_long_but_a_batch_has_its_limit(things: LiveEngine) -> None:
    logs, asked = things.client("logs"), {"logGroupName": GROUP, "logStreamName": "long"}
    logs.create_log_stream(**asked)
    longest = 1024 * 1024 - 26
    for length in (longest, longest + 1):
        event = {"timestamp": int(time.time() * 1000), "message": "x" * length}
        if length == longest:
            logs.put_log_events(**asked, logEvents=[event])
        else:
            with pytest.raises(logs.exceptions.InvalidParameterException, match="exceeds limit of 1048576"):
                logs.put_log_events(**asked, logEvents=[event])
    [kept] = logs.get_log_events(**asked)["events"]
    assert len(kept["message"]) == longest


def test_a_stack_is_found_by_what_it_made(things: LiveEngine) -> None:
    cloudformation = things.client("cloudformation")
    body = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "errors-topic"}}}}'
    cloudformation.create_stack(StackName="errors", TemplateBody=body)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="errors", WaiterConfig={"Delay": 1})
    arn = SERVICE_ARN.format("sns", "errors-topic")
    [found] = cloudformation.describe_stack_resources(PhysicalResourceId=arn)["StackResources"]
    assert (found["StackName"], found["LogicalResourceId"]) == ("errors", "Topic")


def test_scaling_is_of_one_service(things: LiveEngine) -> None:
    scaling = things.client("application-autoscaling")
    assert scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
