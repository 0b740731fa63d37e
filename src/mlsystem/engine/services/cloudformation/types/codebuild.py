"""AWS::CodeBuild::Project."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import tag_list, tagged


def _arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request = {"Name": site.made_up_name(150), **properties}
    tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in tag_list(site, properties)]
    return tagged(request, "tags", tags)


def _change(site: Site, name: str, old: Properties, new: Properties) -> None:
    request = {**_arguments(site, dict(new)), "Name": name}
    site.call("codebuild", "UpdateProject", coerced("codebuild", "UpdateProject", request))


PROJECT = ApiType(
    name="AWS::CodeBuild::Project",
    service="codebuild",
    create_operation="CreateProject",
    delete_operation="DeleteProject",
    properties=frozenset(
        {"Name", "Description", "ServiceRole", "EncryptionKey", "TimeoutInMinutes", "QueuedTimeoutInMinutes", "Source"}
        | {"SecondarySources", "Artifacts", "SecondaryArtifacts", "Cache", "Environment", "VpcConfig", "LogsConfig"}
        | {"ConcurrentBuildLimit", "Tags"}
    ),
    required=frozenset({"ServiceRole", "Source", "Artifacts", "Environment"}),
    attributes=frozenset({"Arn"}),
    immutable=frozenset({"Name"}),
    arguments=_arguments,
    identify=lambda answer, _request: str(answer["project"]["name"]),
    describe=lambda site, name: {"Arn": site.house.scope.arn("codebuild", f"project/{name}")},
    delete_request=lambda name, _properties: {"name": name},
    change=_change,
)
