"""What every chaos run begins with: a data folder with a bit of everything, prepared once and copied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mlsystem.engine.shutdown import shut_down
from tests.chaos.engine import BentEngine
from tests.chaos.sink import Sink
from tests.functions import make_function
from tests.images import push_image
from tests.live import LiveEngine, eventually
from tests.roles import role
from tests.serving import Serving, push_server
from tests.smtp import link_in, open_link

HOME = "chaos"
ENDPOINT = "served"
ACCOUNT = "000000000000"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:told"
MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:work"
SOURCE = "chaos.bench"
FUNCTION = """
def handler(event, context):
    return {"value": event["value"] * 2}
"""
WORK = """#!/usr/bin/env python3
import os, pathlib, time
print("the program runs", flush=True)
time.sleep(0.4)
pathlib.Path("/opt/ml/processing/output/result.txt").write_text(os.environ["VALUE"])
"""
SHAPE = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}


def prepare(folder: Path, sink: Sink) -> LiveEngine:
    """The engine, which has ended and has all that a run uses; its port is what all runs use."""
    live = BentEngine(folder, None, sink.port)
    live.start()
    try:
        _make(live, sink)
    finally:
        live.stop()
        shut_down(folder)
    return live


def config(version: str) -> str:
    return f"config-{version}"


def _make(live: LiveEngine, sink: Sink) -> None:
    push_server(live, HOME)
    live.client("s3").create_bucket(Bucket="objects")
    make_function(live, "double", FUNCTION)
    push_image(live, "work", {"/opt/program/work": WORK})
    live.client("stepfunctions").create_state_machine(
        name="work", definition=json.dumps(_definition()), roleArn=role(live, "workflow")
    )
    _make_topic(live, sink)
    _make_endpoint(live)


def _make_topic(live: LiveEngine, sink: Sink) -> None:
    sns, events = live.client("sns"), live.client("events")
    sns.create_topic(Name="told")
    sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="ada@example.org")
    [question] = eventually(lambda: sink.mails_to("ada@example.org"))
    open_link(link_in(question.get_content()))
    events.put_rule(Name="heard", EventPattern=json.dumps({"source": [SOURCE]}))
    events.put_targets(Rule="heard", Targets=[{"Id": "topic", "Arn": TOPIC}])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)


def _make_endpoint(live: LiveEngine) -> None:
    serving = Serving(live, HOME)
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{HOME}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    for version in ("1", "2"):
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": serving.model(version),
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        serving.sagemaker.create_endpoint_config(
            EndpointConfigName=config(version), ProductionVariants=[variant], DataCaptureConfig=capture
        )
    serving.sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=config("1"))
    assert serving.await_settled(ENDPOINT)["EndpointStatus"] == "InService"


def _definition() -> dict[str, Any]:
    """A function, and a job that has what it answered."""
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1.0}]
    output = {
        "OutputName": "out",
        "S3Output": {
            "LocalPath": "/opt/ml/processing/output",
            "S3UploadMode": "EndOfJob",
            "S3Uri.$": f"States.Format('s3://{HOME}/results/{{}}', $$.Execution.Name)",
        },
    }
    double = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "double", "Payload.$": "$"},
        "ResultSelector": {"value.$": "States.Format('{}', $.Payload.value)"},
        "Retry": retry,
        "Next": "Work",
    }
    work = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Parameters": {
            "ProcessingJobName.$": "$$.Execution.Name",
            "AppSpecification": {
                "ImageUri": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/work:latest",
                "ContainerEntrypoint": ["python3", "/opt/program/work"],
            },
            "Environment": {"VALUE.$": "$.value"},
            "ProcessingOutputConfig": {"Outputs": [output]},
            "ProcessingResources": {"ClusterConfig": SHAPE},
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/workflow",
        },
        "End": True,
    }
    return {"StartAt": "Double", "States": {"Double": double, "Work": work}}
