"""Whose drift alarm is raised: an alarm that stays raised is told of once, so it has to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient


def endpoint_in_alarm(cloudwatch: CloudWatchClient, pipeline: str) -> str | None:
    """The endpoint whose traffic has drifted and still does, by the alarm of the pipeline's production stack."""
    found = cloudwatch.describe_alarms(
        AlarmNamePrefix=f"{pipeline}-drift-", AlarmTypes=["MetricAlarm"], StateValue="ALARM"
    )
    names = [
        dimension["Value"]
        for alarm in found["MetricAlarms"]
        for dimension in alarm.get("Dimensions", [])
        if dimension["Name"] == "MonitoringSchedule"
    ]
    return names[0] if names else None
