"""AWS::CodePipeline::Pipeline."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import tag_list, tagged

OUTSIDE = ("Tags", "RestartExecutionOnUpdate")


def _pipeline(site: Site, properties: Properties) -> dict[str, Any]:
    declared = {name: value for name, value in properties.items() if name not in OUTSIDE}
    return {"Name": site.made_up_name(100), **declared}


def _arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in tag_list(site, properties)]
    return tagged({"pipeline": _pipeline(site, properties)}, "tags", tags)


def _change(site: Site, name: str, old: Properties, new: Properties) -> None:
    request = {"pipeline": {**_pipeline(site, new), "Name": name}}
    site.call("codepipeline", "UpdatePipeline", coerced("codepipeline", "UpdatePipeline", request))
    if str(new.get("RestartExecutionOnUpdate", False)).lower() == "true":
        site.call("codepipeline", "StartPipelineExecution", {"name": name})


def _describe(site: Site, name: str) -> dict[str, Any]:
    return {"Version": str(site.call("codepipeline", "GetPipeline", {"name": name})["pipeline"]["version"])}


PIPELINE = ApiType(
    name="AWS::CodePipeline::Pipeline",
    service="codepipeline",
    create_operation="CreatePipeline",
    delete_operation="DeletePipeline",
    properties=frozenset(
        {
            "Name",
            "PipelineType",
            "ExecutionMode",
            "RoleArn",
            "ArtifactStore",
            "Stages",
            "Variables",
            "Triggers",
            *OUTSIDE,
        }
    ),
    required=frozenset({"RoleArn", "Stages"}),
    attributes=frozenset({"Version"}),
    immutable=frozenset({"Name"}),
    arguments=_arguments,
    identify=lambda answer, _request: str(answer["pipeline"]["name"]),
    describe=_describe,
    delete_request=lambda name, _properties: {"name": name},
    change=_change,
)
