"""The three checks as a whole, from the variables that the template gives them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from check import CheckError, Clock
from verify_deployment import verify

from tests.aws.clients import body

ENDPOINT = "mls-flights-1-prd"
VARIABLES = {
    "FUNCTION_NAME": "mls-demo-api",
    "NEW_VERSION": "7",
    "ENDPOINT_NAME": ENDPOINT,
    "MONITORING_SCHEDULE_NAME": ENDPOINT,
    "SAMPLE_URI": "s3://artifacts/mls-demo/runs/mls-flights-1/data/baseline/",
    "CAPTURE_URI": "s3://artifacts/mls-demo/capture/",
    "CAPTURE_PERCENT": "100",
}
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


class System:
    """A production stage in memory: its API function captures what it answers, unless it is told not to."""

    def __init__(self, *, captures: bool = True, schedule: str = "Scheduled") -> None:
        self.captures, self.schedule = captures, schedule
        self.asked: list[str] = []
        self.objects = {"mls-demo/runs/mls-flights-1/data/baseline/baseline.csv": b"a,b\n1,2\n3,4\n5,6\n"}
        self.seconds = NOW.timestamp()

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        assert EndpointName == ENDPOINT
        return {"EndpointStatus": "InService", "DataCaptureConfig": {"EnableCapture": True}}

    def describe_monitoring_schedule(self, MonitoringScheduleName: str) -> dict[str, Any]:
        assert MonitoringScheduleName == ENDPOINT
        return {"MonitoringScheduleStatus": self.schedule}

    def get_alias(self, **_: str) -> dict[str, Any]:
        return {"FunctionVersion": "7"}

    def invoke(self, FunctionName: str, Qualifier: str, Payload: bytes) -> dict[str, Any]:
        self.asked.append(f"{FunctionName}:{Qualifier}")
        event = json.loads(Payload)
        inference_id = event["headers"]["X-Amzn-SageMaker-Inference-Id"]
        if self.captures:
            line = json.dumps({"eventMetadata": {"inferenceId": inference_id}})
            self.objects[f"mls-demo/capture/{ENDPOINT}/AllTraffic/{inference_id}.jsonl"] = line.encode()
        answer = {"statusCode": 200, "headers": {"X-SageMaker-Endpoint": ENDPOINT}, "body": "0.5\n" * 2}
        return {"Payload": body(json.dumps(answer).encode())}

    def list_objects_v2(self, Bucket: str, Prefix: str) -> dict[str, Any]:
        assert Bucket == "artifacts"
        found = [key for key in self.objects if key.startswith(Prefix)]
        return {"Contents": [{"Key": key, "LastModified": NOW} for key in found]}

    def get_object(self, Bucket: str, Key: str, Range: str = "") -> dict[str, Any]:
        return {"Body": body(self.objects[Key])}

    def get_paginator(self, operation: str) -> Any:
        system = self

        class Pages:
            def paginate(self, **request: str) -> list[dict[str, Any]]:
                return [getattr(system, operation)(**request)]

        return Pages()


def check(system: System) -> str:
    client: Any = system
    return verify(client, client, client, VARIABLES, Clock(lambda: system.seconds, system.sleep))


def test_the_new_version_and_then_the_alias_are_asked() -> None:
    system = System()
    assert check(system) == f"version 7 answers with endpoint {ENDPOINT}, and is captured"
    assert system.asked == ["mls-demo-api:7", "mls-demo-api:live"]


def test_a_deployment_whose_requests_are_not_captured_fails() -> None:
    with pytest.raises(CheckError, match="was captured"):
        check(System(captures=False))


def test_a_deployment_without_monitoring_fails() -> None:
    with pytest.raises(CheckError, match="is Failed"):
        check(System(schedule="Failed"))
