"""AWS::ApiGateway::ApiKey, UsagePlan and UsagePlanKey: who may call an API with a key, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Outcome, Properties, Site, is_gone
from mlsystem.engine.services.cloudformation.tags import tag_map, tagged

Patch = dict[str, str]


def _replaced(member: str, path: str, old: Properties, new: Properties, default: str = "") -> list[Patch]:
    value = str(new.get(member, default))
    patch = {"op": "replace", "path": path, "value": value.lower() if value in ("True", "False") else value}
    return [patch] if old.get(member) != new.get(member) else []


# ------------------------------------------------------------------ a key
def _key(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    named = {**properties, "Name": properties.get("Name") or site.made_up_name(255)}
    return tagged(named, "tags", tag_map(site, properties))


def _change_key(site: Site, key: str, old: Properties, new: Properties) -> None:
    patches = _replaced("Description", "/description", old, new)
    patches += _replaced("Enabled", "/enabled", old, new, "false")
    if patches:
        site.call("apigateway", "UpdateApiKey", {"apiKey": key, "patchOperations": patches})


API_KEY = ApiType(
    name="AWS::ApiGateway::ApiKey",
    service="apigateway",
    create_operation="CreateApiKey",
    delete_operation="DeleteApiKey",
    properties=frozenset({"Name", "Description", "Enabled", "Value", "Tags"}),
    attributes=frozenset({"APIKeyId"}),
    immutable=frozenset({"Name", "Value"}),
    arguments=_key,
    identify=lambda answer, _request: str(answer["id"]),
    describe=lambda _site, key: {"APIKeyId": key},
    delete_request=lambda key, _properties: {"apiKey": key},
    change=_change_key,
)


# ------------------------------------------------------------------ a plan
def _plan(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request = {name: value for name, value in properties.items() if name != "UsagePlanName"}
    request["name"] = properties.get("UsagePlanName") or site.made_up_name(255)
    return tagged(request, "tags", tag_map(site, properties))


def _stages(properties: Properties) -> list[str]:
    return [f"{stage['ApiId']}:{stage['Stage']}" for stage in properties.get("ApiStages", ())]


def _change_plan(site: Site, plan: str, old: Properties, new: Properties) -> None:
    before, after = _stages(old), _stages(new)
    patches = [{"op": "remove", "path": "/apiStages", "value": stage} for stage in before if stage not in after]
    patches += [{"op": "add", "path": "/apiStages", "value": stage} for stage in after if stage not in before]
    patches += _replaced("Description", "/description", old, new)
    patches += _replaced("UsagePlanName", "/name", old, new)
    throttles: tuple[Properties, Properties] = (old.get("Throttle") or {}, new.get("Throttle") or {})
    if throttles[0] and not throttles[1]:
        patches.append({"op": "remove", "path": "/throttle"})
    elif throttles[1]:
        patches += _replaced("BurstLimit", "/throttle/burstLimit", *throttles, default="0")
        patches += _replaced("RateLimit", "/throttle/rateLimit", *throttles, default="0")
    if patches:
        site.call("apigateway", "UpdateUsagePlan", {"usagePlanId": plan, "patchOperations": patches})


@dataclass(frozen=True)
class UsagePlanType(ApiType):
    """A plan that has stages cannot be deleted: they are taken from it first."""

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        try:
            found = site.call("apigateway", "GetUsagePlan", {"usagePlanId": physical_id})["apiStages"]
            named = [f"{stage['apiId']}:{stage['stage']}" for stage in found]
            patches = [{"op": "remove", "path": "/apiStages", "value": stage} for stage in named]
            site.call("apigateway", "UpdateUsagePlan", {"usagePlanId": physical_id, "patchOperations": patches})
        except AwsError as error:
            if not is_gone(error):
                raise
        return super().delete(site, physical_id, properties)


USAGE_PLAN = UsagePlanType(
    name="AWS::ApiGateway::UsagePlan",
    service="apigateway",
    create_operation="CreateUsagePlan",
    delete_operation="DeleteUsagePlan",
    properties=frozenset({"UsagePlanName", "Description", "ApiStages", "Throttle", "Tags"}),
    attributes=frozenset({"Id"}),
    arguments=_plan,
    identify=lambda answer, _request: str(answer["id"]),
    describe=lambda _site, plan: {"Id": plan},
    delete_request=lambda plan, _properties: {"usagePlanId": plan},
    change=_change_plan,
)


# ------------------------------------------------------------------ a key of a plan
def _key_and_plan(physical_id: str) -> dict[str, str]:
    key, plan = physical_id.split(":")
    return {"keyId": key, "usagePlanId": plan}


USAGE_PLAN_KEY = ApiType(
    name="AWS::ApiGateway::UsagePlanKey",
    service="apigateway",
    create_operation="CreateUsagePlanKey",
    delete_operation="DeleteUsagePlanKey",
    properties=frozenset({"KeyId", "KeyType", "UsagePlanId"}),
    required=frozenset({"KeyId", "KeyType", "UsagePlanId"}),
    attributes=frozenset({"Id"}),
    identify=lambda answer, request: f"{answer['id']}:{request['UsagePlanId']}",
    describe=lambda _site, physical_id: {"Id": physical_id},
    delete_request=lambda physical_id, _properties: _key_and_plan(physical_id),
)
