"""AWS::SecretsManager::Secret."""

from __future__ import annotations

import json
from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import gone_tags, tag_list, tagged


def _generated(site: Site, wanted: Properties) -> str:
    """A password, alone or as one key of the template that is given with it."""
    inner = {"SecretStringTemplate", "GenerateStringKey"}
    request = {name: value for name, value in wanted.items() if name not in inner}
    password = site.call("secretsmanager", "GetRandomPassword", coerced("secretsmanager", "GetRandomPassword", request))
    value = str(password["RandomPassword"])
    if "SecretStringTemplate" not in wanted:
        return value
    return json.dumps({**json.loads(wanted["SecretStringTemplate"]), wanted["GenerateStringKey"]: value})


def _content(site: Site, properties: Properties) -> dict[str, Any]:
    if "SecretString" in properties:
        return {"SecretString": properties["SecretString"]}
    # Not asked for at all: still a value, as Secrets Manager itself would have none.
    return {"SecretString": _generated(site, properties.get("GenerateSecretString", {}))}


def _arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {name: properties[name] for name in ("Description", "KmsKeyId") if name in properties}
    request["Name"] = properties.get("Name") or site.made_up_name(512)
    return tagged({**request, **_content(site, properties)}, "Tags", tag_list(site, properties))


def _change(site: Site, arn: str, old: Properties, new: Properties) -> None:
    request: dict[str, Any] = {name: new[name] for name in ("Description", "KmsKeyId") if name in new}
    asked = ("SecretString", "GenerateSecretString")
    if any(old.get(name) != new.get(name) for name in asked):
        request.update(_content(site, new))
    site.call("secretsmanager", "UpdateSecret", {"SecretId": arn, **request})
    if tags := tag_list(site, new):
        site.call("secretsmanager", "TagResource", {"SecretId": arn, "Tags": tags})
    if gone := gone_tags(site, old, new):
        site.call("secretsmanager", "UntagResource", {"SecretId": arn, "TagKeys": gone})


SECRET = ApiType(
    name="AWS::SecretsManager::Secret",
    service="secretsmanager",
    create_operation="CreateSecret",
    delete_operation="DeleteSecret",
    properties=frozenset({"Name", "Description", "KmsKeyId", "SecretString", "GenerateSecretString", "Tags"}),
    attributes=frozenset({"Id"}),
    immutable=frozenset({"Name"}),
    arguments=_arguments,
    identify=lambda answer, _request: str(answer["ARN"]),
    describe=lambda _site, arn: {"Id": arn},
    delete_request=lambda arn, _properties: {"SecretId": arn, "ForceDeleteWithoutRecovery": True},
    change=_change,
)
