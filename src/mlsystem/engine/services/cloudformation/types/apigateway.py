"""AWS::ApiGateway::RestApi, Deployment and Stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import tag_map, tagged

OF_API = ("Description", "BinaryMediaTypes", "EndpointConfiguration", "DisableExecuteApiEndpoint")
# Template members of a MethodSetting, and the ends of the paths by which UpdateStage knows them.
METHOD_SETTINGS = {
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
    "MetricsEnabled": "metrics/enabled",
    "LoggingLevel": "logging/loglevel",
    "DataTraceEnabled": "logging/dataTrace",
    "CachingEnabled": "caching/enabled",
    "CacheTtlInSeconds": "caching/ttlInSeconds",
    "CacheDataEncrypted": "caching/dataEncrypted",
}
METHOD_KEY = ("HttpMethod", "ResourcePath")
STAGE_TEXTS = {"Description": "/description", "TracingEnabled": "/tracingEnabled"}

Patch = dict[str, str]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# ------------------------------------------------------------------ the API
def _api(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    name = properties.get("Name") or properties.get("Body", {}).get("info", {}).get("title") or site.made_up_name(255)
    request = {"name": name, **{member: properties[member] for member in OF_API if member in properties}}
    return tagged(request, "tags", tag_map(site, properties))


def _define(site: Site, api_id: str, properties: Properties) -> None:
    if "Body" not in properties:
        return
    request: dict[str, Any] = {
        "restApiId": api_id,
        "mode": properties.get("Mode", "overwrite"),
        "body": json.dumps(properties["Body"]).encode(),
    }
    if "Parameters" in properties:
        request["parameters"] = properties["Parameters"]
    if "FailOnWarnings" in properties:
        request["failOnWarnings"] = properties["FailOnWarnings"]
    site.call("apigateway", "PutRestApi", coerced("apigateway", "PutRestApi", request))


def _change_api(site: Site, api_id: str, old: Properties, new: Properties) -> None:
    _define(site, api_id, new)
    patches = [
        {"op": "replace", "path": f"/{member.lower()}", "value": str(new[member])}
        for member in ("Name", "Description")
        if member in new and old.get(member) != new[member]
    ]
    if patches:
        site.call("apigateway", "UpdateRestApi", {"restApiId": api_id, "patchOperations": patches})


def _describe_api(site: Site, api_id: str) -> dict[str, Any]:
    found = site.call("apigateway", "GetRestApi", {"restApiId": api_id})
    return {"RestApiId": api_id, "RootResourceId": found.get("rootResourceId", "")}


REST_API = ApiType(
    name="AWS::ApiGateway::RestApi",
    service="apigateway",
    create_operation="CreateRestApi",
    delete_operation="DeleteRestApi",
    properties=frozenset({"Name", "Body", "Parameters", "FailOnWarnings", "Mode", "Tags", *OF_API}),
    attributes=frozenset({"RestApiId", "RootResourceId"}),
    arguments=_api,
    identify=lambda answer, _request: str(answer["id"]),
    describe=_describe_api,
    delete_request=lambda api_id, _properties: {"restApiId": api_id},
    change=_change_api,
    finish=_define,
)


# ------------------------------------------------------------------ a deployment
def _retell(site: Site, deployment: str, old: Properties, new: Properties) -> None:
    request = {"restApiId": new["RestApiId"], "deploymentId": deployment}
    patch = {"op": "replace", "path": "/description", "value": new.get("Description", "")}
    site.call("apigateway", "UpdateDeployment", {**request, "patchOperations": [patch]})


DEPLOYMENT = ApiType(
    name="AWS::ApiGateway::Deployment",
    service="apigateway",
    create_operation="CreateDeployment",
    delete_operation="DeleteDeployment",
    properties=frozenset({"RestApiId", "Description", "StageName"}),
    required=frozenset({"RestApiId"}),
    attributes=frozenset({"DeploymentId"}),
    immutable=frozenset({"RestApiId", "StageName"}),
    identify=lambda answer, _request: str(answer["id"]),
    describe=lambda _site, deployment: {"DeploymentId": deployment},
    delete_request=lambda deployment, properties: {"restApiId": properties["RestApiId"], "deploymentId": deployment},
    change=_retell,
)


# ------------------------------------------------------------------ a stage
def stage_patches(old: Properties, new: Properties) -> list[Patch]:
    """What UpdateStage must do to come from the old properties to the new ones, the deployment aside."""
    before, after = _settings(old), _settings(new)
    patches = [{"op": "remove", "path": path} for path in sorted(set(_methods(old)) - set(_methods(new)))]
    patches += [_replace(path, value) for path, value in after.items() if before.get(path) != value]
    variables, wanted = old.get("Variables", {}), new.get("Variables", {})
    patches += [{"op": "remove", "path": f"/variables/{name}"} for name in sorted(set(variables) - set(wanted))]
    patches += [_replace(f"/variables/{k}", _text(v)) for k, v in wanted.items() if variables.get(k) != v]
    for member, path in STAGE_TEXTS.items():
        if member in new and old.get(member) != new[member]:
            patches.append(_replace(path, _text(new[member])))
    return patches


def _replace(path: str, value: str) -> Patch:
    return {"op": "replace", "path": path, "value": value}


def _method(setting: Mapping[str, Any]) -> str:
    """`/*` with method `*` is every method of the stage; other paths are written with `~1` for `/`."""
    resource = str(setting.get("ResourcePath", "/*"))
    path = "*" if resource == "/*" else resource.replace("/", "~1")
    return f"/{path}/{setting.get('HttpMethod', '*')}"


def _methods(properties: Properties) -> list[str]:
    return [_method(setting) for setting in properties.get("MethodSettings", ())]


def _settings(properties: Properties) -> dict[str, str]:
    return {
        f"{_method(setting)}/{METHOD_SETTINGS.get(name, name)}": _text(value)
        for setting in properties.get("MethodSettings", ())
        for name, value in setting.items()
        if name not in METHOD_KEY
    }


def _stage(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    members = ("RestApiId", "StageName", "DeploymentId", "Description", "Variables", "TracingEnabled")
    request = {member: properties[member] for member in members if member in properties}
    return tagged(request, "tags", tag_map(site, properties))


def _patch(site: Site, stage: str, api_id: str, patches: list[Patch]) -> None:
    if patches:
        request = {"restApiId": api_id, "stageName": stage, "patchOperations": patches}
        site.call("apigateway", "UpdateStage", request)


def _finish_stage(site: Site, stage: str, properties: Properties) -> None:
    """CreateStage takes everything but the settings of methods."""
    methods = {"MethodSettings": properties.get("MethodSettings", ())}
    _patch(site, stage, str(properties["RestApiId"]), stage_patches({}, methods))


def _change_stage(site: Site, stage: str, old: Properties, new: Properties) -> None:
    patches = stage_patches(old, new)
    if "DeploymentId" in new and old.get("DeploymentId") != new["DeploymentId"]:
        patches.insert(0, _replace("/deploymentId", str(new["DeploymentId"])))
    _patch(site, stage, str(new["RestApiId"]), patches)


STAGE = ApiType(
    name="AWS::ApiGateway::Stage",
    service="apigateway",
    create_operation="CreateStage",
    delete_operation="DeleteStage",
    properties=frozenset(
        {
            "RestApiId",
            "StageName",
            "DeploymentId",
            "Description",
            "Variables",
            "TracingEnabled",
            "MethodSettings",
            "Tags",
        }
    ),
    required=frozenset({"RestApiId", "StageName", "DeploymentId"}),
    immutable=frozenset({"RestApiId", "StageName"}),
    arguments=_stage,
    identify=lambda _answer, request: str(request["StageName"]),
    delete_request=lambda stage, properties: {"restApiId": properties["RestApiId"], "stageName": stage},
    change=_change_stage,
    finish=_finish_stage,
)
