"""What was not captured is told from sampling, from requests that failed, and from the edges of an hour."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from missing_captures import Captures, look_for, time_of

from tests.aws.clients import scripted

NAME = "mls-flights-1-prd"
START, END = datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 24, 10, tzinfo=UTC)
NOW = datetime(2026, 11, 24, 10, 5, tzinfo=UTC)
FOUND = {
    "MonitoringSchedule": NAME,
    "From": "2026-11-24T09:00:00Z",
    "Until": "2026-11-24T10:00:00Z",
    "CapturedRecords": 490,
}


@pytest.mark.parametrize(
    ("answered", "percent", "captured", "missing"),
    [
        (1000, 100, 1000, 0.0),
        (1000, 100, 1003, 0.0),  # of the hour before
        (1000, 100, 990, 0.0),  # in the hour after
        (1000, 100, 490, 50.0),
        (1000, 100, 0, 99.0),
        (10_000, 10, 900, 0.0),  # what 10 % of them may be by chance
        (10_000, 10, 370, 50.0),
        (1000, 0, 0, 0.0),
        (0, 100, 0, 0.0),
        (5, 100, 0, 0.0),
    ],
)
def test_what_chance_does_not_explain_is_missing(answered: int, percent: float, captured: int, missing: float) -> None:
    assert Captures(answered, percent, captured).missing_percent == pytest.approx(missing, abs=0.6)


@pytest.mark.parametrize(
    "time",
    [
        {"From": "2026-11-24T09:00:01Z"},
        {"Until": "2026-11-24T09:30:00Z"},
        {"Until": "2026-11-24T11:00:00Z"},  # it is not over
    ],
)
def test_only_whole_hours_that_are_over_are_compared(time: dict[str, str]) -> None:
    with scripted("sagemaker") as sagemaker, scripted("cloudwatch") as cloudwatch:
        sagemaker.answers("describe_endpoint", endpoint("one", **CAPTURE))
        cloudwatch.answers("get_metric_data", counts(invocations=[700.0]))
        assert look_for(sagemaker.client, cloudwatch.client, {**FOUND, **time}, NOW) is None


@pytest.mark.parametrize("time", [{"Until": "2026-11-24T09:00:00Z"}, {"From": "yesterday"}, {"From": None}])
def test_an_execution_that_says_no_time_is_not_compared(time: dict[str, str | None]) -> None:
    assert time_of(FOUND) == (START, END)
    assert time_of({**FOUND, **time}) is None


def test_an_analyzer_that_did_not_count_is_not_compared() -> None:
    with scripted("sagemaker") as sagemaker, scripted("cloudwatch") as cloudwatch:
        assert look_for(sagemaker.client, cloudwatch.client, {**FOUND, "CapturedRecords": None}, NOW) is None


def endpoint(*variants: str, **capture: Any) -> dict[str, Any]:
    listed = [{"VariantName": name} for name in variants]
    common = {"EndpointName": NAME, "EndpointArn": "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/x"}
    times = {"EndpointStatus": "InService", "CreationTime": START, "LastModifiedTime": START}
    return {**common, **times, "ProductionVariants": listed, "DataCaptureConfig": capture}


CAPTURE = {
    "EnableCapture": True,
    "CaptureStatus": "Started",
    "CurrentSamplingPercentage": 50,
    "DestinationS3Uri": "s3://b/capture",
    "KmsKeyId": "",
}


def counts(**sums: list[float]) -> dict[str, Any]:
    return {"MetricDataResults": [{"Id": name, "Values": values} for name, values in sums.items()]}


def test_answered_requests_of_all_variants_count_and_what_failed_does_not() -> None:
    with scripted("sagemaker") as sagemaker, scripted("cloudwatch") as cloudwatch:
        sagemaker.answers("describe_endpoint", endpoint("one", "two", **CAPTURE), {"EndpointName": NAME})
        cloudwatch.answers(
            "get_metric_data",
            counts(invocations=[700.0, 300.0], invocation4xxerrors=[80.0], invocation5xxerrors=[20.0]),
        )
        cloudwatch.answers("get_metric_data", counts(invocations=[100.0]))
        assert look_for(sagemaker.client, cloudwatch.client, FOUND, NOW) == Captures(1000, 50, 490)


def test_an_endpoint_that_has_gone_is_not_compared() -> None:
    with scripted("sagemaker") as sagemaker, scripted("cloudwatch") as cloudwatch:
        sagemaker.fails("describe_endpoint", "ValidationException", 'Could not find endpoint "x".')
        assert look_for(sagemaker.client, cloudwatch.client, FOUND, NOW) is None


def test_what_may_not_be_read_is_an_error_and_not_a_good_sign() -> None:
    with scripted("sagemaker") as sagemaker, scripted("cloudwatch") as cloudwatch:
        sagemaker.fails("describe_endpoint", "AccessDeniedException", "no")
        with pytest.raises(Exception, match="AccessDenied"):
            look_for(sagemaker.client, cloudwatch.client, FOUND, NOW)
