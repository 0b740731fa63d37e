"""The API function without an image passes requests on, and tells a caller's mistake from an outage."""

import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from answered import answered_numbers
from app import MAX_BODY_BYTES, PredictionProxy
from botocore.exceptions import ClientError

from tests.aws.clients import ScriptedClient, body, scripted

EVENT = json.loads((Path(__file__).parent / "events" / "api_gateway_proxy.json").read_text())
CONTEXT = SimpleNamespace(function_name="mls-demo-api-zip", function_version="7")
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


def event(body: str = EVENT["body"], content_type: str = "text/csv", **changes: Any) -> dict[str, Any]:
    headers = {**EVENT["headers"], "content-type": content_type, **changes.pop("headers", {})}
    return {**EVENT, "headers": headers, "body": body, **changes}


def handle(runtime: ScriptedClient, request: dict[str, Any], cors_origin: str = "") -> dict[str, Any]:
    times = iter([1000.0, 1000.0125])
    proxy = PredictionProxy(runtime.client, "mls-flights-1-prd", cors_origin, "mls-demo", lambda: next(times))
    return proxy.handle(request, CONTEXT)


def measured(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(capsys.readouterr().out)
    return line


def answers(runtime: ScriptedClient, **expected: Any) -> None:
    runtime.answers(
        "invoke_endpoint",
        {"Body": body(b"0.25\n"), "ContentType": "text/csv; charset=utf-8", "CustomAttributes": "trace=1"},
        {"EndpointName": "mls-flights-1-prd", "InferenceId": "id-1", "Accept": "*/*", **expected},
    )


def refused(request: dict[str, Any]) -> tuple[int, str]:
    """Status and error of a request that never reaches the endpoint."""
    with scripted("sagemaker-runtime") as runtime:
        answer = handle(runtime, request)
    assert answer["headers"]["Content-Type"] == "application/json"
    return answer["statusCode"], json.loads(answer["body"])["error"]


def test_the_body_reaches_the_endpoint_as_it_is_and_the_answer_comes_back() -> None:
    with scripted("sagemaker-runtime") as runtime:
        answers(runtime, Body=b"1,2,AA\n", ContentType="text/csv", CustomAttributes="trace=1")
        answer = handle(runtime, event(headers={INFERENCE_ID: "id-1", ATTRIBUTES: "trace=1"}))
    assert (answer["statusCode"], answer["body"], answer["isBase64Encoded"]) == (200, "0.25\n", False)
    assert answer["headers"]["X-SageMaker-Endpoint"] == "mls-flights-1-prd"
    assert answer["headers"][INFERENCE_ID] == "id-1"
    assert answer["headers"][ATTRIBUTES] == "trace=1"


def test_json_in_base64_is_unpacked() -> None:
    content = b'{"instances": [[1, 2, "AA"]]}'
    with scripted("sagemaker-runtime") as runtime:
        answers(runtime, Body=content, ContentType="application/json")
        packed = base64.b64encode(content).decode()
        request = event(packed, "application/json", isBase64Encoded=True, headers={INFERENCE_ID: "id-1"})
        assert handle(runtime, request)["statusCode"] == 200


def test_a_request_without_an_inference_id_gets_one() -> None:
    with scripted("sagemaker-runtime") as runtime:
        runtime.answers("invoke_endpoint", {"Body": body(b"0.25\n"), "ContentType": "text/csv"})
        assert len(handle(runtime, event())["headers"][INFERENCE_ID]) == 36


@pytest.mark.parametrize(
    ("request_event", "status"),
    [
        (event(content_type="text/plain"), 415),
        (event(content_type=""), 415),
        (event(""), 400),
        (event("{", "application/json"), 400),
        (event("no base64", isBase64Encoded=True), 400),
        (event("1" * (MAX_BODY_BYTES + 1)), 413),
        (event(headers={INFERENCE_ID: "x" * 65}), 400),
        (event(headers={ATTRIBUTES: "x" * 1025}), 400),
        (event(headers={ATTRIBUTES: "caf\u00e9"}), 400),
        (event(headers={"accept": "caf\u00e9"}), 400),
        (event(content_type="text/csv; caf\u00e9"), 400),
    ],
)
def test_a_callers_mistake_is_told_and_costs_no_call(request_event: dict[str, Any], status: int) -> None:
    assert refused(request_event)[0] == status


@pytest.mark.parametrize(("sent", "given_back"), [("id-1", "id-1"), ("x" * 65, None)])
def test_a_refusal_gives_the_inference_id_back_where_it_is_one(sent: str, given_back: str | None) -> None:
    with scripted("sagemaker-runtime") as runtime:
        answer = handle(runtime, event("", headers={INFERENCE_ID: sent}))
    assert answer["headers"].get(INFERENCE_ID) == given_back


@pytest.mark.parametrize(
    ("message", "told"), [('{"error": "row 1 has 2 columns"}', "row 1 has 2 columns"), ("", "refused")]
)
def test_the_models_own_4xx_is_the_callers_mistake(message: str, told: str) -> None:
    with scripted("sagemaker-runtime") as runtime:
        runtime.fails("invoke_endpoint", "ModelError", OriginalStatusCode=400, OriginalMessage=message)
        answer = handle(runtime, event())
    assert answer["statusCode"] == 400
    assert told in answer["body"]


@pytest.mark.parametrize(
    ("code", "details"),
    [("ModelError", {"OriginalStatusCode": 500}), ("ValidationError", {}), ("ThrottlingException", {})],
)
def test_an_outage_is_raised_so_that_the_alarms_see_it(code: str, details: dict[str, Any]) -> None:
    with scripted("sagemaker-runtime") as runtime:
        runtime.fails("invoke_endpoint", code, **details)
        with pytest.raises(ClientError, match=code):
            handle(runtime, event())


def test_a_browser_is_told_which_origin_may_call() -> None:
    with scripted("sagemaker-runtime") as runtime:
        answer = handle(runtime, event("", httpMethod="OPTIONS"), "https://shop.example.com")
        assert answer["statusCode"] == 204
        assert answer["headers"]["Access-Control-Allow-Origin"] == "https://shop.example.com"
        assert "Access-Control-Allow-Origin" not in handle(runtime, event("", httpMethod="OPTIONS"))["headers"]


def test_each_request_is_measured_by_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with scripted("sagemaker-runtime") as runtime:
        answers(runtime, Body=b"1,2,AA\n", ContentType="text/csv", CustomAttributes="trace=1")
        handle(runtime, event(headers={INFERENCE_ID: "id-1", ATTRIBUTES: "trace=1"}))
    line = measured(capsys)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], line["FunctionName"], line["FunctionVersion"]) == (
        "mls-demo",
        "mls-demo-api-zip",
        "7",
    )
    assert {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]} == {
        "Requests": 1,
        "4XXError": 0,
        "5XXError": 0,
        "Latency": 12.5,
        "Prediction": 0.25,
    }
    assert {metric["StorageResolution"] for metric in directive["Metrics"]} == {1}


def test_a_request_of_a_check_is_measured_as_such_and_no_client_can_send_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with scripted("sagemaker-runtime") as runtime:
        answers(runtime, Body=b"1,2,AA\n", ContentType="text/csv")
        handle(runtime, event(headers={INFERENCE_ID: "id-1"}, requestContext={"requestId": "check-1"}))
        [directive] = (line := measured(capsys))["_aws"]["CloudWatchMetrics"]
        assert {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]} == {"CheckRequests": 1}
        answers(runtime, Body=b"1,2,AA\n", ContentType="text/csv")
        handle(runtime, event(headers={INFERENCE_ID: "id-1"}, requestContext={"requestId": "0f3c"}))
        assert measured(capsys)["Requests"] == 1


def test_a_callers_mistake_and_an_outage_are_measured_apart(capsys: pytest.CaptureFixture[str]) -> None:
    refused(event(content_type="text/plain"))
    line = measured(capsys)
    assert (line["4XXError"], line["5XXError"], "Prediction" in line) == (1, 0, False)
    with scripted("sagemaker-runtime") as runtime:
        runtime.fails("invoke_endpoint", "ThrottlingException")
        with pytest.raises(ClientError):
            handle(runtime, event())
    line = measured(capsys)
    assert (line["4XXError"], line["5XXError"], line["Status"]) == (0, 1, 500)


def test_what_a_browser_asks_before_is_no_request(capsys: pytest.CaptureFixture[str]) -> None:
    with scripted("sagemaker-runtime") as runtime:
        handle(runtime, event("", httpMethod="OPTIONS"))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("body", "content_type", "numbers"),
    [
        ("0.25\n0.5\n", "text/csv; charset=utf-8", ([0.25, 0.5], [])),
        ("3,0.9\n", "text/csv", ([3.0], [0.9])),
        ("cat,0.9\ndog,0.6\ncat,0.8\n", "text/csv", ([832.0, 165.0, 832.0], [0.9, 0.6, 0.8])),
        ('{"predictions": [0.5]}', "application/json", ([0.5], [])),
        ('{"predictions": ["cat"], "probabilities": [0.9]}', "application/json", ([832.0], [0.9])),
        ("{", "application/json", ([], [])),
        ("[1]", "application/json", ([], [])),
        ("a,b\n", "text/csv", ([], [])),
    ],
)
def test_the_numbers_of_an_answer_are_read_without_a_schema(
    body: str, content_type: str, numbers: tuple[list[float], list[float]]
) -> None:
    assert answered_numbers(body, content_type) == numbers


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_a_body_without_an_end_is_its_senders_mistake(text: str) -> None:
    """Else whoever likes could take a deployment back: a function's errors do that."""
    status, error = refused(event(text, "application/json"))
    assert (status, "not JSON" in error) == (400, True)


def test_an_answer_without_an_end_has_no_numbers() -> None:
    assert answered_numbers("[" * 100_000, "application/json") == ([], [])
