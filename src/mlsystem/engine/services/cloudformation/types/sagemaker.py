"""AWS::SageMaker::Model, ModelPackageGroup, EndpointConfig and Endpoint. Ref of each is its ARN.

SageMaker's ARNs are in small letters, so names that are made up here are too, and a name that is given is taken from the properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import (
    ApiType,
    Begun,
    Done,
    Outcome,
    Properties,
    Site,
    is_gone,
)
from mlsystem.engine.services.cloudformation.tags import tag_list, tagged

LONGEST_NAME = 63


def name_in(arn: str, properties: Properties, member: str) -> str:
    return str(properties.get(member) or arn.rsplit("/", 1)[-1])


def named(member: str) -> Any:
    """The properties as a request, with a name and with the stack's tags."""

    def arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
        request = {member: site.made_up_name(LONGEST_NAME, lower=True), **properties}
        return tagged(request, "Tags", tag_list(site, properties))

    return arguments


def retag(site: Site, arn: str, old: Properties, new: Properties) -> None:
    if tags := tag_list(site, new):
        site.call("sagemaker", "AddTags", {"ResourceArn": arn, "Tags": tags})


MODEL_PROPERTIES = frozenset(
    {"ModelName", "PrimaryContainer", "Containers", "ExecutionRoleArn", "EnableNetworkIsolation"}
)
MODEL = ApiType(
    name="AWS::SageMaker::Model",
    service="sagemaker",
    create_operation="CreateModel",
    delete_operation="DeleteModel",
    properties=MODEL_PROPERTIES | {"VpcConfig", "Tags"},
    attributes=frozenset({"ModelName"}),
    immutable=MODEL_PROPERTIES | {"VpcConfig"},
    arguments=named("ModelName"),
    identify=lambda answer, _request: str(answer["ModelArn"]),
    describe_with=lambda _site, arn, properties: {"ModelName": name_in(arn, properties, "ModelName")},
    delete_request=lambda arn, properties: {"ModelName": name_in(arn, properties, "ModelName")},
    change=retag,
)

GROUP = "ModelPackageGroupName"


def _describe_group(site: Site, arn: str, properties: Properties) -> dict[str, Any]:
    found = site.call("sagemaker", "DescribeModelPackageGroup", {GROUP: arn})
    return {
        "ModelPackageGroupArn": arn,
        "CreationTime": str(found["CreationTime"]),
        "ModelPackageGroupStatus": found["ModelPackageGroupStatus"],
    }


MODEL_PACKAGE_GROUP = ApiType(
    name="AWS::SageMaker::ModelPackageGroup",
    service="sagemaker",
    create_operation="CreateModelPackageGroup",
    delete_operation="DeleteModelPackageGroup",
    properties=frozenset({GROUP, "ModelPackageGroupDescription", "Tags"}),
    required=frozenset({GROUP}),
    attributes=frozenset({"ModelPackageGroupArn", "CreationTime", "ModelPackageGroupStatus"}),
    immutable=frozenset({GROUP, "ModelPackageGroupDescription"}),
    arguments=named(GROUP),
    identify=lambda answer, _request: str(answer["ModelPackageGroupArn"]),
    describe_with=_describe_group,
    delete_request=lambda arn, _properties: {GROUP: arn},
    change=retag,
)

CONFIG_PROPERTIES = frozenset({"EndpointConfigName", "ProductionVariants", "DataCaptureConfig", "KmsKeyId"})
ENDPOINT_CONFIG = ApiType(
    name="AWS::SageMaker::EndpointConfig",
    service="sagemaker",
    create_operation="CreateEndpointConfig",
    delete_operation="DeleteEndpointConfig",
    properties=CONFIG_PROPERTIES | {"ShadowProductionVariants", "ExecutionRoleArn", "Tags"},
    required=frozenset({"ProductionVariants"}),
    attributes=frozenset({"EndpointConfigName"}),
    immutable=CONFIG_PROPERTIES | {"ShadowProductionVariants", "ExecutionRoleArn"},
    arguments=named("EndpointConfigName"),
    identify=lambda answer, _request: str(answer["EndpointConfigArn"]),
    describe_with=lambda _site, arn, properties: {"EndpointConfigName": name_in(arn, properties, "EndpointConfigName")},
    delete_request=lambda arn, properties: {"EndpointConfigName": name_in(arn, properties, "EndpointConfigName")},
    change=retag,
)


class Endpoint:
    """Takes its time: the instances of the new configuration must be in service before it is done.

    After a failed update SageMaker has put the old configuration back, so the configuration is looked at, and not the status alone.
    """

    name = "AWS::SageMaker::Endpoint"
    properties = frozenset(
        {
            "EndpointName",
            "EndpointConfigName",
            "DeploymentConfig",
            "RetainDeploymentConfig",
            "RetainAllVariantProperties",
            "ExcludeRetainedVariantProperties",
            "Tags",
        }
    )
    required = frozenset({"EndpointConfigName"})
    attributes: frozenset[str] | None = frozenset({"EndpointName"})
    immutable = frozenset({"EndpointName"})
    is_outside = False
    # Members that UpdateEndpoint alone knows.
    of_update = ("RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "RetainDeploymentConfig")

    def create(self, site: Site, properties: Properties) -> Outcome:
        given = {name: value for name, value in properties.items() if name not in self.of_update}
        request = coerced("sagemaker", "CreateEndpoint", named("EndpointName")(site, given))
        arn = str(site.call("sagemaker", "CreateEndpoint", request)["EndpointArn"])
        return Begun(arn, self._memo(request["EndpointName"], properties))

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        name = name_in(physical_id, new, "EndpointName")
        retag(site, physical_id, old, new)
        found = site.call("sagemaker", "DescribeEndpoint", {"EndpointName": name})
        if found["EndpointConfigName"] == new["EndpointConfigName"] and found["EndpointStatus"] == "InService":
            return self._done(physical_id, name)
        given = {member: value for member, value in new.items() if member not in ("Tags", "EndpointName")}
        request = coerced("sagemaker", "UpdateEndpoint", {"EndpointName": name, **given})
        site.call("sagemaker", "UpdateEndpoint", request)
        return Begun(physical_id, self._memo(name, new))

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        name = name_in(physical_id, properties, "EndpointName")
        try:
            site.call("sagemaker", "DeleteEndpoint", {"EndpointName": name})
        except AwsError as error:
            if not is_gone(error):
                raise
            return Done(physical_id)
        memo = self._memo(name, properties)
        return self.look(site, "delete", physical_id, memo) or Begun(physical_id, memo)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        try:
            found = site.call("sagemaker", "DescribeEndpoint", {"EndpointName": memo["name"]})
        except AwsError as error:
            if verb == "delete" and is_gone(error):
                return Done(physical_id)
            raise
        status, reason = found["EndpointStatus"], found.get("FailureReason", "")
        if verb == "delete":
            return None
        if status in ("Failed", "UpdateRollbackFailed", "OutOfService"):
            raise AwsError("EndpointFailed", reason or f"The endpoint {memo['name']} is {status}")
        if status != "InService":
            return None
        if found["EndpointConfigName"] != memo["config"]:
            raise AwsError("EndpointUpdateFailed", reason or f"The endpoint {memo['name']} kept its old configuration")
        return self._done(physical_id, memo["name"])

    def _memo(self, name: str, properties: Properties) -> dict[str, Any]:
        return {"name": name, "config": properties.get("EndpointConfigName", "")}

    def _done(self, arn: str, name: str) -> Done:
        return Done(arn, {"EndpointName": name})
