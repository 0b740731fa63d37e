"""Requests that no client of AWS sends are refused as the caller's mistake, before any room sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.requests import Request

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.http import http_request
from mlsystem.engine.front.protocol import HttpRequest, ParsedRequest, parse_request, serialize_error
from mlsystem.engine.front.validation import Given, validate
from mlsystem.engine.runtime.api_model import service_model

ACTIVITY = {"X-Amz-Target": "AWSStepFunctions.CreateActivity", "Content-Type": "application/x-amz-json-1.0"}
QUERY = {"Content-Type": "application/x-www-form-urlencoded"}


def refused(service: str, body: bytes, headers: dict[str, str], path: str = "/") -> AwsError:
    with pytest.raises(AwsError) as caught:
        parsed = parse_request(service, HttpRequest("POST", path, "", headers, body))
        validate(service_model(parsed.service).operation_model(parsed.operation), parsed.input)
    return caught.value


@pytest.mark.parametrize("body", [b"null", b'{"name": NaN}', b'{"name": "a", "tags": 1e999}', b"\xff\xfe", b"{" * 5000])
def test_a_body_that_is_no_request(body: bytes) -> None:
    assert refused("states", body, ACTIVITY).code == "SerializationException"


def test_half_of_a_pair_of_surrogates_is_no_text() -> None:
    error = refused("states", b'{"name": "a\\ud800"}', ACTIVITY)
    assert (error.code, "name is no Unicode text" in error.message) == ("ValidationException", True)


@pytest.mark.parametrize("moment", ["1" * 400, "-1e300", '"soon"', "1e999"])
def test_a_moment_that_no_calendar_has(moment: str) -> None:
    headers = {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}
    body = b'{"CreationTimeAfter": %s}' % moment.encode()
    assert refused("sagemaker", body, headers).code == "SerializationException"


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN"])
def test_a_number_beyond_all_bounds_is_no_whole_number(number: str) -> None:
    headers = {**ACTIVITY, "X-Amz-Target": "AWSStepFunctions.ListActivities"}
    assert refused("states", b'{"maxResults": %s}' % number.encode(), headers).code == "SerializationException"


@pytest.mark.parametrize(("number", "is_right"), [(2**31 - 1, True), (2**31, False), (10**25, False)])
def test_whole_numbers_are_as_long_as_aws_has_them(number: int, is_right: bool) -> None:
    operation = service_model("efs").operation_model("DescribeAccessPoints")
    if is_right:
        validate(operation, {"MaxResults": number})
        return
    with pytest.raises(AwsError, match="MaxResults is no whole number of 32 bits"):
        validate(operation, {"MaxResults": number})


@pytest.mark.parametrize("host", ["a" * 300, "0" * 64, "a:b:c", "[", "\udcff"])
def test_which_host_the_client_names_makes_no_difference(host: str) -> None:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    parsed = parse_request("sts", HttpRequest("POST", "/", "", {**QUERY, "Host": host}, body))
    assert parsed.operation == "GetCallerIdentity"
    found = parse_request("s3", HttpRequest("GET", "/bucket/key", "", {"Host": host}))
    assert (found.operation, found.input["Key"]) == ("GetObject", "key")


@pytest.mark.parametrize("path", ["/restapis/a", "/bucket/k\xe9y"])
def test_bytes_beyond_ascii_in_a_url_are_no_fault_of_the_engine(path: str) -> None:
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode("latin-1"), "headers": []}
    request = http_request(Request({**scope, "query_string": b"embed=\xc3\x9f&\xff"}))
    service = "apigateway" if path.startswith("/restapis") else "s3"
    assert parse_request(service, request).operation == ("GetRestApi" if service == "apigateway" else "GetObject")


def test_an_error_in_xml_has_no_character_that_xml_has_not() -> None:
    parsed = parse_request("sts", HttpRequest("POST", "/", "", QUERY, b"Action=GetCallerIdentity&Version=2011-06-15"))
    answer = serialize_error(parsed, AwsError("ValidationError", "a\x1b[31m\ufffe\0\ud800b"), "id")
    assert b"a?[31m???b" in answer.body
    assert isinstance(parsed, ParsedRequest)


# ---------------------------------------------------------------------- structures
def given(service: str, operation: str, request: dict[str, Any]) -> Given:
    return Given(service_model(service).operation_model(operation), request)


def test_a_member_that_a_room_cannot_do_without_is_missed_by_its_path() -> None:
    request = given("stepfunctions", "CreateActivity", {"name": "a", "tags": [{"key": "k"}, {"value": "v"}]})
    assert request["tags"][0]["key"] == "k"
    with pytest.raises(AwsError, match=r"CreateActivity: tags\[1\]\.key is required") as caught:
        request["tags"][1]["key"]
    assert caught.value.code == "ValidationException"


def test_maps_and_documents_of_a_request_are_what_they_are() -> None:
    request = given("lambda", "CreateFunction", {"Environment": {"Variables": {"A": "b"}}})
    with pytest.raises(KeyError):
        request["Environment"]["Variables"]["B"]
    assert json.loads(json.dumps(request)) == {"Environment": {"Variables": {"A": "b"}}}
