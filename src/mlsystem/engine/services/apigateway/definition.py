"""An API's definition, OpenAPI or Swagger with API Gateway's extensions: the methods in it, and the functions behind them. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere

INTEGRATION = "x-amazon-apigateway-integration"
ANY_METHOD = "x-amazon-apigateway-any-method"
BINARY_TYPES = "x-amazon-apigateway-binary-media-types"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
# What would change how requests are answered, and is not played here.
_REFUSED_OF_API = (
    "x-amazon-apigateway-auth",
    "x-amazon-apigateway-authorizers",
    "x-amazon-apigateway-request-validator",
    "x-amazon-apigateway-policy",
    "x-amazon-apigateway-api-key-source",
    "security",
)
_REFUSED_OF_METHOD = ("x-amazon-apigateway-auth", "x-amazon-apigateway-request-validator")
AUTHORIZATION_TYPE = "x-amazon-apigateway-authtype"
_FUNCTION_URI = re.compile(
    r"arn:[a-z-]+:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/"
    r"(?P<arn>arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:(?P<target>[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?))/invocations"
)


class Method(BaseModel):
    """A method on a resource and the function that it is integrated with; `target` is `name` or `name:qualifier`.

    `is_signed`: only for whom IAM lets call it (AWS_IAM); `is_key_required`: only with a key of a usage plan.
    """

    model_config = ConfigDict(frozen=True)

    http_method: str
    resource: str
    arn: str
    target: str
    is_signed: bool = False
    is_key_required: bool = False


def read_body(body: bytes | str) -> dict[str, Any]:
    """Raises AwsError for what is no JSON object."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise AwsError("BadRequestException", f"Invalid OpenAPI input: it is not JSON: {error}") from error
    if not isinstance(document, dict) or not ({"openapi", "swagger"} & set(document)):
        raise AwsError("BadRequestException", "Invalid OpenAPI input: it has neither `openapi` nor `swagger`.")
    return document


def methods(document: Mapping[str, Any]) -> list[Method]:
    """Raises NotImplementedHere, naming what the engine does not play, and AwsError for what is wrong."""
    for name in _REFUSED_OF_API:
        if document.get(name):
            raise NotImplementedHere(f"apigateway with {name}")
    components = object_of(document.get("components"), "components")
    found = components.get("securitySchemes") or document.get("securityDefinitions")
    schemes = {
        name: _scheme(name, object_of(scheme, name)) for name, scheme in object_of(found, "security schemes").items()
    }
    return [
        _method(http_method, resource, object_of(operation, f"{http_method} {resource}"), schemes)
        for resource, item in object_of(document.get("paths"), "paths").items()
        for http_method, operation in _operations(object_of(item, resource))
    ]


def object_of(value: Any, what: str) -> Mapping[str, Any]:
    """Empty where there is none. Raises AwsError."""
    if value and not isinstance(value, dict):
        raise AwsError("BadRequestException", f"Invalid OpenAPI input: {what} must be an object.")
    return value or {}


def _scheme(name: str, scheme: Mapping[str, Any]) -> str:
    """`key` or `signature`. Raises NotImplementedHere for every other authorizer."""
    where = (scheme.get("type"), str(scheme.get("in", "")).lower(), str(scheme.get("name", "")).lower())
    if where == ("apiKey", "header", "x-api-key") and AUTHORIZATION_TYPE not in scheme:
        return "key"
    if where == ("apiKey", "header", "authorization") and scheme.get(AUTHORIZATION_TYPE) == "awsSigv4":
        return "signature"
    raise NotImplementedHere(f"apigateway with the authorizer {name}")


def _operations(item: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, operation in item.items():
        if name in METHODS:
            yield name.upper(), operation
        elif name == ANY_METHOD:
            yield "ANY", operation


def _method(http_method: str, resource: str, operation: Mapping[str, Any], schemes: Mapping[str, str]) -> Method:
    where = f"{http_method} {resource}"
    for name in _REFUSED_OF_METHOD:
        if operation.get(name):
            raise NotImplementedHere(f"apigateway with {name} of {where}")
    integration = object_of(operation.get(INTEGRATION), f"the integration of {where}")
    if not integration:
        raise AwsError("BadRequestException", f"No integration defined for method: {where}")
    if str(integration.get("type", "")).lower() != "aws_proxy":
        raise NotImplementedHere(f"apigateway with an integration of type {integration.get('type')} ({where})")
    match = _FUNCTION_URI.fullmatch(str(integration.get("uri", "")))
    if match is None:
        raise NotImplementedHere(f"apigateway with the integration {integration.get('uri')!r} ({where})")
    asked = _asked(operation.get("security") or (), schemes, where)
    return Method(
        http_method=http_method,
        resource=resource,
        arn=match["arn"],
        target=match["target"],
        is_signed="signature" in asked,
        is_key_required="key" in asked,
    )


def _asked(security: Any, schemes: Mapping[str, str], where: str) -> set[str]:
    if not isinstance(security, list | tuple) or not all(isinstance(entry, dict) for entry in security):
        raise AwsError("BadRequestException", f"Invalid OpenAPI input: security of {where} must be a list of objects.")
    names = [name for entry in security for name in entry]
    unknown = sorted(set(names) - set(schemes))
    if unknown:
        raise AwsError("BadRequestException", f"{where}: there is no security scheme {', '.join(unknown)}")
    return {schemes[name] for name in names}


def resource_id(api_id: str, path: str) -> str:
    """Ten letters and digits, the same at every import."""
    digest = hashlib.sha256(f"{api_id}{path}".encode()).hexdigest()
    return digest[:10]


def resource_paths(found: list[Method]) -> list[str]:
    """Every resource, with the ones above it, from the root on."""
    paths = {"/"}
    for method in found:
        parts = method.resource.strip("/").split("/")
        paths |= {"/" + "/".join(parts[: count + 1]) for count in range(len(parts))}
    return sorted(paths)
