"""AWS::Scheduler::Schedule."""

from __future__ import annotations

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site

SCHEDULE_PROPERTIES = frozenset(
    {
        "Name",
        "Description",
        "FlexibleTimeWindow",
        "ScheduleExpression",
        "ScheduleExpressionTimezone",
        "State",
        "Target",
        "GroupName",
    }
)

SCHEDULE = ApiType(
    name="AWS::Scheduler::Schedule",
    service="scheduler",
    create_operation="CreateSchedule",
    delete_operation="DeleteSchedule",
    properties=SCHEDULE_PROPERTIES,
    attributes=frozenset({"Arn"}),
    immutable=frozenset({"Name", "GroupName"}),
    arguments=lambda site, properties: {"Name": site.made_up_name(), **properties},
    identify=lambda _answer, request: str(request["Name"]),
    describe=lambda site, name: {"Arn": site.call("scheduler", "GetSchedule", {"Name": name})["Arn"]},
    delete_request=lambda name, _properties: {"Name": name},
    change=lambda site, name, _old, new: _update_schedule(site, name, new),
)


def _update_schedule(site: Site, name: str, new: Properties) -> None:
    site.call("scheduler", "UpdateSchedule", coerced("scheduler", "UpdateSchedule", {**new, "Name": name}))
