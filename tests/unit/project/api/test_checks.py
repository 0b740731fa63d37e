"""The checks as a whole, from the variables that the template gives them."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from check import CheckError, Clock
from probe import alias_ids, version_ids
from verify_deployment import verify

from tests.aws.clients import body

ENDPOINT = "mls-flights-1-prd"
VARIABLES = {
    "FUNCTION_NAME": "mls-demo-api",
    "NEW_VERSION": "7",
    "ENDPOINT_NAME": ENDPOINT,
    "MONITORING_SCHEDULE_NAME": ENDPOINT,
    "SAMPLE_URI": "s3://artifacts/mls-demo/runs/mls-flights-1/data/requests/",
    "CAPTURE_URI": "s3://artifacts/mls-demo/capture/",
    "CAPTURE_PERCENT": "100",
    "TASK_TYPE": "binary",
    "MAX_LATENCY_MS": "500",
}
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
JOB = "job-1"


class System:
    """A production stage in memory."""

    def __init__(
        self,
        *,
        loses: Callable[[str], bool] = lambda _: False,
        schedule: str = "Scheduled",
        seconds: Sequence[float] = (),
    ) -> None:
        """Captures what it answers but for the requests that it loses; `seconds`: how long its first answers take."""
        self.loses, self.schedule = loses, schedule
        self.durations = list(seconds)
        self.asked: list[str] = []
        self.ids: list[str] = []
        self.objects = {"mls-demo/runs/mls-flights-1/data/requests/requests.csv": b"a,b\n1,2\n3,4\n5,6\n"}
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
        self.ids.append(inference_id)
        self.seconds += self.durations.pop(0) if self.durations else 0.01
        if not self.loses(inference_id):
            line = json.dumps({"eventMetadata": {"inferenceId": inference_id}})
            self.objects[f"mls-demo/capture/{ENDPOINT}/AllTraffic/{inference_id}.jsonl"] = line.encode()
        answer = {
            "statusCode": 200,
            "headers": {"X-SageMaker-Endpoint": ENDPOINT},
            "body": "0.5\n" * event["body"].count("\n"),
        }
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


def check(system: System, **variables: str) -> str:
    client: Any = system
    return verify(client, client, client, JOB, {**VARIABLES, **variables}, Clock(lambda: system.seconds, system.sleep))


def test_the_new_version_and_then_the_alias_are_asked() -> None:
    system = System()
    assert check(system) == f"version 7 answers with endpoint {ENDPOINT}, and is captured"
    assert system.asked == ["mls-demo-api:7"] * 11 + ["mls-demo-api:live"] * 10
    assert system.ids == [*version_ids(JOB), *alias_ids(JOB, 10)]


def test_of_slow_answers_only_the_very_first_is_let_pass() -> None:
    check(System(seconds=[20.0]))
    with pytest.raises(
        CheckError, match=f"request check-{JOB}-version-2: the answer took 700 ms.*max_latency_ms is 500"
    ):
        check(System(seconds=[20.0, 0.4, 0.7, 0.6]))


@pytest.mark.parametrize("lost", ["version-4", "alias-7"])
def test_where_all_is_captured_each_request_of_either_check_must_be_there(lost: str) -> None:
    with pytest.raises(CheckError, match=f"20 of 21 requests were captured .* missing are check-{JOB}-{lost};"):
        check(System(loses=lambda inference_id: inference_id.endswith(lost)))


def test_where_a_sample_is_captured_one_request_to_the_alias_must_be_there() -> None:
    system = System(loses=lambda inference_id: not inference_id.endswith("alias-19"))
    check(system, CAPTURE_PERCENT="50")
    assert system.ids[11:] == alias_ids(JOB, 20)
    with pytest.raises(CheckError, match="0 of 20 requests were captured"):
        check(System(loses=lambda inference_id: "alias" in inference_id), CAPTURE_PERCENT="50")


def test_a_deployment_without_monitoring_fails() -> None:
    with pytest.raises(CheckError, match="is Failed"):
        check(System(schedule="Failed"))
