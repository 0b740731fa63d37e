"""The API function against an event in the form that API Gateway documents, and a fake of the runtime client."""

from __future__ import annotations

import base64
import importlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests.api_requests import BOTH_VARIANTS

prediction_api: Any = importlib.import_module("prediction_api")
endpoint: Any = importlib.import_module("endpoint")
kept_files: Any = importlib.import_module("kept_files")
schema: Any = importlib.import_module("schema")

INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
CONTEXT = SimpleNamespace(function_name="mls-flights-api", function_version="7")
FEATURES = (schema.Feature("carrier", ("AA", "UA")), schema.Feature("delay"))
EVENT = json.loads(Path(__file__).with_name("api_gateway_event.json").read_text())


class FakeRuntime:
    """Remembers what it was asked, and answers what it was told."""

    def __init__(self, answer: str | Exception = "0.25\n", **extra: str) -> None:
        self.asked: list[dict[str, Any]] = []
        self._answer = answer
        self._extra = extra

    def invoke_endpoint(self, **parameters: Any) -> dict[str, Any]:
        self.asked.append(parameters)
        if isinstance(self._answer, Exception):
            raise self._answer
        return {"Body": io.BytesIO(self._answer.encode()), "ContentType": "text/csv", **self._extra}


def read_csv(content: bytes, filename: str) -> list[list[str]]:
    if content == b"boom":
        raise ValueError("not a picture")
    return [line.split(",") for line in content.decode().splitlines()]


@pytest.fixture
def new_api(tmp_path: Path) -> Callable[..., Any]:
    def make(
        runtime: FakeRuntime, task: str = "binary", clock: Callable[[], float] = lambda: 1000.0, origin: str = "*"
    ) -> Any:
        return prediction_api.PredictionApi(
            schema=schema.Schema(task, "late", ("0", "1"), FEATURES, ("",)),
            endpoint=endpoint.Endpoint("mls-flights-prd-1", runtime),
            kept_files=kept_files.KeptFiles(tmp_path / "data", retain_seconds=60, clock=clock),
            decode_file=read_csv,
            namespace="mls/flights",
            cors_origin=origin,
            clock=clock,
        )

    return make


def event(body: str | None, content_type: str = "text/csv", method: str = "POST", **headers: str) -> dict[str, Any]:
    """API Gateway's event with another body."""
    others = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {name: value for name, value in EVENT["headers"].items() if name.lower() != "content-type"}
    return {**EVENT, "httpMethod": method, "body": body, "headers": {**sent, "Content-Type": content_type, **others}}


def metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_csv_request_reaches_the_endpoint_and_its_answer_comes_back(new_api: Callable[..., Any]) -> None:
    runtime = FakeRuntime("0.25\n0.75\n", CustomAttributes="trace=9")
    sent = event(
        "UA,2\nAA,\n", **{"X-Amzn-SageMaker-Inference-Id": "id-1", "x-amzn-sagemaker-custom-attributes": "trace=9"}
    )
    answer = new_api(runtime).handle(sent, CONTEXT)
    assert runtime.asked == [
        {
            "EndpointName": "mls-flights-prd-1",
            "Body": b"UA,2\nAA,\n",
            "ContentType": "text/csv",
            "Accept": "text/csv",
            "InferenceId": "id-1",
            "CustomAttributes": "trace=9",
        }
    ]
    assert (answer["statusCode"], answer["body"], answer["isBase64Encoded"]) == (200, "0.25\n0.75\n", False)
    headers = answer["headers"]
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["X-SageMaker-Endpoint"] == "mls-flights-prd-1"
    assert headers["X-Model-Version"] == "7"
    assert headers["X-Amzn-SageMaker-Inference-Id"] == "id-1"
    assert headers["X-Amzn-SageMaker-Custom-Attributes"] == "trace=9"


def test_api_gateways_event_is_answered_as_json(new_api: Callable[..., Any]) -> None:
    runtime = FakeRuntime("0.25\n0.75\n")
    answer = new_api(runtime).handle(EVENT, CONTEXT)
    assert runtime.asked[0]["Body"] == b"UA,2\nAA,\n"
    assert json.loads(answer["body"]) == {"predictions": [0.25, 0.75]}


def test_an_inference_id_is_made_where_none_was_sent(new_api: Callable[..., Any]) -> None:
    runtime = FakeRuntime()
    answer = new_api(runtime).handle(event("UA,2"), CONTEXT)
    assert answer["headers"]["X-Amzn-SageMaker-Inference-Id"] == runtime.asked[0]["InferenceId"]
    assert len(runtime.asked[0]["InferenceId"]) == 36


def test_a_multiclass_answer_as_json_has_classes_and_probabilities(new_api: Callable[..., Any]) -> None:
    sent = event('{"instances": [["UA", 2]]}', "application/json")
    answer = new_api(FakeRuntime("middle,0.8\n"), task="multiclass").handle(sent, CONTEXT)
    assert json.loads(answer["body"]) == {"predictions": ["middle"], "probabilities": [0.8]}


def test_a_base64_body_is_decoded(new_api: Callable[..., Any]) -> None:
    runtime = FakeRuntime()
    new_api(runtime).handle({**event(base64.b64encode(b"UA,2").decode()), "isBase64Encoded": True}, CONTEXT)
    assert runtime.asked[0]["Body"] == b"UA,2\n"


@pytest.mark.parametrize(
    ("sent", "status", "named"),
    [
        (event("UA,2", "application/x-npy"), 415, "application/x-npy"),
        (event("UA,2", ""), 415, "(none)"),
        (event("UA,2", Accept="image/png"), 406, "image/png"),
        (event(None), 400, "no rows"),
        (event("UA"), 400, "row 1 has 1 columns; the model takes 2"),
        (event("{", "application/json"), 400, "not JSON"),
        (event('{"instances": [{"carrier": "UA"}]}', "application/json"), 400, "no column 'delay'"),
        (event("0" * (6 * 1024 * 1024 + 1)), 413, "larger than 6 MB"),
        (event("x" * (6 * 1024 * 1024 + 1), "application/json"), 413, "larger than 6 MB"),
        (event("UA,2", method="GET"), 405, "send POST"),
        (event("UA,2", X_Amzn_SageMaker_Inference_Id="x" * 65), 400, "Inference-Id"),
        (event("UA,2", X_Amzn_SageMaker_Custom_Attributes="x" * 1025), 400, "Custom-Attributes"),
        ({**event("a"), "isBase64Encoded": True}, 400, "the body is not base64"),
        (event('{"file": "%%%"}', "application/json"), 400, '"file" is not base64'),
        (event('{"file": 1}', "application/json"), 400, '"file" must be the base64 text'),
        (event('{"file": "QQ==", "instances": []}', "application/json"), 400, "not both"),
        (
            event('{"file": "Ym9vbQ==", "filename": "a.png"}', "application/json"),
            400,
            "'a.png' cannot be read: not a picture",
        ),
    ],
)
def test_a_callers_mistake_is_answered_and_never_reaches_the_endpoint(
    new_api: Callable[..., Any], capsys: pytest.CaptureFixture[str], sent: dict[str, Any], status: int, named: str
) -> None:
    runtime = FakeRuntime()
    answer = new_api(runtime).handle(sent, CONTEXT)
    assert (answer["statusCode"], runtime.asked) == (status, [])
    assert named in json.loads(answer["body"])["error"]
    assert answer["headers"]["Content-Type"] == "application/json"
    assert [(line["4XXError"], line["5XXError"]) for line in metrics(capsys)] == [(1, 0)]


@pytest.mark.parametrize(("content_type", "body", "status"), BOTH_VARIANTS)
def test_the_image_answers_as_the_zip_file_does(
    new_api: Callable[..., Any], content_type: str, body: str, status: int
) -> None:
    sent = event(body, content_type, **{INFERENCE_ID: "shared"})
    answer = new_api(FakeRuntime()).handle(sent, CONTEXT)
    assert (answer["statusCode"], answer["headers"][INFERENCE_ID]) == (status, "shared")
    assert answer["headers"]["X-SageMaker-Endpoint"] == "mls-flights-prd-1"
    assert status == 200 or set(json.loads(answer["body"])) == {"error"}


def client_error(code: str, **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "m"}, **more}
    return ClientError(response, "InvokeEndpoint")


@pytest.mark.parametrize(
    ("error", "status", "named"),
    [
        (
            client_error("ModelError", OriginalStatusCode=400, OriginalMessage='{"error": "row 1, column \'delay\'"}'),
            400,
            "row 1, column 'delay'",
        ),
        (client_error("ModelError", OriginalStatusCode=415, OriginalMessage="plain"), 415, "plain"),
        (client_error("ModelError", OriginalStatusCode=500, OriginalMessage="boom"), 502, "failed (ModelError)"),
        (client_error("ModelError", OriginalStatusCode=503), 502, "failed (ModelError)"),
        (client_error("ValidationError"), 502, "failed (ValidationError)"),
        (client_error("AccessDeniedException"), 502, "failed (AccessDeniedException)"),
        (client_error("ServiceUnavailable"), 503, "busy"),
        (client_error("ThrottlingException"), 503, "busy"),
        (client_error("ModelNotReadyException"), 503, "busy"),
        (ReadTimeoutError(endpoint_url="http://x"), 504, "did not answer in time"),
        (EndpointConnectionError(endpoint_url="http://x"), 503, "cannot be reached (EndpointConnectionError)"),
    ],
)
def test_an_endpoints_failure_is_a_5xx_and_the_models_own_4xx_stays_one(
    new_api: Callable[..., Any], capsys: pytest.CaptureFixture[str], error: Exception, status: int, named: str
) -> None:
    answer = new_api(FakeRuntime(error)).handle(event("UA,2"), CONTEXT)
    assert answer["statusCode"] == status
    assert named in json.loads(answer["body"])["error"]
    line = metrics(capsys)[0]
    assert (line["5XXError"], line["4XXError"]) == ((1, 0) if status >= 500 else (0, 1))
    assert "Prediction" not in line


@pytest.mark.parametrize("body", ["", "0.1\n0.2\n", "\n", "yes\n", "\xff"])
def test_an_answer_that_does_not_fit_the_request_is_a_502(new_api: Callable[..., Any], body: str) -> None:
    assert new_api(FakeRuntime(body)).handle(event("UA,2"), CONTEXT)["statusCode"] == 502


def test_an_unforeseen_error_is_raised_and_counted_as_a_5xx(
    new_api: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ZeroDivisionError):
        new_api(FakeRuntime(ZeroDivisionError())).handle(event("UA,2"), CONTEXT)
    assert [(line["Requests"], line["5XXError"], line["Status"]) for line in metrics(capsys)] == [(1, 1, 500)]


def test_a_request_of_a_check_is_measured_as_such(
    new_api: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    request = {**event("UA,2"), "requestContext": {"requestId": "check-d-1-version-0"}}
    assert new_api(FakeRuntime("0.2\n")).handle(request, CONTEXT)["statusCode"] == 200
    [line] = metrics(capsys)
    assert line["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [
        {"Name": "CheckRequests", "Unit": "Count", "StorageResolution": 1}
    ]


def test_each_request_is_one_line_of_embedded_metric_format(
    new_api: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([1000.0, 1000.0125])
    api = new_api(FakeRuntime("0.2\n0.6\n"), clock=lambda: next(times))
    api.handle(event("UA,2\nAA,3", X_Amzn_SageMaker_Inference_Id="id-2"), CONTEXT)
    assert metrics(capsys) == [
        {
            "_aws": {
                "Timestamp": 1000012,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "mls/flights",
                        "Dimensions": [["FunctionName", "FunctionVersion"]],
                        "Metrics": [
                            {"Name": "Requests", "Unit": "Count", "StorageResolution": 1},
                            {"Name": "4XXError", "Unit": "Count", "StorageResolution": 1},
                            {"Name": "5XXError", "Unit": "Count", "StorageResolution": 1},
                            {"Name": "Latency", "Unit": "Milliseconds", "StorageResolution": 1},
                            {"Name": "Prediction", "Unit": "None", "StorageResolution": 1},
                        ],
                    }
                ],
            },
            "FunctionName": "mls-flights-api",
            "FunctionVersion": "7",
            "EndpointName": "mls-flights-prd-1",
            "InferenceId": "id-2",
            "Status": 200,
            "Requests": 1,
            "4XXError": 0,
            "5XXError": 0,
            "Latency": 12.5,
            "Prediction": 0.4,
        }
    ]


def test_of_a_multiclass_model_the_number_of_the_class_is_measured_and_its_probability(
    new_api: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    new_api(FakeRuntime("1,0.6\n"), task="multiclass").handle(event("UA,2"), CONTEXT)
    new_api(FakeRuntime("unheard,0.4\n"), task="multiclass").handle(event("UA,2"), CONTEXT)
    assert [(line["Prediction"], line["Confidence"]) for line in metrics(capsys)] == [(1, 0.6), (2, 0.4)]


def test_a_browser_may_call_it_from_the_stated_origin(
    new_api: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    api = new_api(FakeRuntime(), origin="https://app.example")
    asked = api.handle(event(None, method="OPTIONS"), CONTEXT)
    assert (asked["statusCode"], asked["headers"]["Access-Control-Allow-Methods"]) == (204, "OPTIONS, POST")
    assert metrics(capsys) == [], "a browser's question is no request of the API"
    for sent in (event("UA,2"), event("UA")):
        headers = api.handle(sent, CONTEXT)["headers"]
        assert headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert "X-SageMaker-Endpoint" in headers["Access-Control-Expose-Headers"]


def test_without_an_origin_there_are_no_cors_headers(new_api: Callable[..., Any]) -> None:
    headers = new_api(FakeRuntime(), origin="").handle(event("UA,2"), CONTEXT)["headers"]
    assert not [name for name in headers if name.startswith("Access-Control")]


def file_event(content: bytes, filename: str) -> dict[str, Any]:
    body = {"file": base64.b64encode(content).decode(), "filename": filename}
    return event(json.dumps(body), "application/json")


def test_a_file_is_kept_and_its_rows_are_predicted(new_api: Callable[..., Any], tmp_path: Path) -> None:
    runtime = FakeRuntime("0.25\n0.5\n")
    answer = new_api(runtime).handle(file_event(b"UA,2\nAA,3\n", "my flights.csv"), CONTEXT)
    assert json.loads(answer["body"]) == {"predictions": [0.25, 0.5]}
    assert runtime.asked[0]["Body"] == b"UA,2\nAA,3\n"
    kept = list((tmp_path / "data").iterdir())
    assert [path.name[33:] for path in kept] == ["my_flights.csv"]
    assert kept[0].read_bytes() == b"UA,2\nAA,3\n"


@pytest.mark.parametrize(
    "filename", ["../../etc/passwd", "/etc/passwd", "..", ".", "", "x/\0/..", "a" * 300, ".hidden"]
)
def test_a_filename_cannot_leave_the_folder(new_api: Callable[..., Any], tmp_path: Path, filename: str) -> None:
    answer = new_api(FakeRuntime()).handle(file_event(b"UA,2", filename), CONTEXT)
    assert answer["statusCode"] == 200
    assert [path.parent for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "data"]


def test_kept_files_go_when_their_time_is_over(tmp_path: Path) -> None:
    now = [10_000.0]
    files = kept_files.KeptFiles(tmp_path, retain_seconds=3600, clock=lambda: now[0])
    old, young = files.keep(b"old", "old"), files.keep(b"young", "young")
    os.utime(old, (now[0], now[0]))
    os.utime(young, (now[0] + 3000, now[0] + 3000))
    now[0] += 3601
    files.keep(b"new", "new")
    assert not old.exists()
    assert young.exists()


def test_the_folder_is_walked_through_once_a_minute_at_most(tmp_path: Path) -> None:
    now = [10_000.0]
    files = kept_files.KeptFiles(tmp_path, retain_seconds=1, clock=lambda: now[0])
    files.keep(b"", "first")
    now[0] += 61
    files.prune()
    late = tmp_path / "late"
    late.touch()
    os.utime(late, (0, 0))
    now[0] += 59
    files.prune()
    assert late.exists()
    now[0] += 1
    files.prune()
    assert not late.exists()
