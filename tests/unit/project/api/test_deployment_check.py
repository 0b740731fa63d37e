"""A deployment is checked with real requests, and a check that cannot be made has failed."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from check import CheckError, Clock
from deployment_check import (
    CAPTURE_SECONDS,
    FIRST_POLL_SECONDS,
    LONGEST_POLL_SECONDS,
    Probe,
    probes_needed,
    read_sample,
    require_all_traffic,
    require_captured,
    require_endpoint_in_service,
    require_schedule,
    send_probe,
)

from tests.aws.clients import ScriptedClient, body, scripted

ENDPOINT = "mls-flights-1-prd"
START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SAMPLE_URI = "s3://artifacts/mls-demo/runs/mls-flights-1/data/baseline/"
CAPTURE_URI = "s3://artifacts/mls-demo/capture/"
PREFIX = f"mls-demo/capture/{ENDPOINT}/"


class ManualClock:
    """A clock that moves only when something sleeps."""

    def __init__(self) -> None:
        self.seconds = START.timestamp()
        self.pauses: list[float] = []
        self.clock = Clock(lambda: self.seconds, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.pauses.append(seconds)


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


def list_sample(s3: ScriptedClient, keys: list[str]) -> None:
    s3.answers(
        "list_objects_v2",
        {"Contents": [{"Key": key} for key in keys]},
        {"Bucket": "artifacts", "Prefix": "mls-demo/runs/mls-flights-1/data/baseline/"},
    )


def test_the_sample_is_the_first_rows_of_the_baseline_without_its_header() -> None:
    with scripted("s3") as s3:
        list_sample(s3, ["b.csv", "a.csv", "a.json"])
        s3.answers(
            "get_object",
            {"Body": body(b"dep_delay,carrier\n1,AA\n2,BB\n3,CC\n4,D")},
            {"Bucket": "artifacts", "Key": "a.csv", "Range": "bytes=0-262143"},
        )
        assert read_sample(s3.client, SAMPLE_URI) == "1,AA\n2,BB\n"


def test_without_a_baseline_there_is_no_check() -> None:
    with scripted("s3") as s3:
        list_sample(s3, [])
        with pytest.raises(CheckError, match="no CSV file"):
            read_sample(s3.client, SAMPLE_URI)
        list_sample(s3, ["a.csv"])
        s3.answers("get_object", {"Body": body(b"dep_delay,carrier\n")})
        with pytest.raises(CheckError, match="has no row"):
            read_sample(s3.client, SAMPLE_URI)


def probe(answer: object, function_error: str = "") -> Probe:
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    error = {"FunctionError": function_error} if function_error else {}
    with scripted("lambda") as lambda_client:
        lambda_client.answers("invoke", {"StatusCode": 200, "Payload": body(content), **error})
        return send_probe(lambda_client.client, "mls-demo-api", "7", ENDPOINT, "1,AA\n2,BB\n", ManualClock().clock)


def test_a_prediction_for_each_row_by_the_right_endpoint_passes() -> None:
    sent = probe({"statusCode": 200, "headers": {"X-SageMaker-Endpoint": ENDPOINT}, "body": "0.1\n0.2\n"})
    assert sent.inference_id.startswith("check-")
    assert len(sent.inference_id) <= 64
    assert sent.sent_at_seconds == START.timestamp()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"statusCode": 500, "body": "oops"}, "answered 500: oops"),
        ({"statusCode": 200, "headers": {}, "body": "0.1\n0.2\n"}, "asked endpoint None"),
        ({"statusCode": 200, "headers": {"x-sagemaker-endpoint": "old"}, "body": "0.1\n0.2\n"}, "asked endpoint old"),
        (
            {"statusCode": 200, "headers": {"x-sagemaker-endpoint": ENDPOINT}, "body": "0.1\n"},
            "1 predictions to 2 rows",
        ),
        ({}, "answered None"),
    ],
)
def test_any_other_answer_fails(answer: object, reason: str) -> None:
    with pytest.raises(CheckError, match=reason):
        probe(answer)


def test_a_raised_error_fails_with_its_message() -> None:
    with pytest.raises(CheckError, match=r"raised an error.*schema.json"):
        probe({"errorMessage": "schema.json: there is no such file"}, "Unhandled")


def test_the_request_looks_like_api_gateways_own() -> None:
    class Recorder:
        payload: dict[str, Any]

        def invoke(self, **request: Any) -> dict[str, Any]:
            assert (request["FunctionName"], request["Qualifier"]) == ("mls-demo-api", "live")
            self.payload = json.loads(request["Payload"])
            answer = {"statusCode": 200, "headers": {"X-SageMaker-Endpoint": ENDPOINT}, "body": "0.1\n"}
            return {"Payload": body(json.dumps(answer).encode())}

    recorder: Any = Recorder()
    sent = send_probe(recorder, "mls-demo-api", "live", ENDPOINT, "1,AA\n", ManualClock().clock)
    assert recorder.payload["httpMethod"] == "POST"
    assert recorder.payload["body"] == "1,AA\n"
    assert recorder.payload["headers"]["X-Amzn-SageMaker-Inference-Id"] == sent.inference_id


@pytest.mark.parametrize(("percent", "count"), [(100, 1), (99, 3), (50, 20), (1, 1375)])
def test_enough_requests_are_sent_that_one_is_captured(percent: float, count: int) -> None:
    assert probes_needed(percent) == count
    assert (1 - percent / 100) ** count <= 1.001e-6


def captured(s3: ScriptedClient, *ids: str) -> None:
    lines = [json.dumps({"captureData": {}, "eventMetadata": {"inferenceId": each} if each else {}}) for each in ids]
    s3.answers("get_object", {"Body": body("\n".join([*lines, ""]).encode())})


def listed(s3: ScriptedClient, *keys: str, at: datetime = START) -> None:
    s3.answers(
        "list_objects_v2",
        {"Contents": [{"Key": PREFIX + key, "LastModified": at} for key in keys]},
        {"Bucket": "artifacts", "Prefix": PREFIX},
    )


def test_the_very_request_is_waited_for_and_no_file_is_read_twice() -> None:
    clock = ManualClock()
    with scripted("s3") as s3:
        listed(s3)
        listed(s3, "1.jsonl")
        captured(s3, "somebody-else", "")
        listed(s3, "1.jsonl", "2.jsonl")
        captured(s3, "mine")
        require_captured(s3.client, CAPTURE_URI, ENDPOINT, [Probe("mine", START.timestamp())], clock.clock)
    assert clock.seconds > START.timestamp()


def test_it_looks_often_at_first_and_then_more_and_more_rarely() -> None:
    clock, looks = ManualClock(), 20
    with scripted("s3") as s3:
        for _ in range(looks):
            listed(s3)
        listed(s3, "1.jsonl")
        captured(s3, "mine")
        require_captured(s3.client, CAPTURE_URI, ENDPOINT, [Probe("mine", START.timestamp())], clock.clock)
    assert (clock.pauses[0], clock.pauses[-1]) == (FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS)
    assert clock.pauses == sorted(clock.pauses)


def test_files_from_before_the_request_prove_nothing() -> None:
    clock = ManualClock()
    with scripted("s3") as s3:
        clock.seconds += CAPTURE_SECONDS + 1
        listed(s3, "old.jsonl", at=START - timedelta(seconds=10))
        with pytest.raises(
            CheckError, match="none of 1 requests was captured within 600 s, such as mine; 0 newer files"
        ):
            require_captured(s3.client, CAPTURE_URI, ENDPOINT, [Probe("mine", START.timestamp())], clock.clock)


def test_one_of_several_sampled_requests_is_enough() -> None:
    with scripted("s3") as s3:
        listed(s3, "1.jsonl")
        captured(s3, "second")
        probes = [Probe("first", START.timestamp()), Probe("second", START.timestamp())]
        require_captured(s3.client, CAPTURE_URI, ENDPOINT, probes, ManualClock().clock)
