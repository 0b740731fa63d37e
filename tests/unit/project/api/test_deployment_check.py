"""What a deployment made is in order, or the check has failed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from check import CheckError
from deployment_check import require_all_traffic, require_endpoint_in_service, require_schedule

from tests.aws.clients import scripted

ENDPOINT = "mls-flights-1-prd"
START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
CAPTURE_URI = "s3://artifacts/mls-demo/capture/"


def endpoint(status: str = "InService", **more: Any) -> dict[str, Any]:
    return {
        "EndpointName": ENDPOINT,
        "EndpointArn": f"arn:aws:sagemaker:eu-central-1:123456789012:endpoint/{ENDPOINT}",
        "EndpointStatus": status,
        "CreationTime": START,
        "LastModifiedTime": START,
        **more,
    }


def capture(enabled: bool) -> dict[str, Any]:
    return {
        "DataCaptureConfig": {
            "EnableCapture": enabled,
            "CaptureStatus": "Started",
            "CurrentSamplingPercentage": 100,
            "DestinationS3Uri": CAPTURE_URI,
            "KmsKeyId": "key",
        }
    }


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        (endpoint("Failed", FailureReason="no capacity", **capture(True)), "is Failed no capacity"),
        (endpoint("Updating", **capture(True)), "is Updating"),
        (endpoint(), "does not capture"),
        (endpoint(**capture(False)), "does not capture"),
    ],
)
def test_an_endpoint_that_does_not_serve_or_capture_fails(description: dict[str, Any], reason: str) -> None:
    with scripted("sagemaker") as sagemaker:
        sagemaker.answers("describe_endpoint", description, {"EndpointName": ENDPOINT})
        with pytest.raises(CheckError, match=reason):
            require_endpoint_in_service(sagemaker.client, ENDPOINT)


def test_an_endpoint_that_serves_and_captures_passes() -> None:
    with scripted("sagemaker") as sagemaker:
        sagemaker.answers("describe_endpoint", endpoint(**capture(True)))
        require_endpoint_in_service(sagemaker.client, ENDPOINT)


@pytest.mark.parametrize(
    ("alias", "passes"),
    [
        ({"FunctionVersion": "7"}, True),
        ({"FunctionVersion": "7", "RoutingConfig": {"AdditionalVersionWeights": {"6": 0.0}}}, True),
        ({"FunctionVersion": "7", "RoutingConfig": {"AdditionalVersionWeights": {"6": 0.9}}}, False),
        ({"FunctionVersion": "6"}, False),
    ],
)
def test_all_traffic_must_reach_the_version(alias: dict[str, Any], passes: bool) -> None:
    with scripted("lambda") as lambda_client:
        lambda_client.answers("get_alias", alias, {"FunctionName": "mls-demo-api", "Name": "live"})
        if passes:
            require_all_traffic(lambda_client.client, "mls-demo-api", "7")
        else:
            with pytest.raises(CheckError, match="not to 7"):
                require_all_traffic(lambda_client.client, "mls-demo-api", "7")


def test_a_schedule_that_is_stopped_fails() -> None:
    description = {
        "MonitoringScheduleArn": "arn:aws:sagemaker:eu-central-1:123456789012:monitoring-schedule/s",
        "MonitoringScheduleName": "s",
        "MonitoringScheduleStatus": "Stopped",
        "CreationTime": START,
        "LastModifiedTime": START,
        "MonitoringScheduleConfig": {},
    }
    with scripted("sagemaker") as sagemaker:
        sagemaker.answers("describe_monitoring_schedule", {**description, "MonitoringScheduleStatus": "Scheduled"})
        require_schedule(sagemaker.client, "s")
        sagemaker.answers("describe_monitoring_schedule", description)
        with pytest.raises(CheckError, match="s is Stopped"):
            require_schedule(sagemaker.client, "s")
