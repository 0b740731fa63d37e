"""What API Gateway tells a function of an HTTP request, and what it makes of the function's answer. Pure.

The Lambda proxy integration of REST APIs, payload version 1.0.
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from .http import Headers, Request, Response
from .stages import Integration, Stage, Target

LARGEST_EVENT_BYTES = 6 * 1024 * 1024
_ANSWER_MEMBERS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
# What the front door adds for its own use.
_PRIVATE = ("x-envoy-", "x-request-id", "x-mlsystem-", "connection", "content-length", "transfer-encoding", "expect")
# These are API Gateway's own in every answer.
_NOT_PASSED_ON = {"content-length", "transfer-encoding", "connection"}


@dataclass(frozen=True)
class Circumstances:
    """What is not in the request itself; `at` in seconds since the epoch."""

    request_id: str
    extended_request_id: str
    at: float


def refusal(status: int, message: str) -> Response:
    """An answer of API Gateway itself."""
    return Response(status, (("Content-Type", "application/json"),), json.dumps({"message": message}).encode())


def event(
    request: Request,
    target: Target,
    stage: Stage,
    integration: Integration,
    parameters: Mapping[str, str],
    circumstances: Circumstances,
) -> dict[str, Any]:
    """The event that the function gets."""
    headers = [(_title(name), value) for name, value in request.headers if not name.lower().startswith(_PRIVATE)]
    query = parse_qsl(target.query, keep_blank_values=True)
    is_binary = _is_binary(dict(headers).get("Content-Type", ""), stage.binary_media_types)
    return {
        "resource": integration.resource,
        "path": target.path,
        "httpMethod": request.method,
        "headers": dict(headers) or None,
        "multiValueHeaders": _multiple(headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _multiple(query),
        "pathParameters": dict(parameters) or None,
        "stageVariables": stage.variables or None,
        "requestContext": _context(request, target, stage, integration, circumstances, dict(headers)),
        "body": _body(request.body, is_binary),
        "isBase64Encoded": is_binary and bool(request.body),
    }


def answer(payload: bytes, request: Request, stage: Stage) -> Response:
    """The HTTP answer behind what the function returned; 502 for anything that is not one."""
    try:
        document = json.loads(payload)
        return _answer(document, request, stage)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        return refusal(502, "Internal server error")


def _answer(document: Any, request: Request, stage: Stage) -> Response:
    if not isinstance(document, dict) or not set(document) <= _ANSWER_MEMBERS:
        raise ValueError("malformed Lambda proxy response")
    status = int(document.get("statusCode") or 200)
    if not 100 <= status <= 599:
        raise ValueError("malformed Lambda proxy response: statusCode")
    body = document.get("body")
    if body is not None and not isinstance(body, str):
        raise ValueError("malformed Lambda proxy response: body")
    data = (body or "").encode()
    if document.get("isBase64Encoded") and _wants_binary(request, stage.binary_media_types):
        data = base64.b64decode(data, validate=True)
    return Response(status, _answer_headers(document), data)


def _answer_headers(document: Mapping[str, Any]) -> Headers:
    """Those with several values first; a name in both has the values of both."""
    several = [
        (name, _text(value)) for name, values in (document.get("multiValueHeaders") or {}).items() for value in values
    ]
    single = [(name, _text(value)) for name, value in (document.get("headers") or {}).items() if value is not None]
    headers = [*several, *(pair for pair in single if pair not in several)]
    headers = [(name, value) for name, value in headers if name.lower() not in _NOT_PASSED_ON]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return tuple(headers)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise TypeError("malformed Lambda proxy response: a header is no text")
    return str(value)


def _context(
    request: Request,
    target: Target,
    stage: Stage,
    integration: Integration,
    circumstances: Circumstances,
    headers: Mapping[str, str],
) -> dict[str, Any]:
    at = datetime.fromtimestamp(circumstances.at, UTC)
    domain = f"{stage.api_id}.execute-api.{stage.region}.amazonaws.com"
    return {
        "accountId": stage.account,
        "apiId": stage.api_id,
        "deploymentId": stage.deployment_id,
        "domainName": domain,
        "domainPrefix": stage.api_id,
        "extendedRequestId": circumstances.extended_request_id,
        "httpMethod": request.method,
        "identity": _identity(headers),
        "path": f"/{stage.stage}{target.path}",
        "protocol": "HTTP/1.1",
        "requestId": circumstances.request_id,
        "requestTime": at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(circumstances.at * 1000),
        "resourceId": integration.resource_id,
        "resourcePath": integration.resource,
        "stage": stage.stage,
    }


def _identity(headers: Mapping[str, str]) -> dict[str, str | None]:
    unknown = (
        "accessKey accountId apiKey apiKeyId caller cognitoAuthenticationProvider cognitoAuthenticationType "
        "cognitoIdentityId cognitoIdentityPoolId principalOrgId user userArn"
    )
    source = headers.get("X-Forwarded-For", "127.0.0.1").split(",")[0].strip()
    return {**dict.fromkeys(unknown.split()), "sourceIp": source, "userAgent": headers.get("User-Agent")}


def _body(body: bytes, is_binary: bool) -> str | None:
    if not body:
        return None
    return base64.b64encode(body).decode() if is_binary else body.decode(errors="replace")


def _multiple(pairs: list[tuple[str, str]]) -> dict[str, list[str]] | None:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found or None


def _title(name: str) -> str:
    """As clients of HTTP/1.1 mostly write it: the door tells names in small letters."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _is_binary(content_type: str, binary_media_types: list[str]) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    family = kind.split("/")[0] + "/*"
    return bool(kind) and any(wanted.lower() in (kind, family, "*/*") for wanted in binary_media_types)


def _wants_binary(request: Request, binary_media_types: list[str]) -> bool:
    accepted = (request.header("accept") or "").split(",")[0]
    return "*/*" in binary_media_types or _is_binary(accepted, binary_media_types)
