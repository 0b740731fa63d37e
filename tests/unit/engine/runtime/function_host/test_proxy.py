"""The conversion between HTTP and the events of a proxy integration."""

from __future__ import annotations

import base64
import json

import pytest

from mlsystem.engine.runtime.function_host import proxy
from mlsystem.engine.runtime.function_host.http import Request
from mlsystem.engine.runtime.function_host.stages import Integration, Stage, parse_target

PROXY = Integration("ANY", "/{proxy+}", "r1", "f:live", "arn:f:live", True)
ITEM = Integration("GET", "/items/{id}", "r2", "f:live", "arn:f:live", True)
NEW = Integration("GET", "/items/new", "r3", "f:live", "arn:f:live", True)


def _stage(*integrations: Integration, binary: tuple[str, ...] = ()) -> Stage:
    return Stage("api1", "Prod", "000000000000", "us-east-1", "d1", None, list(binary), list(integrations))


def _event(request: Request, stage: Stage) -> dict[str, object]:
    target = parse_target(request.target)
    assert target is not None
    found = stage.find(request.method, target.path)
    assert found is not None
    return proxy.event(request, target, stage, *found, proxy.Circumstances("id-1", "ext=", 1_700_000_000.0))


def test_a_path_is_taken_apart() -> None:
    target = parse_target("/_api/abc/Prod/a/b?x=1")
    assert target is not None
    assert (target.api_id, target.stage, target.path, target.query) == ("abc", "Prod", "/a/b", "x=1")
    assert parse_target("/_api/abc") is None
    root = parse_target("/_api/abc/Prod")
    assert root is not None
    assert root.path == "/"


@pytest.mark.parametrize(
    ("path", "resource", "parameters"),
    [
        ("/items/new", "/items/new", {}),
        ("/items/7", "/items/{id}", {"id": "7"}),
        ("/items/7/", "/items/{id}", {"id": "7"}),
        ("/items/a%2Fb", "/items/{id}", {"id": "a/b"}),
        ("/x/y/z", "/{proxy+}", {"proxy": "x/y/z"}),
    ],
)
def test_a_literal_part_wins_over_a_parameter_and_that_over_a_greedy_one(
    path: str, resource: str, parameters: dict[str, str]
) -> None:
    found = _stage(PROXY, ITEM, NEW).find("GET", path)
    assert found is not None
    assert (found[0].resource, found[1]) == (resource, parameters)


def test_what_has_no_value_is_null() -> None:
    event = _event(Request("GET", "/_api/api1/Prod/items/1", (), b""), _stage(ITEM))
    empty = ("headers", "queryStringParameters", "multiValueQueryStringParameters", "stageVariables", "body")
    assert [event[name] for name in empty] == [None] * len(empty)
    assert event["isBase64Encoded"] is False


def test_the_doors_own_headers_stay_private() -> None:
    headers = (("x-envoy-retry", "1"), ("x-request-id", "r"), ("content-type", "text/csv"), ("x-a", "1"), ("X-A", "2"))
    event = _event(Request("POST", "/_api/api1/Prod/q", headers, b"1,2"), _stage(PROXY))
    assert event["headers"] == {"Content-Type": "text/csv", "X-A": "2"}
    assert event["multiValueHeaders"] == {"Content-Type": ["text/csv"], "X-A": ["1", "2"]}
    assert event["body"] == "1,2"


def test_only_binary_media_types_travel_as_base64() -> None:
    request = Request("POST", "/_api/api1/Prod/q", (("Content-Type", "image/png; a=b"),), b"\xff")
    assert _event(request, _stage(PROXY, binary=("image/*",)))["body"] == base64.b64encode(b"\xff").decode()
    assert _event(request, _stage(PROXY, binary=("text/csv",)))["body"] == "\ufffd"


REQUEST = Request("GET", "/_api/api1/Prod/q", (), b"")


def test_an_answer_becomes_http() -> None:
    answer = {"statusCode": 404, "headers": {"X-B": True, "Content-Length": "9"}, "body": "no"}
    response = proxy.answer(json.dumps(answer).encode(), REQUEST, _stage(PROXY))
    assert (response.status, response.body) == (404, b"no")
    assert response.headers == (("X-B", "true"), ("Content-Type", "application/json"))


@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b"[]", b'"x"', b'{"statusCode": 99}', b'{"body": 1}', b'{"cookies": []}', b'{"headers": {"a": []}}'],
)
def test_anything_else_is_a_bad_gateway(payload: bytes) -> None:
    response = proxy.answer(payload, REQUEST, _stage(PROXY))
    assert (response.status, json.loads(response.body)) == (502, {"message": "Internal server error"})
