"""The monitoring schedules of production's endpoint: of its data, and of its model's quality where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.project import Project
from mlsystem.client.stack import Stack

QUALITY = "ModelQuality"
MOST = 10  # schedules of an endpoint that are looked at


@dataclass(frozen=True)
class Production:
    """The endpoint that serves, and the schedule that watches it; None where it has none."""

    endpoint: str
    schedule: str | None


@dataclass(frozen=True)
class ScheduleView:
    """`expression` is SageMaker's; `status` Scheduled, Stopped, Pending or Failed. URIs are empty where there is no baseline."""

    name: str
    endpoint: str
    status: str
    expression: str
    type: str
    failure_reason: str
    constraints: str
    statistics: str


def production_of(connection: Connection, project: Project) -> Production | None:
    """None where production was never deployed."""
    outputs = Stack(connection, project.deployed_stack("prd")).outputs()
    endpoint = outputs.get("EndpointName")
    return Production(endpoint, outputs.get("MonitoringScheduleName")) if endpoint else None


class Schedules:
    """Of the account."""

    def __init__(self, connection: Connection):
        self._sagemaker = connection.client("sagemaker")

    def describe(self, name: str) -> ScheduleView | None:
        """None where there is none of this name."""
        try:
            return _view(self._sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name))
        except ClientError as error:
            if error.response["Error"]["Code"] in ("ResourceNotFound", "ResourceNotFoundException"):
                return None
            raise

    def of_quality(self, endpoint: str) -> list[str]:
        """Names of those that judge the endpoint's model, the newest first."""
        found = self._sagemaker.list_monitoring_schedules(
            EndpointName=endpoint, MonitoringTypeEquals=QUALITY, MaxResults=MOST
        )
        return [one["MonitoringScheduleName"] for one in found["MonitoringScheduleSummaries"]]

    def switch(self, name: str, is_on: bool) -> None:
        """Start or stop it. Raises NotFound, ClientFailure."""
        do = self._sagemaker.start_monitoring_schedule if is_on else self._sagemaker.stop_monitoring_schedule
        try:
            do(MonitoringScheduleName=name)
        except ClientError as error:
            words = f"{name}: {error.response['Error']['Message']}"
            missing = error.response["Error"]["Code"] in ("ResourceNotFound", "ResourceNotFoundException")
            raise (NotFound if missing else ClientFailure)(words) from error


def _view(found: dict[str, Any]) -> ScheduleView:
    config = found["MonitoringScheduleConfig"]
    baseline = config.get("MonitoringJobDefinition", {}).get("BaselineConfig", {})
    return ScheduleView(
        name=found["MonitoringScheduleName"],
        endpoint=found.get("EndpointName", ""),
        status=found["MonitoringScheduleStatus"],
        expression=config.get("ScheduleConfig", {}).get("ScheduleExpression", ""),
        type=found.get("MonitoringType", ""),
        failure_reason=found.get("FailureReason", ""),
        constraints=baseline.get("ConstraintsResource", {}).get("S3Uri", ""),
        statistics=baseline.get("StatisticsResource", {}).get("S3Uri", ""),
    )
