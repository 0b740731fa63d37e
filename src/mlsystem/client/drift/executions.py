"""Monitoring executions: which there were, page by page, and where what each found lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.monitoring import MARK, UNDER_WAY

DATA = "DataQuality"


@dataclass(frozen=True)
class ExecutionView:
    """`job` is the processing job's name, empty where none was begun. `is_look`: somebody looked, between two due times."""

    schedule: str
    endpoint: str
    status: str
    due: datetime
    ended: datetime | None
    failure_reason: str
    job: str

    @property
    def is_look(self) -> bool:
        return MARK in self.schedule

    @property
    def is_under_way(self) -> bool:
        return self.status in UNDER_WAY

    @property
    def has_found(self) -> bool:
        return self.status.startswith("Completed")


@dataclass(frozen=True)
class ExecutionPage:
    executions: tuple[ExecutionView, ...]
    next_token: str


@dataclass(frozen=True)
class Outcome:
    """Of one execution, told by its job: its status, the folder of its reports (a URI), and the time that it looked at."""

    job: str
    schedule: str
    endpoint: str
    status: str
    failure_reason: str
    folder: str
    begun: datetime | None
    ended: datetime | None
    since: datetime | None
    until: datetime | None


class Executions:
    """Of the account; each question names what it wants."""

    def __init__(self, connection: Connection):
        self._sagemaker = connection.client("sagemaker")

    def of_endpoint(
        self, endpoint: str, size: int, token: str = "", kind: str = DATA, status: str = ""
    ) -> ExecutionPage:
        """The newest first. Raises ClientFailure."""
        given = {"EndpointName": endpoint, "MonitoringTypeEquals": kind}
        return self._page({**given, "StatusEquals": status} if status else given, size, token)

    def of_schedule(self, schedule: str, size: int, token: str = "") -> ExecutionPage:
        """The newest first. Raises ClientFailure."""
        return self._page({"MonitoringScheduleName": schedule}, size, token)

    def everywhere(self, size: int, token: str = "", kind: str = DATA, status: str = "") -> ExecutionPage:
        """Of every endpoint of the account, also of those that are gone. Raises ClientFailure."""
        given = {"MonitoringTypeEquals": kind}
        return self._page({**given, "StatusEquals": status} if status else given, size, token)

    def outcome(self, job: str) -> Outcome:
        """Raises NotFound, also for a job that no schedule began."""
        try:
            found = self._sagemaker.describe_processing_job(ProcessingJobName=job)
        except ClientError as error:
            raise NotFound(f"there is no monitoring execution {job}: {error.response['Error']['Message']}") from error
        if "MonitoringScheduleArn" not in found:
            raise NotFound(f"{job} is a processing job that no monitoring schedule began")
        return _outcome(found)

    def _page(self, given: dict[str, str], size: int, token: str) -> ExecutionPage:
        more = {"NextToken": token} if token else {}
        try:
            found = self._sagemaker.list_monitoring_executions(
                **given, **more, SortBy="ScheduledTime", SortOrder="Descending", MaxResults=size
            )
        except ClientError as error:
            raise ClientFailure(f"executions cannot be listed: {error.response['Error']['Message']}") from error
        seen = tuple(_view(one) for one in found["MonitoringExecutionSummaries"])
        return ExecutionPage(seen, found.get("NextToken", ""))


def _view(told: dict[str, Any]) -> ExecutionView:
    status = told["MonitoringExecutionStatus"]
    return ExecutionView(
        schedule=told["MonitoringScheduleName"],
        endpoint=told.get("EndpointName", ""),
        status=status,
        due=told["ScheduledTime"],
        ended=None if status in UNDER_WAY else told["LastModifiedTime"],
        failure_reason=told.get("FailureReason", ""),
        job=told.get("ProcessingJobArn", "").rpartition("/")[2],
    )


def _outcome(job: dict[str, Any]) -> Outcome:
    environment = job.get("Environment", {})
    outputs = job.get("ProcessingOutputConfig", {}).get("Outputs", ())
    message = job.get("ExitMessage", "")
    status = job["ProcessingJobStatus"]
    return Outcome(
        job=job["ProcessingJobName"],
        schedule=environment.get("sagemaker_monitoring_schedule_name") or _last(job["MonitoringScheduleArn"]),
        endpoint=environment.get("sagemaker_endpoint_name", ""),
        status="CompletedWithViolations" if message.startswith("CompletedWithViolations") else status,
        failure_reason=job.get("FailureReason", ""),
        folder=outputs[0]["S3Output"]["S3Uri"].rstrip("/") if outputs else "",
        begun=job.get("ProcessingStartTime"),
        ended=job.get("ProcessingEndTime"),
        since=_time(environment.get("start_time")),
        until=_time(environment.get("end_time")),
    )


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
