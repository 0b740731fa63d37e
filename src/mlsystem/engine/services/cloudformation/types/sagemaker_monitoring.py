"""AWS::SageMaker::MonitoringSchedule, DataQualityJobDefinition and ModelQualityJobDefinition. Ref of each is its ARN."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site
from mlsystem.engine.services.cloudformation.types.sagemaker import name_in, named, retag

SCHEDULE = "MonitoringScheduleName"


def _reschedule(site: Site, arn: str, old: Properties, new: Properties) -> None:
    retag(site, arn, old, new)
    request = {SCHEDULE: name_in(arn, new, SCHEDULE), "MonitoringScheduleConfig": new["MonitoringScheduleConfig"]}
    request = coerced("sagemaker", "UpdateMonitoringSchedule", request)
    site.call("sagemaker", "UpdateMonitoringSchedule", request)


def _describe_schedule(site: Site, arn: str, properties: Properties) -> dict[str, Any]:
    name = name_in(arn, properties, SCHEDULE)
    found = site.call("sagemaker", "DescribeMonitoringSchedule", {SCHEDULE: name})
    return {
        "MonitoringScheduleArn": arn,
        "CreationTime": str(found["CreationTime"]),
        "LastModifiedTime": str(found["LastModifiedTime"]),
    }


MONITORING_SCHEDULE = ApiType(
    name="AWS::SageMaker::MonitoringSchedule",
    service="sagemaker",
    create_operation="CreateMonitoringSchedule",
    delete_operation="DeleteMonitoringSchedule",
    properties=frozenset({SCHEDULE, "MonitoringScheduleConfig", "Tags"}),
    required=frozenset({SCHEDULE, "MonitoringScheduleConfig"}),
    attributes=frozenset({"MonitoringScheduleArn", "CreationTime", "LastModifiedTime"}),
    immutable=frozenset({SCHEDULE}),
    arguments=named(SCHEDULE),
    identify=lambda answer, _request: str(answer["MonitoringScheduleArn"]),
    describe_with=_describe_schedule,
    delete_request=lambda arn, properties: {SCHEDULE: name_in(arn, properties, SCHEDULE)},
    change=_reschedule,
)


# ------------------------------------------------------------------ job definitions
DEFINITION = "JobDefinitionName"


def _definition(kind: str) -> ApiType:
    """Of a monitoring type. Nothing of a definition can be changed in place, its own tags neither."""
    required = frozenset(
        {f"{kind}AppSpecification", f"{kind}JobInput", f"{kind}JobOutputConfig", "JobResources", "RoleArn"}
    )
    others = frozenset({DEFINITION, f"{kind}BaselineConfig", "NetworkConfig", "StoppingCondition", "Tags"})

    def describe(site: Site, arn: str, properties: Properties) -> dict[str, Any]:
        found = site.call(
            "sagemaker", f"Describe{kind}JobDefinition", {DEFINITION: name_in(arn, properties, DEFINITION)}
        )
        return {"JobDefinitionArn": arn, "CreationTime": str(found["CreationTime"])}

    return ApiType(
        name=f"AWS::SageMaker::{kind}JobDefinition",
        service="sagemaker",
        create_operation=f"Create{kind}JobDefinition",
        delete_operation=f"Delete{kind}JobDefinition",
        properties=required | others,
        required=required,
        attributes=frozenset({"JobDefinitionArn", "CreationTime"}),
        immutable=required | others,
        arguments=named(DEFINITION),
        identify=lambda answer, _request: str(answer["JobDefinitionArn"]),
        describe_with=describe,
        delete_request=lambda arn, properties: {DEFINITION: name_in(arn, properties, DEFINITION)},
        # For the tags of the stack.
        change=retag,
    )


DATA_QUALITY_JOB_DEFINITION = _definition("DataQuality")
MODEL_QUALITY_JOB_DEFINITION = _definition("ModelQuality")
