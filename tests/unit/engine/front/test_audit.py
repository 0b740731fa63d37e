"""A record of the audit trail: CloudTrail's members, who and from where, and neither secrets nor bodies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsystem.audit_chain import TRAIL, read_line
from mlsystem.client.audit import verify
from mlsystem.engine.contract import Principal
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.audit import AuditTrail, Entry
from mlsystem.engine.front.audit_request import HIDDEN, LONGEST_TEXT, MOST_CHARACTERS, MOST_ITEMS
from mlsystem.engine.front.protocol import HttpRequest
from mlsystem.engine.runtime.api_model import service_model

ACCOUNT = "123456789012"
ROOT = Principal(f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/job"
SECRET = "correct horse"
# Whatever the record, CloudTrail's has these.
ALWAYS = {
    *("eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress"),
    *("userAgent", "requestParameters", "responseElements", "additionalEventData", "eventID", "readOnly"),
    *("eventType", "managementEvent", "recipientAccountId", "eventCategory"),
}


class Trail:
    def __init__(self, folder: Path):
        self.folder = folder
        self.trail = AuditTrail(folder, Scope(ACCOUNT, "eu-west-1"))

    def entry(self, service: str, operation: str, given: Mapping[str, Any], who: Principal | None = ROOT) -> Entry:
        entry = Entry(self.trail, who, service, operation)
        entry.asked(service_model(service).operation_model(operation), given)
        return entry

    def record(self) -> dict[str, Any]:
        line = read_line((self.folder / TRAIL).read_bytes().splitlines(keepends=True)[-1])
        assert line is not None
        return line.record

    def told(self, service: str, operation: str, **given: Any) -> Any:
        self.entry(service, operation, given).write(200)
        return self.record()["requestParameters"]


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    return Trail(tmp_path)


def _request(**headers: str) -> HttpRequest:
    return HttpRequest("POST", "/", "", {name.replace("_", "-"): value for name, value in headers.items()})


def test_a_record_has_the_members_of_cloudtrail(trail: Trail) -> None:
    entry = trail.entry("stepfunctions", "StartExecution", {"stateMachineArn": "arn:a", "name": "n", "input": "{}"})
    entry.came(
        _request(
            Authorization="AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/eu-west-1/states/aws4_request, Signature=ff",
            User_Agent="Boto3/1",
            X_Forwarded_For="6.6.6.6, 10.0.0.7",
        ),
        "ab" * 16,
    )
    entry.answered({"executionArn": "arn:e", "startDate": "now"})
    entry.write(200)
    record = trail.record()
    assert record.keys() == ALWAYS | {"requestID"}
    assert record["userIdentity"] == {
        "type": "Root",
        "principalId": ACCOUNT,
        "arn": ROOT.arn,
        "accountId": ACCOUNT,
        "accessKeyId": "AKIAEXAMPLE",
    }
    assert (record["eventSource"], record["eventName"]) == ("states.amazonaws.com", "StartExecution")
    # What the door wrote, not what the client says before it.
    assert (record["sourceIPAddress"], record["userAgent"]) == ("10.0.0.7", "Boto3/1")
    assert (record["awsRegion"], record["recipientAccountId"]) == ("eu-west-1", ACCOUNT)
    assert record["requestParameters"] == {"stateMachineArn": "arn:a", "name": "n", "input": HIDDEN}
    assert record["responseElements"] == {"executionArn": "arn:e"}
    assert (record["readOnly"], record["managementEvent"], record["eventCategory"]) == (False, True, "Management")
    assert record["additionalEventData"]["status"] == 200
    assert record["requestID"] == "ab" * 16
    assert verify(trail.folder).faults == []


def test_who_is_told_as_cloudtrail_tells_it(trail: Trail) -> None:
    def identity(who: Principal | None) -> Any:
        trail.entry("s3", "ListBuckets", {}, who).write(200)
        return trail.record()["userIdentity"]

    session = identity(Principal(SESSION, ACCOUNT, assumed_by="lambda.amazonaws.com"))
    issuer = session.pop("sessionContext")["sessionIssuer"]
    assert session == {
        "type": "AssumedRole",
        "arn": SESSION,
        "accountId": ACCOUNT,
        "invokedBy": "lambda.amazonaws.com",
    }
    assert (issuer["arn"], issuer["userName"]) == (f"arn:aws:iam::{ACCOUNT}:role/worker", "worker")
    assert identity(Principal("events.amazonaws.com", ACCOUNT)) == {
        "type": "AWSService",
        "invokedBy": "events.amazonaws.com",
    }
    assert identity(None) == {"type": "Unknown"}


def test_a_program_at_its_own_door_cannot_say_where_it_is(trail: Trail) -> None:
    entry = trail.entry("s3", "ListBuckets", {})
    entry.came(_request(X_Mlsystem_Principal=SESSION, X_Forwarded_For="10.0.0.7"), "00")
    entry.write(200)
    assert trail.record()["sourceIPAddress"] == "AWS Internal"


@pytest.mark.parametrize(
    ("service", "operation", "given"),
    [
        ("secretsmanager", "CreateSecret", {"Name": "n", "SecretString": SECRET}),
        ("secretsmanager", "PutSecretValue", {"SecretId": "n", "SecretBinary": SECRET.encode()}),
        ("kms", "Encrypt", {"KeyId": "k", "Plaintext": SECRET.encode()}),
        ("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": SECRET.encode()}),
        ("lambda", "Invoke", {"FunctionName": "f", "Payload": SECRET.encode()}),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Environment": {"Variables": {"A": SECRET}}}),
        ("sagemaker", "CreateTrainingJob", {"TrainingJobName": "t", "Environment": {"A": SECRET}}),
        ("sagemaker", "CreateTrainingJob", {"TrainingJobName": "t", "HyperParameters": {"db_password": SECRET}}),
        ("sagemaker", "CreateModel", {"ModelName": "m", "PrimaryContainer": {"Environment": {"A": SECRET}}}),
        (
            "codebuild",
            "StartBuild",
            {"projectName": "p", "environmentVariablesOverride": [{"name": "A", "value": SECRET}]},
        ),
        (
            "codebuild",
            "CreateProject",
            {"name": "p", "environment": {"environmentVariables": [{"name": "A", "value": SECRET}]}},
        ),
        (
            "cloudformation",
            "CreateStack",
            {"StackName": "s", "Parameters": [{"ParameterKey": "A", "ParameterValue": SECRET}], "TemplateBody": SECRET},
        ),
        (
            "servicecatalog",
            "ProvisionProduct",
            {"ProvisionedProductName": "p", "ProvisioningParameters": [{"Key": "A", "Value": SECRET}]},
        ),
        ("codepipeline", "PutApprovalResult", {"pipelineName": "p", "token": SECRET}),
        ("sns", "Publish", {"TopicArn": "t", "Message": SECRET}),
        ("sns", "PublishBatch", {"TopicArn": "t", "PublishBatchRequestEntries": [{"Id": "1", "Message": SECRET}]}),
        ("events", "PutEvents", {"Entries": [{"Source": "s", "Detail": SECRET}]}),
        ("events", "PutTargets", {"Rule": "r", "Targets": [{"Id": "1", "Arn": "a", "Input": SECRET}]}),
        ("scheduler", "CreateSchedule", {"Name": "s", "Target": {"Arn": "a", "Input": SECRET}}),
        ("logs", "PutLogEvents", {"logGroupName": "g", "logEvents": [{"timestamp": 1, "message": SECRET}]}),
        ("stepfunctions", "StartExecution", {"stateMachineArn": "a", "input": SECRET}),
        ("stepfunctions", "SendTaskSuccess", {"taskToken": SECRET, "output": SECRET}),
        ("codecommit", "PutFile", {"repositoryName": "r", "fileContent": SECRET.encode()}),
    ],
)
def test_neither_secrets_nor_bodies_are_told(
    trail: Trail, service: str, operation: str, given: Mapping[str, Any]
) -> None:
    trail.entry(service, operation, given).write(200)
    assert SECRET not in (trail.folder / TRAIL).read_text()
    assert trail.record()["eventName"] == operation


@pytest.mark.parametrize("quoted", [f"{SECRET!r} is too short", "Invalid type for parameter SecretString, value: 1234"])
def test_an_error_that_quotes_what_is_hidden_is_hidden_too(trail: Trail, quoted: str) -> None:
    entry = trail.entry("secretsmanager", "CreateSecret", {"Name": [1234], "SecretString": SECRET, "Tags": 1234})
    entry.error = AwsError("ValidationException", quoted)
    entry.write(400)
    assert (trail.record()["errorCode"], trail.record()["errorMessage"]) == ("ValidationException", HIDDEN)
    entry.error = AwsError("ValidationException", "The name is taken.")
    entry.write(400)
    assert trail.record()["errorMessage"] == "The name is taken."


def test_an_answer_is_told_by_its_names_alone(trail: Trail) -> None:
    entry = trail.entry("sts", "AssumeRole", {"RoleArn": "arn:r", "RoleSessionName": "s"})
    entry.answered({"Credentials": {"SecretAccessKey": SECRET, "SessionToken": SECRET}, "PackedPolicySize": 1})
    entry.write(200)
    assert trail.record()["responseElements"] is None
    entry = trail.entry("secretsmanager", "GetSecretValue", {"SecretId": "s"})
    entry.answered({"ARN": "a", "SecretString": SECRET})
    entry.write(200)
    assert SECRET not in (trail.folder / TRAIL).read_text()


def test_what_is_told_of_a_request_is_short(trail: Trail) -> None:
    keys = [{"Key": f"{number}"} for number in range(1000)]
    assert len(trail.told("s3", "DeleteObjects", Bucket="b", Delete={"Objects": keys})["delete"]["objects"]) == (
        MOST_ITEMS + 1
    )
    policy = "x" * 10_000
    told = trail.told("iam", "PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=policy)
    assert told["policyDocument"] == "x" * LONGEST_TEXT + "… (10000 characters)"
    tags = [{"Key": f"{number}", "Value": "v" * 400} for number in range(50)]
    told = trail.told("sagemaker", "AddTags", ResourceArn="a", Tags=tags * 4)
    assert len(json.dumps(told)) < 2 * MOST_CHARACTERS


def test_a_member_of_another_type_than_the_model_has_breaks_nothing(trail: Trail) -> None:
    assert trail.told("s3", "DeleteObjects", Bucket={"a": "b"}, Delete="text", Unknown=1) == {
        "bucket": "…",
        "delete": HIDDEN,
    }


@pytest.mark.parametrize(
    ("service", "operation", "category", "is_read"),
    [
        ("s3", "GetObject", "Data", True),
        ("s3", "PutObject", "Data", False),
        ("s3", "CreateBucket", "Management", False),
        ("s3", "GetObjectLockConfiguration", "Management", True),
        ("lambda", "Invoke", "Data", False),
        ("sagemaker-runtime", "InvokeEndpoint", "Data", False),
        ("sagemaker", "DescribeEndpoint", "Management", True),
    ],
)
def test_calls_about_data_are_told_from_those_about_resources(
    trail: Trail, service: str, operation: str, category: str, is_read: bool
) -> None:
    trail.entry(service, operation, {}).write(200)
    record = trail.record()
    assert (record["eventCategory"], record["readOnly"]) == (category, is_read)
