"""AWS::CodePipeline::Pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import retag, tag_map, tagged

OUTSIDE = ("Tags", "RestartExecutionOnUpdate")


def _pipeline(site: Site, properties: Properties) -> dict[str, Any]:
    declared = {name: value for name, value in properties.items() if name not in OUTSIDE}
    return {"Name": site.made_up_name(100), **declared}


def _arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    return tagged({"pipeline": _pipeline(site, properties)}, "tags", _pairs(tag_map(site, properties)))


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _change(site: Site, name: str, old: Properties, new: Properties) -> None:
    request = {"pipeline": {**_pipeline(site, new), "Name": name}}
    site.call("codepipeline", "UpdatePipeline", coerced("codepipeline", "UpdatePipeline", request))
    arn = site.house.scope.arn("codepipeline", name)
    retag(
        site,
        old,
        new,
        tag=lambda tags: site.call("codepipeline", "TagResource", {"resourceArn": arn, "tags": _pairs(tags)}),
        untag=lambda gone: site.call("codepipeline", "UntagResource", {"resourceArn": arn, "tagKeys": gone}),
    )
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
