"""Monitoring executions: how they begin and go on, and which there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.durable.machine import Event, Json, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.runtime.s3_files import S3Files
from mlsystem.engine.services.sagemaker.job import JobMachine, ProcessingJob, Status
from mlsystem.engine.services.sagemaker.listing import page, when
from mlsystem.engine.services.sagemaker.monitoring_data import captured_folders, has_data, labelled_folders
from mlsystem.engine.services.sagemaker.monitoring_definition import MonitoringType, find_monitoring
from mlsystem.engine.services.sagemaker.monitoring_execution import (
    START_ANALYSIS,
    MonitoringExecution,
    MonitoringExecutionMachine,
    describe_execution,
)
from mlsystem.engine.services.sagemaker.monitoring_job import Occasion, job_request
from mlsystem.engine.services.sagemaker.monitoring_merge import (
    merge_request,
    merged_uris,
    planned_request,
    with_merged,
)
from mlsystem.engine.services.sagemaker.monitoring_schedule import (
    START,
    MonitoringSchedule,
    MonitoringScheduleMachine,
    execution_key,
)
from mlsystem.engine.services.sagemaker.monitoring_window import window
from mlsystem.engine.services.sagemaker.training_jobs import begin_job
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import ListMonitoringExecutionsRequestTypeDef

FILTERS = """MonitoringScheduleName EndpointName SortBy SortOrder NextToken MaxResults ScheduledTimeBefore ScheduledTimeAfter
    CreationTimeBefore CreationTimeAfter LastModifiedTimeBefore LastModifiedTimeAfter StatusEquals MonitoringTypeEquals
    MonitoringJobDefinitionName"""


class MonitoringExecutions(Part):
    """Starts executions, and lists them."""

    def __init__(self, house: House, machine: MonitoringScheduleMachine, jobs: JobMachine[ProcessingJob]):
        self._house = house
        self._machine = machine
        self._jobs = jobs

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine, MonitoringExecutionMachine())

    def actions(self) -> Mapping[str, ActionHandler]:
        return {START: self._start, START_ANALYSIS: self._start_analysis}

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {f"{ProcessingJob.kind}.ended": self._on_job_ended}

    # ------------------------------------------------------------------ the first job
    def _start(self, call: ActionCall) -> None:
        """Done again after a crash, it finds its execution."""
        due = float(call.data["due"])
        with self._house.database.reading() as tx:
            schedule = tx.get(MonitoringSchedule, call.owner_key)
        if schedule is None:
            return
        execution = MonitoringExecution(
            key=execution_key(schedule, due),
            parent=schedule.key,
            endpoint=schedule.parent,
            due=due,
            type=schedule.type,
            definition_name=schedule.definition_name,
        )
        try:
            begun, request = self._first_job(schedule, execution)
        except (AwsError, ActionFailed) as error:
            begun, request = execution.changed(failure_reason=str(error)), None
        with self._house.database.transaction() as tx:
            is_made = tx.get(MonitoringExecution, execution.key) is not None
            if not is_made and tx.get(MonitoringSchedule, schedule.key) is not None:
                tx.add(begun)
                self._begin_job(tx, begun, request)

    def _first_job(
        self, schedule: MonitoringSchedule, execution: MonitoringExecution
    ) -> tuple[MonitoringExecution, dict[str, Any]]:
        """The execution as it begins, and the request of its job. Raises AwsError or ActionFailed where there can be none."""
        with self._house.database.reading() as tx:
            monitoring = find_monitoring(tx, schedule.config)
        looked_at = window(schedule.config["ScheduleConfig"], execution.due, monitoring.endpoint_input)
        occasion = Occasion(schedule, monitoring, execution.due, looked_at)
        files = self._files(monitoring.job["RoleArn"], schedule.key)
        captured = captured_folders(self._house, occasion, files)
        if monitoring.type is MonitoringType.DATA_QUALITY:
            request = job_request(occasion, captured)
            return execution.changed(job=request["ProcessingJobName"]), request
        request = merge_request(occasion, captured, labelled_folders(occasion, files))
        planned = planned_request(occasion, captured)
        return execution.changed(merge_job=request["ProcessingJobName"], planned=planned), request

    # ------------------------------------------------------------------ the second job
    def _on_job_ended(self, tx: Transaction, topic: str, data: Json) -> None:
        job = tx.get(ProcessingJob, data["name"])
        if job is not None and job.merges_for and data["status"] == Status.COMPLETED:
            self._house.worker.send(tx, MonitoringExecution, job.merges_for, Event("merged"))

    def _start_analysis(self, call: ActionCall) -> None:
        """Done again after a crash, it finds the job."""
        with self._house.database.reading() as tx:
            execution = tx.get(MonitoringExecution, call.owner_key)
        if execution is None or execution.job:
            return
        files = self._files(execution.planned["RoleArn"], execution.parent)
        uris = merged_uris(execution.planned)
        merged = {uri for uri in uris if has_data(files, uri)}
        request = with_merged(execution.planned, merged)
        with self._house.database.transaction() as tx:
            current = tx.get(MonitoringExecution, execution.key)
            if current is None or current.job or current.failure_reason:
                return
            if merged:
                begun = tx.put(current.changed(job=request["ProcessingJobName"], planned={}))
                self._begin_job(tx, begun, request)
            else:
                reason = f"Job inputs had no data: {execution.merge_job} left no merged records in {', '.join(uris)}."
                tx.put(current.changed(failure_reason=reason))

    def _begin_job(self, tx: Transaction, execution: MonitoringExecution, request: dict[str, Any] | None) -> None:
        if request is None:
            return
        name = request["ProcessingJobName"]
        job = ProcessingJob(
            key=name,
            arn=self._house.scope.arn("sagemaker", f"processing-job/{name}"),
            request=request,
            monitoring_schedule_arn=self._house.scope.arn(
                "sagemaker", f"monitoring-schedule/{execution.parent.lower()}"
            ),
            merges_for=execution.key if name == execution.merge_job else "",
        )
        begin_job(self._house, tx, self._jobs, job)

    def _files(self, role: str, session: str) -> S3Files:
        return S3Files(self._house.call, self._house.session_of(role, session, "sagemaker"))

    # ------------------------------------------------------------------ operations
    @operation("ListMonitoringExecutions", accepts=FILTERS)
    def list(self, request: ListMonitoringExecutionsRequestTypeDef, call: Call) -> Mapping[str, object]:
        given: dict[str, Any] = dict(request)
        wanted_status = given.pop("StatusEquals", None)
        if given.get("SortBy") in (None, "ScheduledTime"):
            # Executions are made in the order of their times.
            given["SortBy"] = "CreationTime"

        def is_wanted(execution: MonitoringExecution) -> bool:
            at = when(execution.due)
            return (
                given.get("MonitoringScheduleName", execution.parent) == execution.parent
                and given.get("EndpointName", execution.endpoint) == execution.endpoint
                and given.get("MonitoringTypeEquals", execution.type) == execution.type
                and given.get("MonitoringJobDefinitionName", execution.definition_name) == execution.definition_name
                and ("ScheduledTimeAfter" not in given or at > given["ScheduledTimeAfter"])
                and ("ScheduledTimeBefore" not in given or at < given["ScheduledTimeBefore"])
                and (
                    wanted_status is None
                    or wanted_status == describe_execution(call.tx, execution)["MonitoringExecutionStatus"]
                )
            )

        return page(
            call.tx,
            MonitoringExecution,
            given,
            "MonitoringExecutionSummaries",
            lambda execution: describe_execution(call.tx, execution),
            is_wanted,
            given.get("MonitoringScheduleName"),
        )
