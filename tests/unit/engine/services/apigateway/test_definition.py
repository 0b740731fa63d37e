"""OpenAPI definitions with API Gateway's extensions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.apigateway.definition import methods, read_body, resource_paths

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f:live"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{ARN}/invocations"
OPERATION = {"x-amazon-apigateway-integration": {"type": "AWS_PROXY", "httpMethod": "POST", "uri": URI}}


def _document(**values: Any) -> dict[str, Any]:
    return {"openapi": "3.0.1", "info": {"title": "t"}, "paths": {"/a/{b}": {"get": OPERATION}}, **values}


def test_each_method_names_its_function() -> None:
    (method,) = methods(_document())
    assert (method.http_method, method.resource, method.arn, method.target) == ("GET", "/a/{b}", ARN, "f:live")
    assert resource_paths([method]) == ["/", "/a", "/a/{b}"]


def test_swagger_is_read_too() -> None:
    any_method = {"/": {"x-amazon-apigateway-any-method": OPERATION}}
    (method,) = methods({"swagger": "2.0", "info": {"title": "t"}, "paths": any_method})
    assert method.http_method == "ANY"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"info": {}}'])
def test_what_is_no_definition_is_refused(body: bytes) -> None:
    with pytest.raises(AwsError, match="Invalid OpenAPI input"):
        read_body(body)


def test_a_method_without_an_integration_is_refused_with_its_place() -> None:
    with pytest.raises(AwsError, match="GET /x"):
        methods(_document(paths={"/x": {"get": {}}}))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"security": [{"key": []}]}, "security"),
        ({"components": {"securitySchemes": {"judge": {}}}}, "judge"),
        ({"paths": {"/": {"get": {"x-amazon-apigateway-integration": {"type": "mock"}}}}}, "mock"),
    ],
)
def test_what_is_not_played_is_refused_by_name(change: dict[str, Any], named: str) -> None:
    with pytest.raises(NotImplementedHere, match=named):
        methods(read_body(json.dumps(_document(**change))))


@pytest.mark.parametrize(
    "members",
    [
        {"paths": 5},
        {"paths": {"/a": [1]}},
        {"paths": {"/a": {"post": "x"}}},
        {"paths": {"/a": {"post": {"x-amazon-apigateway-integration": "x"}}}},
        {"components": "x"},
        {"components": {"securitySchemes": [1]}},
        {"components": {"securitySchemes": {"k": "x"}}},
    ],
)
def test_members_of_another_type_are_refused(members: dict[str, Any]) -> None:
    with pytest.raises(AwsError) as caught:
        methods({"openapi": "3.0.1", **members})
    assert caught.value.code == "BadRequestException"
