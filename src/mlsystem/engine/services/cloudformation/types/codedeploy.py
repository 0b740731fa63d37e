"""AWS::CodeDeploy::Application, AWS::CodeDeploy::DeploymentConfig and AWS::CodeDeploy::DeploymentGroup."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.tags import tag_list, tagged

# What an update must take away when the template no longer has it.
WITHOUT: dict[str, Any] = {
    "AlarmConfiguration": {"enabled": False, "alarms": []},
    "AutoRollbackConfiguration": {"enabled": False, "events": []},
    "TriggerConfigurations": [],
}
OF_GROUP = (*WITHOUT, "DeploymentConfigName", "DeploymentStyle", "ServiceRoleArn")


def _application(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request = {"ApplicationName": site.made_up_name(100), **properties}
    return tagged(request, "tags", tag_list(site, properties))


APPLICATION = ApiType(
    name="AWS::CodeDeploy::Application",
    service="codedeploy",
    create_operation="CreateApplication",
    delete_operation="DeleteApplication",
    properties=frozenset({"ApplicationName", "ComputePlatform", "Tags"}),
    arguments=_application,
    identify=lambda _answer, request: str(request["ApplicationName"]),
    delete_request=lambda name, _properties: {"applicationName": name},
)


def _config(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    return {"DeploymentConfigName": site.made_up_name(100), **properties}


# All of its properties are create-only: a change is a replacement.
DEPLOYMENT_CONFIG = ApiType(
    name="AWS::CodeDeploy::DeploymentConfig",
    service="codedeploy",
    create_operation="CreateDeploymentConfig",
    delete_operation="DeleteDeploymentConfig",
    properties=frozenset({"ComputePlatform", "DeploymentConfigName", "TrafficRoutingConfig"}),
    arguments=_config,
    identify=lambda _answer, request: str(request["DeploymentConfigName"]),
    delete_request=lambda name, _properties: {"deploymentConfigName": name},
)


def _group(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    request = {"DeploymentGroupName": site.made_up_name(100), **properties}
    return tagged(request, "tags", tag_list(site, properties))


def _change_group(site: Site, name: str, old: Properties, new: Properties) -> None:
    request = {
        "applicationName": new["ApplicationName"],
        "currentDeploymentGroupName": name,
        **{member: value for member, value in WITHOUT.items() if member in old},
        **{member: new[member] for member in OF_GROUP if member in new},
    }
    site.call("codedeploy", "UpdateDeploymentGroup", coerced("codedeploy", "UpdateDeploymentGroup", request))


DEPLOYMENT_GROUP = ApiType(
    name="AWS::CodeDeploy::DeploymentGroup",
    service="codedeploy",
    create_operation="CreateDeploymentGroup",
    delete_operation="DeleteDeploymentGroup",
    properties=frozenset({"ApplicationName", "DeploymentGroupName", "Tags", *OF_GROUP}),
    required=frozenset({"ApplicationName", "ServiceRoleArn"}),
    immutable=frozenset({"ApplicationName", "DeploymentGroupName"}),
    arguments=_group,
    identify=lambda _answer, request: str(request["DeploymentGroupName"]),
    delete_request=lambda name, properties: {
        "applicationName": properties["ApplicationName"],
        "deploymentGroupName": name,
    },
    change=_change_group,
)
