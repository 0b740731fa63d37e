"""AWS::StepFunctions::StateMachine and Activity."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import tag_list, tagged

SOURCES = ("DefinitionString", "Definition", "DefinitionS3Location")
SETTINGS = ("LoggingConfiguration", "TracingConfiguration")


def substituted(text: str, values: Mapping[str, Any]) -> str:
    """`${Name}` by DefinitionSubstitutions; a name that is not among them stays as it is, for the definition to use."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1], match[0])
        if isinstance(found, bool):
            return "true" if found else "false"
        return found if isinstance(found, str) else json.dumps(found)

    return re.sub(r"\$\{([^}]+)\}", value, text)


def _text(site: Site, properties: Properties) -> str:
    given = [name for name in SOURCES if name in properties]
    if len(given) != 1:
        raise AwsError("InvalidRequest", f"Exactly one of {', '.join(SOURCES)} must be given")
    source = properties[given[0]]
    if given[0] != "DefinitionS3Location":
        return source if isinstance(source, str) else json.dumps(source)
    place = {"Bucket": source["Bucket"], "Key": source["Key"]}
    if "Version" in source:
        place["VersionId"] = source["Version"]
    content: bytes = site.call("s3", "GetObject", place)["Body"].read()
    return content.decode()


def _definition(site: Site, properties: Properties) -> str:
    return substituted(_text(site, properties), properties.get("DefinitionSubstitutions", {}))


def _arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {
        "name": properties.get("StateMachineName") or site.made_up_name(80),
        "definition": _definition(site, properties),
        **{name: properties[name] for name in ("RoleArn", *SETTINGS) if name in properties},
    }
    if "StateMachineType" in properties:
        request["type"] = properties["StateMachineType"]
    return tagged(request, "tags", [{"key": tag["Key"], "value": tag["Value"]} for tag in tag_list(site, properties)])


def _change(site: Site, arn: str, old: Properties, new: Properties) -> None:
    request = {
        "stateMachineArn": arn,
        "definition": _definition(site, new),
        **{name: new[name] for name in ("RoleArn", *SETTINGS) if name in new},
    }
    site.call("stepfunctions", "UpdateStateMachine", coerced("stepfunctions", "UpdateStateMachine", request))


def _describe(site: Site, arn: str) -> dict[str, Any]:
    found = site.call("stepfunctions", "DescribeStateMachine", {"stateMachineArn": arn})
    return {"Arn": arn, "Name": found["name"], "StateMachineRevisionId": found.get("revisionId", "INITIAL")}


STATE_MACHINE = ApiType(
    name="AWS::StepFunctions::StateMachine",
    service="stepfunctions",
    create_operation="CreateStateMachine",
    delete_operation="DeleteStateMachine",
    properties=frozenset(
        {"StateMachineName", "StateMachineType", "RoleArn", "DefinitionSubstitutions", "Tags", *SOURCES, *SETTINGS}
    ),
    required=frozenset({"RoleArn"}),
    attributes=frozenset({"Arn", "Name", "StateMachineRevisionId"}),
    immutable=frozenset({"StateMachineName", "StateMachineType"}),
    arguments=_arguments,
    identify=lambda answer, _request: str(answer["stateMachineArn"]),
    describe=_describe,
    delete_request=lambda arn, _properties: {"stateMachineArn": arn},
    change=_change,
)


def _activity(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in tag_list(site, properties)]
    return tagged({"name": properties["Name"]}, "tags", tags)


def _retag_activity(site: Site, arn: str, old: Properties, new: Properties) -> None:
    if tags := [{"key": tag["Key"], "value": tag["Value"]} for tag in tag_list(site, new)]:
        site.call("stepfunctions", "TagResource", {"resourceArn": arn, "tags": tags})


ACTIVITY = ApiType(
    name="AWS::StepFunctions::Activity",
    service="stepfunctions",
    create_operation="CreateActivity",
    delete_operation="DeleteActivity",
    properties=frozenset({"Name", "Tags"}),
    required=frozenset({"Name"}),
    attributes=frozenset({"Arn", "Name"}),
    immutable=frozenset({"Name"}),
    arguments=_activity,
    identify=lambda answer, _request: str(answer["activityArn"]),
    describe_with=lambda _site, arn, properties: {"Arn": arn, "Name": properties["Name"]},
    delete_request=lambda arn, _properties: {"activityArn": arn},
    change=_retag_activity,
)
