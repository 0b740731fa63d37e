"""AWS::SageMaker::Model, EndpointConfig, Endpoint, MonitoringSchedule. Ref gives the ARN, GetAtt the name."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site


def _named(noun: str, properties: set[str], required: set[str]) -> ApiType:
    """A thing that is made and never changed: another of it has another name."""
    member = f"{noun}Name"

    def describe(site: Site, name: str) -> dict[str, Any]:
        found = site.call("sagemaker", f"Describe{noun}", {member: name})
        return {member: name, "Arn": found[f"{noun}Arn"]}

    return ApiType(
        name=f"AWS::SageMaker::{noun}",
        service="sagemaker",
        create_operation=f"Create{noun}",
        delete_operation=f"Delete{noun}",
        properties=frozenset(properties | {member, "Tags"}),
        required=frozenset(required),
        attributes=frozenset({member}),
        arguments=lambda site, given: {member: site.made_up_name(63), **given},
        identify=lambda _answer, request: str(request[member]),
        describe=describe,
        reference=lambda _name, attributes: attributes["Arn"],
        delete_request=lambda name, _properties: {member: name},
    )


MODEL = _named(
    "Model",
    {"ExecutionRoleArn", "PrimaryContainer", "Containers", "VpcConfig", "EnableNetworkIsolation"},
    {"ExecutionRoleArn"},
)
ENDPOINT_CONFIG = _named(
    "EndpointConfig",
    {"DataCaptureConfig", "ProductionVariants", "KmsKeyId", "ShadowProductionVariants"},
    {"ProductionVariants"},
)


def _endpoint_is_settled(site: Site, verb: str, name: str) -> bool:
    """Raises AwsError with SageMaker's reason when the endpoint failed, or when an update was rolled back."""
    found = site.call("sagemaker", "DescribeEndpoint", {"EndpointName": name})
    status = found["EndpointStatus"]
    if verb == "delete":
        return False
    if status in ("Failed", "UpdateRollbackFailed") or (status == "InService" and found.get("FailureReason")):
        raise AwsError(
            "NotStabilized", f"The endpoint {name} is {status}: {found.get('FailureReason', 'no reason is given')}"
        )
    return bool(status == "InService")


def _describe_endpoint(site: Site, name: str) -> dict[str, Any]:
    return {
        "EndpointName": name,
        "Arn": site.call("sagemaker", "DescribeEndpoint", {"EndpointName": name})["EndpointArn"],
    }


def _change_endpoint(site: Site, name: str, old: Properties, new: Properties) -> None:
    if old.get("EndpointConfigName") != new.get("EndpointConfigName"):
        request = {"EndpointName": name, "EndpointConfigName": new["EndpointConfigName"]}
        site.call("sagemaker", "UpdateEndpoint", coerced("sagemaker", "UpdateEndpoint", request))


ENDPOINT = ApiType(
    name="AWS::SageMaker::Endpoint",
    service="sagemaker",
    create_operation="CreateEndpoint",
    delete_operation="DeleteEndpoint",
    properties=frozenset({"EndpointConfigName", "EndpointName", "Tags"}),
    required=frozenset({"EndpointConfigName"}),
    attributes=frozenset({"EndpointName"}),
    immutable=frozenset({"EndpointName"}),
    arguments=lambda site, given: {"EndpointName": site.made_up_name(63), **given},
    identify=lambda _answer, request: str(request["EndpointName"]),
    describe=_describe_endpoint,
    reference=lambda _name, attributes: attributes["Arn"],
    delete_request=lambda name, _properties: {"EndpointName": name},
    change=_change_endpoint,
    is_settled=_endpoint_is_settled,
)


def _describe_schedule(site: Site, name: str) -> dict[str, Any]:
    found = site.call("sagemaker", "DescribeMonitoringSchedule", {"MonitoringScheduleName": name})
    return {"MonitoringScheduleArn": found["MonitoringScheduleArn"], "Arn": found["MonitoringScheduleArn"]}


def _change_schedule(site: Site, name: str, _old: Properties, new: Properties) -> None:
    request = {"MonitoringScheduleName": name, "MonitoringScheduleConfig": new["MonitoringScheduleConfig"]}
    site.call("sagemaker", "UpdateMonitoringSchedule", coerced("sagemaker", "UpdateMonitoringSchedule", request))


MONITORING_SCHEDULE = ApiType(
    name="AWS::SageMaker::MonitoringSchedule",
    service="sagemaker",
    create_operation="CreateMonitoringSchedule",
    delete_operation="DeleteMonitoringSchedule",
    properties=frozenset({"MonitoringScheduleConfig", "MonitoringScheduleName", "Tags"}),
    required=frozenset({"MonitoringScheduleConfig", "MonitoringScheduleName"}),
    attributes=frozenset({"MonitoringScheduleArn"}),
    immutable=frozenset({"MonitoringScheduleName"}),
    identify=lambda _answer, request: str(request["MonitoringScheduleName"]),
    describe=_describe_schedule,
    reference=lambda _name, attributes: attributes["Arn"],
    delete_request=lambda name, _properties: {"MonitoringScheduleName": name},
    change=_change_schedule,
)
