"""AWS::KMS::Key and AWS::KMS::Alias."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import gone_tags, tag_list, tagged

IMMUTABLE = ("KeySpec", "KeyUsage", "MultiRegion", "Origin")
CREATED_WITH = ("Description", *IMMUTABLE, "BypassPolicyLockoutSafetyCheck")
SWITCHED = ("EnableKeyRotation", "RotationPeriodInDays", "Enabled")


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request = {name: properties[name] for name in CREATED_WITH if name in properties}
    if "KeyPolicy" in properties:
        request["Policy"] = properties["KeyPolicy"]
    return tagged(request, "Tags", tag_list(site, properties, prefix="Tag"))


def _switch(site: Site, key: str, old: Properties, new: Properties) -> None:
    """Rotation, and whether the key may be used."""
    if _is_true(new.get("EnableKeyRotation", False)):
        period = {"RotationPeriodInDays": new["RotationPeriodInDays"]} if "RotationPeriodInDays" in new else {}
        request = coerced("kms", "EnableKeyRotation", {"KeyId": key, **period})
        site.call("kms", "EnableKeyRotation", request)
    elif _is_true(old.get("EnableKeyRotation", False)):
        site.call("kms", "DisableKeyRotation", {"KeyId": key})
    was, is_enabled = _is_true(old.get("Enabled", True)), _is_true(new.get("Enabled", True))
    if was != is_enabled:
        site.call("kms", "EnableKey" if is_enabled else "DisableKey", {"KeyId": key})


def _change(site: Site, key: str, old: Properties, new: Properties) -> None:
    site.call("kms", "UpdateKeyDescription", {"KeyId": key, "Description": new.get("Description", "")})
    if "KeyPolicy" in new:
        request = {"KeyId": key, "PolicyName": "default", "Policy": new["KeyPolicy"]}
        site.call("kms", "PutKeyPolicy", coerced("kms", "PutKeyPolicy", request))
    if tags := tag_list(site, new, prefix="Tag"):
        site.call("kms", "TagResource", {"KeyId": key, "Tags": tags})
    if gone := gone_tags(site, old, new):
        site.call("kms", "UntagResource", {"KeyId": key, "TagKeys": gone})
    _switch(site, key, old, new)


def _describe(site: Site, key: str) -> dict[str, Any]:
    found = site.call("kms", "DescribeKey", {"KeyId": key})["KeyMetadata"]
    return {"Arn": found["Arn"], "KeyId": found["KeyId"]}


def _deletion(key: str, properties: Properties) -> dict[str, Any]:
    window = properties.get("PendingWindowInDays")
    return {"KeyId": key} if window is None else {"KeyId": key, "PendingWindowInDays": window}


KEY = ApiType(
    name="AWS::KMS::Key",
    service="kms",
    create_operation="CreateKey",
    delete_operation="ScheduleKeyDeletion",
    properties=frozenset({*CREATED_WITH, *SWITCHED, "KeyPolicy", "PendingWindowInDays", "Tags"}),
    attributes=frozenset({"Arn", "KeyId"}),
    immutable=frozenset(IMMUTABLE),
    arguments=_arguments,
    identify=lambda answer, _request: str(answer["KeyMetadata"]["KeyId"]),
    describe=_describe,
    delete_request=_deletion,
    change=_change,
    finish=lambda site, key, properties: _switch(site, key, {}, properties),
)


def _retarget(site: Site, name: str, old: Properties, new: Properties) -> None:
    site.call("kms", "UpdateAlias", {"AliasName": name, "TargetKeyId": new["TargetKeyId"]})


ALIAS = ApiType(
    name="AWS::KMS::Alias",
    service="kms",
    create_operation="CreateAlias",
    delete_operation="DeleteAlias",
    properties=frozenset({"AliasName", "TargetKeyId"}),
    required=frozenset({"AliasName", "TargetKeyId"}),
    immutable=frozenset({"AliasName"}),
    identify=lambda _answer, request: str(request["AliasName"]),
    delete_request=lambda name, _properties: {"AliasName": name},
    change=_retarget,
)
