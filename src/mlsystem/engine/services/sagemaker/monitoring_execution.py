"""A monitoring execution, as a row: a processing job, or two, or the reason why there is none.

A model's quality takes two jobs: one merges captured requests with ground truth, the next judges what was merged.
An execution's status follows from its jobs', so they cannot disagree.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.durable.machine import Action, Event, Step
from mlsystem.engine.services.sagemaker.job import Phase, ProcessingJob, Status
from mlsystem.engine.services.sagemaker.listing import when
from mlsystem.engine.services.sagemaker.monitoring_definition import MonitoringType
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

START_ANALYSIS = "sagemaker.monitoring_execution.start_analysis"
UNDER_WAY = frozenset({"Pending", "InProgress", "Stopping"})


class MonitoringExecution(Record):
    """`key` is `schedule/due`, `parent` the schedule; `merge_job` and `job` name the processing jobs, and are empty where there is none.

    `planned` is the request of the job that comes after the merging, until it has begun.
    """

    kind: ClassVar[str] = "sagemaker.monitoring_execution"
    endpoint: str
    due: float
    job: str = ""
    failure_reason: str = ""
    type: str = MonitoringType.DATA_QUALITY
    definition_name: str = ""
    merge_job: str = ""
    planned: dict[str, Any] = Field(default_factory=dict)


class MonitoringExecutionMachine:
    """`merged`: the merging has come to a good end, so what it made is analysed next. `action_failed`: it cannot be."""

    model = MonitoringExecution

    def advance(self, record: MonitoringExecution, event: Event, at: float) -> Step[MonitoringExecution]:
        if record.job or record.failure_reason:
            return Step(record)
        match event.name:
            case "merged":
                return Step(record, actions=(Action(START_ANALYSIS, key=record.key),))
            case "action_failed":
                return Step(record.changed(failure_reason=str(event.data["reason"])))
            case _:
                return Step(record)


def describe_execution(tx: Transaction, execution: MonitoringExecution) -> dict[str, object]:
    """A MonitoringExecutionSummary. The job is the one that came last."""
    name = execution.job or execution.merge_job
    job = tx.get(ProcessingJob, name) if name else None
    status = execution_status(execution, job)
    answer: dict[str, object] = {
        "MonitoringScheduleName": execution.parent,
        "ScheduledTime": when(execution.due),
        "CreationTime": when(execution.created_at),
        "LastModifiedTime": when(max(job.updated_at if job else 0.0, execution.updated_at)),
        "MonitoringExecutionStatus": status,
        "EndpointName": execution.endpoint,
        "MonitoringType": execution.type,
    }
    if execution.definition_name:
        answer["MonitoringJobDefinitionName"] = execution.definition_name
    if job is not None:
        answer["ProcessingJobArn"] = job.arn
    reason = execution.failure_reason or (job.failure_reason if job else "")
    return {**answer, "FailureReason": reason} if reason else answer


def execution_status(execution: MonitoringExecution, job: ProcessingJob | None) -> str:
    """The program says in its exit message whether it found violations."""
    if job is None or execution.failure_reason:
        return "Failed"
    if job.state == Status.IN_PROGRESS:
        is_first = job.key == (execution.merge_job or execution.job)
        return "Pending" if is_first and job.phase is Phase.STAGING else "InProgress"
    if job.state == Status.COMPLETED and job.key == execution.merge_job:
        return "InProgress"
    if job.state == Status.COMPLETED and job.exit_message.startswith("CompletedWithViolations"):
        return "CompletedWithViolations"
    return job.state
