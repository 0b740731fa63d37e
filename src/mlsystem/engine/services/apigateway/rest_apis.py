"""REST APIs and their resources."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import Paging, by_creation, by_member
from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.services.apigateway.api import STAGE_PUBLISHED, ApiRecord, DeploymentRecord, StageRecord
from mlsystem.engine.services.apigateway.definition import (
    BINARY_TYPES,
    Method,
    methods,
    object_of,
    read_body,
    resource_id,
    resource_paths,
)
from mlsystem.engine.store.database import Transaction

T = TypeVar("T")

SETTINGS = "description version binaryMediaTypes endpointConfiguration apiKeySource disableExecuteApiEndpoint"
DEFAULTS = {"apiKeySource": "HEADER", "endpointConfiguration": {"types": ["EDGE"]}, "disableExecuteApiEndpoint": False}
# `parameters` is the query string, in which these have members of their own.
_OF_THE_QUERY = {"mode", "failonwarnings"}

PAGES = Paging(25, "limit", "position", "position")


class RestApis(Part):
    """CreateRestApi, ImportRestApi, PutRestApi, UpdateRestApi, GetRestApi(s), GetResource(s), DeleteRestApi."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateRestApi", accepts=f"name tags {SETTINGS}")
    def create(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        given = {name: request[name] for name in SETTINGS.split() if name in request}
        _check_key_source(given.get("apiKeySource"))
        record = ApiRecord(
            key=new_id(), name=request["name"], settings={**DEFAULTS, **given}, tags=request.get("tags", {})
        )
        return self._respond(call.tx.add(record))

    @operation("ImportRestApi", accepts="body failOnWarnings parameters")
    def import_api(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        document = read_body(request["body"])
        record = ApiRecord(key=new_id(), name=_title(document), settings=self._settings(DEFAULTS, document, request))
        return self._respond(call.tx.add(record.changed(methods=tuple(methods(document)))))

    @operation("PutRestApi", accepts="restApiId mode body failOnWarnings parameters")
    def put(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_api(call.tx, self._house, request["restApiId"])
        document = read_body(request["body"])
        found = {(method.resource, method.http_method): method for method in methods(document)}
        if request.get("mode", "merge") == "merge":
            found = {**{(method.resource, method.http_method): method for method in record.methods}, **found}
        settings = self._settings(record.settings, document, request)
        updated = record.changed(name=_title(document, record.name), settings=settings, methods=tuple(found.values()))
        call.tx.put(updated)
        return self._respond(updated)

    @operation("UpdateRestApi", accepts="restApiId patchOperations")
    def update(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_api(call.tx, self._house, request["restApiId"])
        for patch in request.get("patchOperations", ()):
            record = _patched(record, patch)
        call.tx.put(record)
        return self._respond(record)

    @operation("GetRestApi", accepts="restApiId")
    def get(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return self._respond(require_api(call.tx, self._house, request["restApiId"]))

    @operation("GetRestApis", accepts="position limit")
    def list(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        return PAGES.page(call.tx.each(ApiRecord), request, "items", by_creation, self._respond)

    @operation("GetResources", accepts="restApiId position limit embed")
    def resources(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_api(call.tx, self._house, request["restApiId"])
        has_methods = "methods" in request.get("embed", ())
        found = [_resource(record, path, has_methods) for path in resource_paths(list(record.methods))]
        return PAGES.page(found, request, "items", by_member("path"))

    @operation("GetResource", accepts="restApiId resourceId embed")
    def resource(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_api(call.tx, self._house, request["restApiId"])
        for path in resource_paths(list(record.methods)):
            if resource_id(record.key, path) == request["resourceId"]:
                return _resource(record, path, "methods" in request.get("embed", ()))
        raise AwsError("NotFoundException", "Invalid Resource identifier specified")

    @operation("DeleteRestApi", accepts="restApiId")
    def delete(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        record = require_api(call.tx, self._house, request["restApiId"])
        for stage in call.tx.all(StageRecord, parent=record.key):
            call.tx.remove(StageRecord, stage.key)
        for deployment in call.tx.all(DeploymentRecord, parent=record.key):
            call.tx.remove(DeploymentRecord, deployment.key)
        call.tx.remove(ApiRecord, record.key)
        self._house.worker.notify(call.tx, record.kind, record.key, Notice(STAGE_PUBLISHED, {"api": record.key}))
        return {}

    # ------------------------------------------------------------------ inner
    def _settings(
        self, before: Mapping[str, Any], document: Mapping[str, Any], request: Mapping[str, Any]
    ) -> dict[str, Any]:
        info = object_of(document.get("info"), "info")
        found: dict[str, Any] = {name: str(info[name]) for name in ("description", "version") if name in info}
        if BINARY_TYPES in document:
            found["binaryMediaTypes"] = _media_types(document[BINARY_TYPES])
        for name, value in request.get("parameters", {}).items():
            if name in _OF_THE_QUERY:
                continue
            if name != "endpointConfigurationTypes":
                raise NotImplementedHere(f"apigateway:ImportRestApi with the parameter {name}")
            found["endpointConfiguration"] = {"types": value.split(",")}
        return {**before, **found}

    def _respond(self, record: ApiRecord) -> dict[str, Any]:
        answer = {"id": record.key, "name": record.name, "createdDate": when(record), **record.settings}
        if record.methods:
            answer["rootResourceId"] = resource_id(record.key, "/")
        return {**answer, "tags": record.tags} if record.tags else answer


def require_api(tx: Transaction, house: House, api_id: str) -> ApiRecord:
    record = tx.get(ApiRecord, api_id)
    if record is None:
        raise AwsError("NotFoundException", f"Invalid API identifier specified {house.scope.account}:{api_id}")
    return record


def new_id(length: int = 10) -> str:
    """As API Gateway's: small letters and digits."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))


def when(record: ApiRecord | DeploymentRecord | StageRecord) -> datetime:
    return datetime.fromtimestamp(record.created_at, UTC)


def _title(document: Mapping[str, Any], default: str = "") -> str:
    title = str(object_of(document.get("info"), "info").get("title", default))
    if not title:
        raise AwsError("BadRequestException", "Invalid OpenAPI input: info.title, the name of the API, is missing.")
    return title


def _media_types(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise AwsError("BadRequestException", f"Invalid OpenAPI input: {BINARY_TYPES} must be a list of media types.")
    return value


def _check_key_source(source: str | None) -> None:
    if source not in (None, "HEADER"):
        raise NotImplementedHere(f"apigateway with the API key source {source}")


def _patched(record: ApiRecord, patch: Mapping[str, Any]) -> ApiRecord:
    op, path, value = patch["op"], patch["path"], patch.get("value", "")
    if op == "replace" and path == "/name":
        return record.changed(name=value)
    if op == "replace" and path in ("/description", "/version", "/apiKeySource"):
        _check_key_source(value if path == "/apiKeySource" else None)
        return record.changed(settings={**record.settings, path[1:]: value})
    if path.startswith("/binaryMediaTypes/") and op in ("add", "remove"):
        kind = path.removeprefix("/binaryMediaTypes/").replace("~1", "/")
        others = [known for known in record.settings.get("binaryMediaTypes", ()) if known != kind]
        types = [*others, kind] if op == "add" else others
        return record.changed(settings={**record.settings, "binaryMediaTypes": types})
    raise NotImplementedHere(f"apigateway:UpdateRestApi with {op} {path}")


def _resource(record: ApiRecord, path: str, has_methods: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": resource_id(record.key, path), "path": path}
    if path != "/":
        parent, _, part = path.rpartition("/")
        answer.update(parentId=resource_id(record.key, parent or "/"), pathPart=part)
    found = {method.http_method: method for method in record.methods if method.resource == path}
    if found:
        answer["resourceMethods"] = {
            name: _method(record.key, method) if has_methods else {} for name, method in found.items()
        }
    return answer


def _method(api_id: str, method: Method) -> dict[str, Any]:
    region = method.arn.split(":")[3]
    uri = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{method.arn}/invocations"
    integration = {"type": "AWS_PROXY", "httpMethod": "POST", "uri": uri, "passthroughBehavior": "WHEN_NO_MATCH"}
    return {
        "httpMethod": method.http_method,
        "authorizationType": "AWS_IAM" if method.is_signed else "NONE",
        "apiKeyRequired": method.is_key_required,
        "methodIntegration": {
            **integration,
            "cacheNamespace": resource_id(api_id, method.resource),
            "timeoutInMillis": 29000,
        },
    }
