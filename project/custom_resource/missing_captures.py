"""How many of the requests that should have been captured were not.

Data capture gives way to requests: SageMaker stops it when an instance's disk is rather full, and counts nothing. Drift is then judged
by what is left. So the captured records of whole hours are compared with the invocations that CloudWatch counted in them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_sagemaker import SageMakerClient

HOUR = timedelta(hours=1)
# A request is counted in one minute and captured in the next: at both ends of the time, this many may be in the other hour.
AT_THE_EDGES = 10
DEVIATIONS = 4.0  # of the sampling: chance exceeds them once in 30,000 times
COUNTED, REFUSED, FAILED = "Invocations", "Invocation4XXErrors", "Invocation5XXErrors"


@dataclass(frozen=True)
class Captures:
    """Of a time: what should have been captured, by the number of requests that were answered and by the sampling, and what was."""

    answered: int
    percent: float
    captured: int

    @property
    def expected(self) -> float:
        return self.answered * self.percent / 100

    @property
    def missing_percent(self) -> float:
        """Beyond what chance and the edges of the time explain."""
        if not self.expected:
            return 0.0
        spread = DEVIATIONS * math.sqrt(self.expected * (1 - self.percent / 100))
        return 100 * max(0.0, self.expected - self.captured - spread - AT_THE_EDGES) / self.expected


def look_for(
    sagemaker: SageMakerClient, cloudwatch: CloudWatchClient, found: Mapping[str, Any], now: datetime
) -> Captures | None:
    """Of the time that a monitoring execution looked at. None where that is no whole hours, or the endpoint is gone; or where an
    analyzer of an older image did not count. `found` is what Query Drift says of the execution.

    It asks in any case: that it may not would else show at the first full hour.
    """
    name, captured, time = found["MonitoringSchedule"], found["CapturedRecords"], time_of(found)
    endpoint = _endpoint(sagemaker, name) if time and captured is not None else None
    if time is None or endpoint is None:
        return None
    variants = [variant["VariantName"] for variant in endpoint.get("ProductionVariants", [])]
    percent = float(endpoint.get("DataCaptureConfig", {}).get("CurrentSamplingPercentage", 100))
    counts = [_count(cloudwatch, name, variant, *time) for variant in variants]
    is_comparable = all(map(_is_full_hour, time)) and time[1] <= now
    return Captures(sum(counts), percent, captured) if is_comparable else None


def time_of(found: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """From when until when; None where the job did not say."""
    try:
        start, end = (_instant(found[name]) for name in ("From", "Until"))
    except ValueError:
        return None
    return (start, end) if start < end else None


def _is_full_hour(at: datetime) -> bool:
    """Captures lie in folders of hours."""
    return (at.minute, at.second, at.microsecond) == (0, 0, 0)


def _instant(text: str | None) -> datetime:
    """Raises ValueError."""
    at = datetime.fromisoformat((text or "").replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _endpoint(sagemaker: SageMakerClient, name: str) -> Mapping[str, Any] | None:
    """None where a newer model has taken its place."""
    try:
        return sagemaker.describe_endpoint(EndpointName=name)
    except sagemaker.exceptions.ClientError as error:
        if "Could not find" in str(error):
            return None
        raise


def _count(cloudwatch: CloudWatchClient, endpoint: str, variant: str, start: datetime, end: datetime) -> int:
    """Requests that were answered with 2xx: only these are captured."""
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}]
    queries: Sequence[Any] = [
        {
            "Id": name.lower(),
            "MetricStat": {
                "Metric": {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": dimensions},
                "Period": int(HOUR.total_seconds()),
                "Stat": "Sum",
            },
        }
        for name in (COUNTED, REFUSED, FAILED)
    ]
    found = {name.lower(): 0.0 for name in (COUNTED, REFUSED, FAILED)}
    pages = cloudwatch.get_paginator("get_metric_data")
    for page in pages.paginate(MetricDataQueries=queries, StartTime=start, EndTime=end):
        for result in page["MetricDataResults"]:
            found[result["Id"]] += math.fsum(result["Values"])
    return round(found[COUNTED.lower()] - found[REFUSED.lower()] - found[FAILED.lower()])
