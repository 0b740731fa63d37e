"""AWS::Scheduler::Schedule."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Properties, Site


def _arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    return {"Name": site.made_up_name(), **properties}


def _change(site: Site, name: str, old: Properties, new: Properties) -> None:
    site.call("scheduler", "UpdateSchedule", coerced("scheduler", "UpdateSchedule", {**new, "Name": name}))


def _delete_request(name: str, properties: Properties) -> dict[str, Any]:
    return {"Name": name, **{member: properties[member] for member in ("GroupName",) if member in properties}}


SCHEDULE = ApiType(
    name="AWS::Scheduler::Schedule",
    service="scheduler",
    create_operation="CreateSchedule",
    delete_operation="DeleteSchedule",
    properties=frozenset(
        {"Name", "GroupName", "Description", "ScheduleExpression", "ScheduleExpressionTimezone", "State", "StartDate"}
        | {"EndDate", "FlexibleTimeWindow", "Target"}
    ),
    required=frozenset({"ScheduleExpression", "FlexibleTimeWindow", "Target"}),
    attributes=frozenset({"Arn"}),
    immutable=frozenset({"Name", "GroupName"}),
    arguments=_arguments,
    identify=lambda _answer, request: str(request["Name"]),
    describe=lambda site, name: {"Arn": site.call("scheduler", "GetSchedule", {"Name": name})["Arn"]},
    delete_request=_delete_request,
    change=_change,
)
