"""Monitoring schedules: the operations.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateMonitoringSchedule.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.services.sagemaker.listing import FILTERS, page, when
from mlsystem.engine.services.sagemaker.monitoring_definition import check_monitoring, find_monitoring
from mlsystem.engine.services.sagemaker.monitoring_execution import (
    UNDER_WAY,
    MonitoringExecution,
    describe_execution,
)
from mlsystem.engine.services.sagemaker.monitoring_schedule import (
    MonitoringSchedule,
    MonitoringScheduleMachine,
    ScheduleStatus,
    check_config,
    check_run_time,
)
from mlsystem.engine.services.sagemaker.monitoring_window import window
from mlsystem.engine.services.sagemaker.tags import write_tags
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import (
        CreateMonitoringScheduleRequestTypeDef,
        DescribeMonitoringScheduleRequestTypeDef,
        ListMonitoringSchedulesRequestTypeDef,
        UpdateMonitoringScheduleRequestTypeDef,
    )

LISTED_BY = f"{FILTERS} EndpointName StatusEquals MonitoringTypeEquals MonitoringJobDefinitionName"


class MonitoringSchedules(Part):
    """Create, update, describe, list, start, stop, delete."""

    def __init__(self, house: House, machine: MonitoringScheduleMachine):
        self._house = house
        self._machine = machine

    @operation("CreateMonitoringSchedule", accepts="MonitoringScheduleName MonitoringScheduleConfig Tags")
    def create(self, request: CreateMonitoringScheduleRequestTypeDef, call: Call) -> Mapping[str, object]:
        name = request["MonitoringScheduleName"]
        arn = self._house.scope.arn("sagemaker", f"monitoring-schedule/{name.lower()}")
        if call.tx.get(MonitoringSchedule, name) is not None:
            raise AwsError("ResourceInUse", f"Monitoring schedule {arn} exists already.")
        config: dict[str, Any] = dict(request["MonitoringScheduleConfig"])
        endpoint = self._checked(config, call)
        write_tags(call.tx, arn, request.get("Tags", ()))
        schedule = call.tx.add(MonitoringSchedule(key=name, parent=endpoint, arn=arn, config=config))
        self._house.worker.commit_step(call.tx, schedule, self._machine.begin(schedule, call.now))
        return {"MonitoringScheduleArn": arn}

    @operation("UpdateMonitoringSchedule", accepts="MonitoringScheduleName MonitoringScheduleConfig")
    def update(self, request: UpdateMonitoringScheduleRequestTypeDef, call: Call) -> Mapping[str, object]:
        """A stopped schedule stays stopped."""
        schedule = find_schedule(call.tx, request["MonitoringScheduleName"])
        config = _updated(schedule.config, request["MonitoringScheduleConfig"])
        changed = schedule.changed(config=config, parent=self._checked(config, call))
        call.tx.put(changed)
        if schedule.state != ScheduleStatus.STOPPED:
            self._house.worker.commit_step(call.tx, changed, self._machine.begin(changed, call.now))
        return {"MonitoringScheduleArn": schedule.arn}

    @operation("DescribeMonitoringSchedule", accepts="MonitoringScheduleName")
    def describe(self, request: DescribeMonitoringScheduleRequestTypeDef, call: Call) -> Mapping[str, object]:
        schedule = find_schedule(call.tx, request["MonitoringScheduleName"])
        answer = {**_summary(schedule), "MonitoringScheduleConfig": schedule.config}
        last = call.tx.all(MonitoringExecution, parent=schedule.key, newest_first=True, limit=1)
        if last:
            answer["LastMonitoringExecutionSummary"] = describe_execution(call.tx, last[0])
        return answer

    @operation("ListMonitoringSchedules", accepts=LISTED_BY)
    def list(self, request: ListMonitoringSchedulesRequestTypeDef, call: Call) -> Mapping[str, object]:
        endpoint, kind = request.get("EndpointName"), request.get("MonitoringTypeEquals")
        definition = request.get("MonitoringJobDefinitionName")
        return page(
            call.tx,
            MonitoringSchedule,
            request,
            "MonitoringScheduleSummaries",
            _listed,
            lambda schedule: (
                endpoint in (None, schedule.parent)
                and kind in (None, schedule.type)
                and definition in (None, schedule.definition_name)
            ),
        )

    @operation("StartMonitoringSchedule", accepts="MonitoringScheduleName")
    def start_schedule(self, request: DescribeMonitoringScheduleRequestTypeDef, call: Call) -> Mapping[str, object]:
        """A schedule of NOW runs again; of others the next hour does."""
        return self._send(call.tx, request["MonitoringScheduleName"], "started")

    @operation("StopMonitoringSchedule", accepts="MonitoringScheduleName")
    def stop_schedule(self, request: DescribeMonitoringScheduleRequestTypeDef, call: Call) -> Mapping[str, object]:
        """An execution that runs is not stopped."""
        return self._send(call.tx, request["MonitoringScheduleName"], "stopped")

    @operation("DeleteMonitoringSchedule", accepts="MonitoringScheduleName")
    def delete(self, request: DescribeMonitoringScheduleRequestTypeDef, call: Call) -> Mapping[str, object]:
        """Its executions, their jobs and files stay."""
        schedule = find_schedule(call.tx, request["MonitoringScheduleName"])
        for execution in call.tx.all(MonitoringExecution, parent=schedule.key):
            if describe_execution(call.tx, execution)["MonitoringExecutionStatus"] in UNDER_WAY:
                message = f"The monitoring schedule {schedule.key} has an execution in progress: {_job_of(execution)}."
                raise AwsError("ValidationException", message)
        call.tx.remove(MonitoringSchedule, schedule.key)
        return {}

    def _send(self, tx: Transaction, name: str, event: str) -> Mapping[str, object]:
        find_schedule(tx, name)
        self._house.worker.send(tx, MonitoringSchedule, name, Event(event))
        return {}

    def _checked(self, config: dict[str, Any], call: Call) -> str:
        """The name of the endpoint, which must be there and capture data."""
        check_config(config)
        monitoring = find_monitoring(call.tx, config)
        check_monitoring(monitoring)
        check_run_time(config["ScheduleConfig"]["ScheduleExpression"], monitoring)
        window(config["ScheduleConfig"], call.now, monitoring.endpoint_input)
        name = monitoring.endpoint
        endpoint = self._house.call("sagemaker", "DescribeEndpoint", {"EndpointName": name})
        if not endpoint.get("DataCaptureConfig", {}).get("EnableCapture"):
            raise AwsError("ValidationException", f"The endpoint {name} captures no data, so there is none to monitor.")
        return name


def find_schedule(tx: Transaction, name: str) -> MonitoringSchedule:
    schedule = tx.get(MonitoringSchedule, name)
    if schedule is None:
        raise AwsError("ResourceNotFound", f"Monitoring schedule {name} does not exist.")
    return schedule


def _summary(schedule: MonitoringSchedule) -> dict[str, object]:
    return {
        "MonitoringScheduleName": schedule.key,
        "MonitoringScheduleArn": schedule.arn,
        "MonitoringScheduleStatus": schedule.state,
        "MonitoringType": schedule.type,
        "CreationTime": when(schedule.created_at),
        "LastModifiedTime": when(schedule.updated_at),
        "EndpointName": schedule.parent,
    }


def _listed(schedule: MonitoringSchedule) -> dict[str, object]:
    name = {"MonitoringJobDefinitionName": schedule.definition_name} if schedule.definition_name else {}
    return {**_summary(schedule), **name}


def _job_of(execution: MonitoringExecution) -> str:
    return execution.job or execution.merge_job


def _updated(config: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A definition that is named takes the place of one that is inline, and the other way round."""
    is_defined = changes.keys() & {"MonitoringJobDefinition", "MonitoringJobDefinitionName"}
    of_definition = (
        {"MonitoringJobDefinition", "MonitoringJobDefinitionName", "MonitoringType"} if is_defined else set()
    )
    return {**{name: value for name, value in config.items() if name not in of_definition}, **changes}
