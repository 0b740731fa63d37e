"""AWS::StepFunctions::StateMachine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site

VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


def _definition(site: Site, properties: Properties) -> str:
    """From DefinitionString, Definition or S3, with `${name}` replaced by DefinitionSubstitutions."""
    if "DefinitionS3Location" in properties:
        place = properties["DefinitionS3Location"]
        request = {"Bucket": place["Bucket"], "Key": place["Key"]}
        text = site.call("s3", "GetObject", request)["Body"].read().decode()
    elif "Definition" in properties:
        text = json.dumps(properties["Definition"])
    else:
        text = str(properties["DefinitionString"])
    substitutions: Mapping[str, Any] = properties.get("DefinitionSubstitutions", {})
    return VARIABLE.sub(lambda match: str(substitutions.get(match[1], match[0])), text)


def _arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {
        "name": properties.get("StateMachineName") or site.made_up_name(80),
        "definition": _definition(site, properties),
        "roleArn": properties["RoleArn"],
        "type": properties.get("StateMachineType", "STANDARD"),
    }
    if "Tags" in properties:
        request["tags"] = [{"key": tag["Key"], "value": tag["Value"]} for tag in properties["Tags"]]
    return request


def _change(site: Site, arn: str, _old: Properties, new: Properties) -> None:
    request = {"stateMachineArn": arn, "definition": _definition(site, new), "roleArn": new["RoleArn"]}
    site.call("stepfunctions", "UpdateStateMachine", request)


STATE_MACHINE = ApiType(
    name="AWS::StepFunctions::StateMachine",
    service="stepfunctions",
    create_operation="CreateStateMachine",
    delete_operation="DeleteStateMachine",
    properties=frozenset(
        {"StateMachineName", "StateMachineType", "RoleArn", "DefinitionString", "Definition", "DefinitionS3Location"}
        | {"DefinitionSubstitutions", "Tags"}
    ),
    required=frozenset({"RoleArn"}),
    attributes=frozenset({"Arn", "Name"}),
    immutable=frozenset({"StateMachineName", "StateMachineType"}),
    arguments=_arguments,
    identify=lambda answer, _request: str(answer["stateMachineArn"]),
    describe=lambda _site, arn: {"Arn": arn, "Name": arn.rsplit(":", 1)[-1]},
    delete_request=lambda arn, _properties: {"stateMachineArn": arn},
    change=_change,
)
