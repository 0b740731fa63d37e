"""Answers are, to the byte, what moto's own serializers make of the same result; S3's but for the root that is mended afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from moto.core.serialize import SerializationContext, get_serializer_class

from mlsystem.engine.front.protocol import HttpRequest, ParsedRequest, parse_request, serialize_result
from mlsystem.engine.front.s3_wire import with_root

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OBJECT = {"Key": "k", "LastModified": AT, "Size": 0, "ETag": '"e"', "StorageClass": "STANDARD"}
ACTION = {
    "actionExecutionId": "1",
    "startTime": AT,
    "input": {"configuration": {"a": "b"}, "inputArtifacts": [{"name": "x", "s3location": {"bucket": "b"}}]},
    "output": {"outputArtifacts": [], "outputVariables": {}, "executionResult": None},
}
POST = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = "application/x-amz-json-1.1"
CASES: list[tuple[str, HttpRequest, dict[str, Any]]] = [
    (
        "codepipeline",
        HttpRequest(
            "POST", "/", "", {"Content-Type": JSON, "X-Amz-Target": "CodePipeline_20150709.ListActionExecutions"}, b"{}"
        ),
        {"actionExecutionDetails": [ACTION, ACTION], "nextToken": "t"},
    ),
    (
        "cloudformation",
        HttpRequest("POST", "/", "", POST, b"Action=DescribeStacks&Version=2010-05-15"),
        {"Stacks": [{"StackName": "s", "CreationTime": AT, "Outputs": [{"OutputKey": "o"}], "Tags": []}]},
    ),
    (
        "s3",
        HttpRequest("GET", "/b", "list-type=2", {}),
        {"Name": "b", "Contents": [OBJECT], "CommonPrefixes": [{"Prefix": "p/"}], "KeyCount": 2, "IsTruncated": False},
    ),
    (
        "lambda",
        HttpRequest("GET", "/2015-03-31/functions/f/configuration", "", {}),
        {"FunctionName": "f", "Environment": {"Variables": {"A": "", "B": "1"}}, "Timeout": 3, "Layers": []},
    ),
]


@pytest.mark.parametrize(("service", "request_", "result"), CASES, ids=[service for service, *_ in CASES])
def test_an_answer_is_what_motos_own_serializer_writes(
    service: str, request_: HttpRequest, result: dict[str, Any]
) -> None:
    parsed: ParsedRequest = parse_request(service, request_)
    own = get_serializer_class(service, parsed.wire)(parsed.model, context=SerializationContext("id"))
    wanted = own.serialize(dict(result))
    found = serialize_result(parsed, result, "id")
    assert found.status == wanted["status_code"]
    body = str(wanted["body"]).encode()
    assert found.body == (with_root(parsed.operation, body) if service == "s3" else body)
