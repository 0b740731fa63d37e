"""Looking at production's captured data at once, instead of at the next full hour: an execution of its own, as the schedule's are.

It is SageMaker's way: a schedule whose expression is NOW, with the job of the one that production has. What it finds counts as what that
one finds: the same metrics, so the same alarm. The schedule is taken away afterwards, the execution stays in the list.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound, RunFailed
from mlsystem.client.project import Project
from mlsystem.client.stack import Stack

LONGEST_NAME = 63
MARK = "-now-"
UNDER_WAY = ("Pending", "InProgress")
VERDICTS, PAGE = "verdicts.json", "report.html"


@dataclass(frozen=True)
class FeatureFinding:
    feature: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class Looked:
    """What an execution found. `verdict`: drifted, not drifted or cannot tell; `report` is the URI of a page for a person."""

    endpoint: str
    verdict: str
    summary: str
    features: list[FeatureFinding]
    violations: int
    report: str


class Monitoring:
    """Of one project's production. Raises NotFound where it was never deployed."""

    def __init__(self, connection: Connection, project: Project):
        self._sagemaker, self._s3 = connection.client("sagemaker"), connection.client("s3")
        stack = Stack(connection, project.deployed_stack("prd"))
        if stack.status() is None:
            raise NotFound(f"there is no stack {stack.name}: production was never deployed")
        self.schedule = stack.outputs()["MonitoringScheduleName"]

    def begin(self, minutes: int) -> str:
        """Begin an execution over the last minutes; the name of its schedule, which `finish` takes away. Raises ClientFailure."""
        self._take_away(self._left_over())
        return self._put_schedule(minutes)

    def finish(self, name: str, pause: Callable[[], None]) -> None:
        """Wait until the execution of the schedule has ended, then take the schedule away; the execution stays in the list."""
        self._ended(name, pause)
        self._take_away([name])

    def look(self, minutes: int, pause: Callable[[], None]) -> Looked:
        """An execution over the last minutes. Raises RunFailed with its reason when it fails."""
        with self._schedule_now(minutes) as name:
            execution = self._ended(name, pause)
            job_name = execution.get("ProcessingJobArn", "").rpartition("/")[2]
            if not execution["MonitoringExecutionStatus"].startswith("Completed"):
                reason = execution.get("FailureReason") or "no reason is given"
                raise RunFailed(f"the monitoring execution {job_name} of {name} failed: {reason}")
        job = self._sagemaker.describe_processing_job(ProcessingJobName=job_name)
        return self._found(job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"].rstrip("/"))

    def page(self, looked: Looked) -> bytes:
        """The page of a report."""
        return self._read(looked.report)

    # ------------------------------------------------------------------ inner
    @contextmanager
    def _schedule_now(self, minutes: int) -> Iterator[str]:
        """Its name; taken away afterwards, as are those that are left of looks that were broken off."""
        name = self.begin(minutes)
        try:
            yield name
        finally:
            self._take_away([name])  # broken off, its execution goes on; the next look takes it away

    def _put_schedule(self, minutes: int) -> str:
        suffix = f"{MARK}{int(time.time())}"
        name = self.schedule[: LONGEST_NAME - len(suffix)].rstrip("-") + suffix
        try:
            self._sagemaker.create_monitoring_schedule(
                MonitoringScheduleName=name, MonitoringScheduleConfig=self._config(minutes)
            )
        except ClientError as error:
            raise ClientFailure(f"{name}: {error.response['Error']['Message']}") from error
        return name

    def _take_away(self, names: Iterable[str]) -> None:
        for name in names:
            with suppress(ClientError):  # its execution may be under way
                self._sagemaker.delete_monitoring_schedule(MonitoringScheduleName=name)

    def _left_over(self) -> list[str]:
        pages = self._sagemaker.get_paginator("list_monitoring_schedules").paginate(
            EndpointName=self.schedule, NameContains=MARK
        )
        return [one["MonitoringScheduleName"] for page in pages for one in page["MonitoringScheduleSummaries"]]

    def _config(self, minutes: int) -> Any:
        try:
            found = self._sagemaker.describe_monitoring_schedule(MonitoringScheduleName=self.schedule)
        except ClientError as error:
            raise NotFound(f"{self.schedule}: {error.response['Error']['Message']}") from error
        window = {"DataAnalysisStartTime": f"-PT{minutes}M", "DataAnalysisEndTime": "-PT0M"}
        return {**found["MonitoringScheduleConfig"], "ScheduleConfig": {"ScheduleExpression": "NOW", **window}}

    def _ended(self, name: str, pause: Callable[[], None]) -> dict[str, Any]:
        while True:
            listed = self._sagemaker.list_monitoring_executions(MonitoringScheduleName=name)
            for execution in listed["MonitoringExecutionSummaries"]:
                if execution["MonitoringExecutionStatus"] not in UNDER_WAY:
                    return dict(execution)
            pause()

    def _found(self, folder: str) -> Looked:
        try:
            verdicts = json.loads(self._read(f"{folder}/{VERDICTS}"))
            violations = json.loads(self._read(f"{folder}/constraint_violations.json"))
            features = [
                FeatureFinding(one["feature_name"], one["verdict"], one["reason"]) for one in verdicts["features"]
            ]
            count = len(violations["violations"])
            return Looked(self.schedule, verdicts["verdict"], verdicts["summary"], features, count, f"{folder}/{PAGE}")
        except (ValueError, KeyError, TypeError) as error:
            raise RunFailed(f"what the execution left at {folder} cannot be read: {error!r}") from error

    def _read(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            return bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            raise RunFailed(f"{uri} cannot be read: {error.response['Error']['Message']}") from error
