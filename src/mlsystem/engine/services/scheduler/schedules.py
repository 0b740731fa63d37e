"""Schedules: create, get, update, delete, list. https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html

There is the default group. A flexible time window is refused: on one machine there is no crowd to spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import Paging, by_key
from mlsystem.engine.decide.schedule import check_timezone, read_schedule
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.runtime.event_target import check_target
from mlsystem.engine.services.scheduler.schedule import Schedule, State
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_scheduler.type_defs import (
        CreateScheduleInputTypeDef,
        DeleteScheduleInputTypeDef,
        GetScheduleGroupInputTypeDef,
        GetScheduleInputTypeDef,
        ListScheduleGroupsInputTypeDef,
        ListSchedulesInputTypeDef,
        UpdateScheduleInputTypeDef,
    )

GROUP = "default"
TARGET_MEMBERS = {"Arn", "RoleArn", "Input", "RetryPolicy"}
MEMBERS = """Name GroupName ScheduleExpression StartDate EndDate Description ScheduleExpressionTimezone State Target
    FlexibleTimeWindow ClientToken ActionAfterCompletion"""
PAGES = Paging(100)


class Schedules(Part):
    """What a schedule is."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateSchedule", accepts=MEMBERS)
    def create(self, request: CreateScheduleInputTypeDef, call: Call) -> Mapping[str, object]:
        schedule = self._schedule(dict(request), call.now)
        if call.tx.get(Schedule, schedule.key) is not None:
            raise AwsError("ConflictException", f"Schedule {schedule.name} already exists.")
        return self._set(call.tx, schedule)

    @operation("UpdateSchedule", accepts=MEMBERS)
    def update(self, request: UpdateScheduleInputTypeDef, call: Call) -> Mapping[str, object]:
        """Replaces all of it, as on AWS."""
        found = _require(call.tx, request["Name"])
        schedule = self._schedule(dict(request), call.now)
        return self._set(call.tx, schedule.changed(created_at=found.created_at))

    def _set(self, tx: Transaction, schedule: Schedule) -> dict[str, object]:
        tx.put(schedule)
        self._house.worker.send(tx, Schedule, schedule.key, Event("set"))
        return {"ScheduleArn": schedule.arn}

    def _schedule(self, request: Mapping[str, Any], now: float) -> Schedule:
        _check(request)
        name = request["Name"]
        start, end = request.get("StartDate"), request.get("EndDate")
        return Schedule(
            key=f"{GROUP}/{name}",
            parent=GROUP,
            state=request.get("State", State.ENABLED),
            name=name,
            arn=self._house.scope.arn("scheduler", f"schedule/{GROUP}/{name}"),
            expression=request["ScheduleExpression"],
            timezone=request.get("ScheduleExpressionTimezone", "UTC"),
            target=dict(request["Target"]),
            description=request.get("Description", ""),
            start=start.timestamp() if start else None,
            end=end.timestamp() if end else None,
            is_deleted_after=request.get("ActionAfterCompletion") == "DELETE",
        )

    @operation("GetSchedule", accepts="Name GroupName")
    def get(self, request: GetScheduleInputTypeDef, call: Call) -> Mapping[str, object]:
        _refuse_group(request)
        return _description(_require(call.tx, request["Name"]))

    @operation("DeleteSchedule", accepts="Name GroupName ClientToken")
    def delete(self, request: DeleteScheduleInputTypeDef, call: Call) -> Mapping[str, object]:
        _refuse_group(request)
        call.tx.remove(Schedule, _require(call.tx, request["Name"]).key)
        return {}

    @operation("ListSchedules", accepts="GroupName NamePrefix State NextToken MaxResults")
    def list_schedules(self, request: ListSchedulesInputTypeDef, call: Call) -> Mapping[str, object]:
        _refuse_group(request)
        prefix = f"{GROUP}/{request.get('NamePrefix', '')}"
        found = sorted(call.tx.all(Schedule, prefix=prefix, state=request.get("State")), key=lambda one: one.key)
        return PAGES.page(found, request, "Schedules", by_key, _summary)

    # ------------------------------------------------------------------ groups
    @operation("GetScheduleGroup", accepts="Name")
    def get_group(self, request: GetScheduleGroupInputTypeDef, call: Call) -> Mapping[str, object]:
        _refuse_group({"GroupName": request["Name"]})
        return self._group()

    @operation("ListScheduleGroups", accepts="NamePrefix NextToken MaxResults")
    def list_groups(self, request: ListScheduleGroupsInputTypeDef, call: Call) -> Mapping[str, object]:
        return {"ScheduleGroups": [self._group()] if GROUP.startswith(request.get("NamePrefix", "")) else []}

    def _group(self) -> dict[str, object]:
        return {"Name": GROUP, "Arn": self._house.scope.arn("scheduler", f"schedule-group/{GROUP}"), "State": "ACTIVE"}


def _check(request: Mapping[str, Any]) -> None:
    _refuse_group(request)
    read_schedule(request["ScheduleExpression"])
    check_timezone(request.get("ScheduleExpressionTimezone", "UTC"))
    if request["FlexibleTimeWindow"]["Mode"] != "OFF":
        raise NotImplementedHere("scheduler with FlexibleTimeWindow.Mode FLEXIBLE", "use OFF")
    target = request["Target"]
    unknown = sorted(target.keys() - TARGET_MEMBERS)
    if unknown:
        raise NotImplementedHere(f"scheduler with Target.{', Target.'.join(unknown)}")
    check_target(target["Arn"], target["RoleArn"])


def _refuse_group(request: Mapping[str, Any]) -> None:
    group = request.get("GroupName", GROUP)
    if group != GROUP:
        raise AwsError(
            "ResourceNotFoundException", f"Schedule group {group} does not exist; the local engine has {GROUP} only."
        )


def _require(tx: Transaction, name: str) -> Schedule:
    found = tx.get(Schedule, f"{GROUP}/{name}")
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Schedule {name} does not exist.")
    return found


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _summary(schedule: Schedule) -> dict[str, object]:
    return {
        "Arn": schedule.arn,
        "Name": schedule.name,
        "GroupName": GROUP,
        "State": schedule.state,
        "CreationDate": _when(schedule.created_at),
        "LastModificationDate": _when(schedule.updated_at),
        "Target": {"Arn": schedule.target["Arn"]},
    }


def _description(schedule: Schedule) -> dict[str, object]:
    answer: dict[str, object] = {
        **_summary(schedule),
        "ScheduleExpression": schedule.expression,
        "ScheduleExpressionTimezone": schedule.timezone,
        "Target": schedule.target,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE" if schedule.is_deleted_after else "NONE",
    }
    if schedule.description:
        answer["Description"] = schedule.description
    if schedule.start is not None:
        answer["StartDate"] = _when(schedule.start)
    if schedule.end is not None:
        answer["EndDate"] = _when(schedule.end)
    return answer
