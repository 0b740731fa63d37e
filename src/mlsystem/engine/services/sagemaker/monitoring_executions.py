"""Monitoring executions: each is a processing job, or the reason why there is none.

An execution's status follows from its job's, so the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import ActionFailed, AwsError
from mlsystem.engine.durable.machine import Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.runtime.s3_files import S3Files, split_uri
from mlsystem.engine.services.sagemaker.job import JobMachine, Phase, ProcessingJob, Status
from mlsystem.engine.services.sagemaker.listing import page, when
from mlsystem.engine.services.sagemaker.monitoring_job import Folder, capture_folders, job_name, job_request
from mlsystem.engine.services.sagemaker.monitoring_schedule import (
    START,
    MonitoringSchedule,
    MonitoringScheduleMachine,
)
from mlsystem.engine.services.sagemaker.monitoring_window import Window, window
from mlsystem.engine.services.sagemaker.training_jobs import begin_job
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

if TYPE_CHECKING:
    from types_boto3_sagemaker.type_defs import ListMonitoringExecutionsRequestTypeDef

FILTERS = """MonitoringScheduleName EndpointName SortBy SortOrder NextToken MaxResults ScheduledTimeBefore ScheduledTimeAfter
    CreationTimeBefore CreationTimeAfter LastModifiedTimeBefore LastModifiedTimeAfter StatusEquals MonitoringTypeEquals"""


class MonitoringExecution(Record):
    """`key` is `schedule/due`, `parent` the schedule; `job` names the processing job, empty where none could be started."""

    kind: ClassVar[str] = "sagemaker.monitoring_execution"
    endpoint: str
    due: float
    job: str = ""
    failure_reason: str = ""


class MonitoringExecutions(Part):
    """Starts executions, and lists them."""

    def __init__(self, house: House, machine: MonitoringScheduleMachine, jobs: JobMachine[ProcessingJob]):
        self._house = house
        self._machine = machine
        self._jobs = jobs

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {START: self._start}

    def _start(self, call: ActionCall) -> None:
        """Done again after a crash, it finds its execution."""
        due = float(call.data["due"])
        with self._house.database.reading() as tx:
            schedule = tx.get(MonitoringSchedule, call.owner_key)
        if schedule is None:
            return
        try:
            looked_at = window(schedule.config["ScheduleConfig"], due)
            folders = self._folders_with_data(schedule, looked_at)
        except (AwsError, ActionFailed) as error:
            self._record(schedule, due, None, str(error))
            return
        if not folders:
            reason = (
                f"Job inputs had no data: the endpoint {schedule.parent} captured no requests from"
                f" {looked_at.start:%Y-%m-%dT%H:%M:%SZ} to {looked_at.end:%Y-%m-%dT%H:%M:%SZ}."
            )
            self._record(schedule, due, None, reason)
            return
        self._record(schedule, due, job_request(schedule, due, looked_at, folders), "")

    def _record(self, schedule: MonitoringSchedule, due: float, request: dict[str, Any] | None, reason: str) -> None:
        with self._house.database.transaction() as tx:
            key = f"{schedule.key}/{due:.0f}"
            if tx.get(MonitoringExecution, key) is not None or tx.get(MonitoringSchedule, schedule.key) is None:
                return
            name = job_name(schedule, due) if request is not None else ""
            tx.add(
                MonitoringExecution(
                    key=key, parent=schedule.key, endpoint=schedule.parent, due=due, job=name, failure_reason=reason
                )
            )
            if request is not None:
                arn = self._house.scope.arn("sagemaker", f"processing-job/{name}")
                job = ProcessingJob(key=name, arn=arn, request=request, monitoring_schedule_arn=schedule.arn)
                begin_job(self._house, tx, self._jobs, job)

    def _folders_with_data(self, schedule: MonitoringSchedule, looked_at: Window) -> list[Folder]:
        endpoint = self._house.call("sagemaker", "DescribeEndpoint", {"EndpointName": schedule.parent})
        if "DataCaptureConfig" not in endpoint:
            raise ActionFailed(f"The endpoint {schedule.parent} captures no data.", "ClientError")
        variants = [variant["VariantName"] for variant in endpoint.get("ProductionVariants", ())]
        destination = endpoint["DataCaptureConfig"]["DestinationS3Uri"]
        role = schedule.definition["RoleArn"]
        files = S3Files(self._house.call, self._house.session_of(role, schedule.key, "sagemaker"))
        folders = capture_folders(destination, schedule.parent, variants, looked_at)
        return [folder for folder in folders if next(files.keys(*split_uri(folder.uri)), None) is not None]

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
                and given.get("MonitoringTypeEquals", "DataQuality") == "DataQuality"
                and ("ScheduledTimeAfter" not in given or at > given["ScheduledTimeAfter"])
                and ("ScheduledTimeBefore" not in given or at < given["ScheduledTimeBefore"])
                and wanted_status in (None, describe_execution(call.tx, execution)["MonitoringExecutionStatus"])
            )

        return page(
            call.tx,
            MonitoringExecution,
            given,
            "MonitoringExecutionSummaries",
            lambda execution: describe_execution(call.tx, execution),
            is_wanted,
        )


def describe_execution(tx: Transaction, execution: MonitoringExecution) -> dict[str, object]:
    """A MonitoringExecutionSummary."""
    job = tx.get(ProcessingJob, execution.job) if execution.job else None
    answer: dict[str, object] = {
        "MonitoringScheduleName": execution.parent,
        "ScheduledTime": when(execution.due),
        "CreationTime": when(execution.created_at),
        "LastModifiedTime": when(job.updated_at if job else execution.updated_at),
        "MonitoringExecutionStatus": execution_status(job),
        "EndpointName": execution.endpoint,
        "MonitoringType": "DataQuality",
    }
    reason = job.failure_reason if job else execution.failure_reason
    if job is not None:
        answer["ProcessingJobArn"] = job.arn
    return {**answer, "FailureReason": reason} if reason else answer


def execution_status(job: ProcessingJob | None) -> str:
    """The program says in its exit message whether it found violations."""
    if job is None:
        return "Failed"
    if job.state == Status.IN_PROGRESS:
        return "Pending" if job.phase is Phase.STAGING else "InProgress"
    if job.state == Status.COMPLETED and job.exit_message.startswith("CompletedWithViolations"):
        return "CompletedWithViolations"
    return job.state
