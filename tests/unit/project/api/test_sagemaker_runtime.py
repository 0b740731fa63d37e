"""The lean client of SageMaker's runtime against a server: it sends, answers and refuses as boto3's client does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
import sagemaker_runtime
import trace_context
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from sagemaker_runtime import LeanRuntimeClient

from tests.ports import free_port

PROJECT = Path(__file__).parents[4] / "project"
NOW = 1_796_169_600
KEYS = ("AKIDEXAMPLE", "secret", "token")
UNSIGNED = {"authorization", "accept-encoding", "content-length", "traceparent"}
NO_RETRY = " (reached max retries: 0)"
MODEL_ERROR = b'{"Message": "m", "OriginalMessage": "no such column", "OriginalStatusCode": 400, "LogStreamArn": "a"}'


class Runtime:
    """A server that gives the answers it was told, in order, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str], bytes] | None] = []
        self.connections: set[Any] = set()
        self.is_closing = False
        self.hold, self.ended = threading.Event(), threading.Event()
        self.hold.set()
        told = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                told.connections.add(self.client_address)
                answer = told.answers.pop(0)
                told.hold.wait(10)
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, content = answer
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
                # Not told to the client, as when it idles for too long.
                self.close_connection = told.is_closing

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def shutdown_request(self, request: Any) -> None:
                super().shutdown_request(request)
                told.ended.set()

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.hold.set()
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def _session(keys: Sequence[str] = KEYS) -> boto3.Session:
    named = dict(zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), keys, strict=False))
    return boto3.Session(region_name="eu-central-1", **named)  # type: ignore[arg-type]


NewClient = Callable[..., LeanRuntimeClient]


@pytest.fixture
def new_client(runtime: Runtime) -> Iterator[NewClient]:
    with ExitStack() as made:

        def make(url: str = runtime.url, read_seconds: float = 10.0, keys: Sequence[str] = KEYS) -> LeanRuntimeClient:
            session = _session(keys)
            plain = session.client("sagemaker-runtime", endpoint_url=url)
            client = LeanRuntimeClient(session, plain, read_seconds, lambda: float(NOW))
            made.callback(client.close)
            return client

        yield make


def invoke(client: Any, **members: str) -> Any:
    return client.invoke_endpoint(EndpointName="flights", Body=b"1,2\n", ContentType="text/csv", **members)


def test_the_endpoint_is_asked_as_its_members_say_and_its_answer_comes_back(
    runtime: Runtime, new_client: NewClient
) -> None:
    answer = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Custom-Attributes": "trace=9"}
    runtime.answers = [(200, answer, b"0.25\n")]
    found = invoke(new_client(), Accept="text/csv", InferenceId="id-1", CustomAttributes="trace=1")
    assert found.pop("Body").read() == b"0.25\n"
    assert found == {"ContentType": "text/csv", "CustomAttributes": "trace=9"}
    [(path, headers, body)] = runtime.asked
    assert (path, body) == ("/endpoints/flights/invocations", b"1,2\n")
    assert (headers["content-type"], headers["accept"]) == ("text/csv", "text/csv")
    assert headers["x-amzn-sagemaker-inference-id"] == "id-1"
    assert headers["x-amzn-sagemaker-custom-attributes"] == "trace=1"


@pytest.mark.parametrize("attributes", ["a=1", "a  =   1, b=(2)"])
def test_it_signs_as_botocore_does(runtime: Runtime, new_client: NewClient, attributes: str) -> None:
    trace_context.take({"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})
    runtime.answers = [(200, {}, b""), (200, {}, b"")]
    client = new_client()
    for _ in range(2):
        invoke(client, CustomAttributes=attributes)
    for path, headers, body in runtime.asked:
        at = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        assert at.timestamp() == NOW
        signed = {name: value for name, value in headers.items() if name not in UNSIGNED}
        request = AWSRequest("POST", runtime.url + path, signed, body)
        request.context["timestamp"] = headers["x-amz-date"]
        signer = SigV4Auth(Credentials(*KEYS), "sagemaker", "eu-central-1")
        wanted = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        assert headers["authorization"].endswith(f"Signature={wanted}")
        assert f"SignedHeaders={signer.signed_headers(signer.headers_to_sign(request))}," in headers["authorization"]
        assert headers["traceparent"].startswith("00-4bf92f")


def test_one_connection_serves_all_calls_until_it_ends(runtime: Runtime, new_client: NewClient) -> None:
    client = new_client()
    runtime.answers = [(200, {}, b"1")] * 2
    for _ in range(2):
        invoke(client)
    assert len(runtime.connections) == 1
    runtime.answers, runtime.is_closing = [(200, {}, b"1")] * 2, True
    invoke(client)
    assert runtime.ended.wait(10)
    invoke(client)
    assert len(runtime.connections) == 2


@pytest.mark.parametrize(
    ("status", "kind", "body", "told"),
    [
        (424, "ModelError", MODEL_ERROR, {"OriginalStatusCode": 400, "OriginalMessage": "no such column"}),
        (400, "ValidationError", b'{"Message": "Endpoint flights not found."}', {}),
        (503, "ServiceUnavailable", b"{}", {}),
        (500, "", b"<html>", {}),
    ],
)
def test_it_refuses_as_boto3_does(
    runtime: Runtime, new_client: NewClient, status: int, kind: str, body: bytes, told: dict[str, Any]
) -> None:
    headers = {"x-amzn-ErrorType": kind} if kind else {}
    runtime.answers = [(status, headers, body)] * 2
    settings = Config(retries={"total_max_attempts": 1})
    botos_client = _session().client("sagemaker-runtime", endpoint_url=runtime.url, config=settings)
    errors = []
    for client in (new_client(), botos_client):
        with pytest.raises(ClientError) as raised:
            invoke(client)
        errors.append(raised.value)
    botos_client.close()
    ours, botos = errors
    assert (str(ours), type(ours).__name__) == (str(botos).replace(NO_RETRY, ""), type(botos).__name__)
    assert ours.response["Error"] == botos.response["Error"]
    assert ours.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert {name: ours.response[name] for name in told} == {name: botos.response[name] for name in told} == told  # type: ignore[literal-required]


def test_who_does_not_answer_in_time_is_not_heard_later(runtime: Runtime, new_client: NewClient) -> None:
    client = new_client(read_seconds=0.5)
    runtime.answers = [(200, {}, b"late"), (200, {}, b"in time")]
    runtime.hold.clear()
    with pytest.raises(ReadTimeoutError):
        invoke(client)
    runtime.hold.set()
    assert invoke(client)["Body"].read() == b"in time"
    assert len(runtime.connections) == 2


def test_an_answer_that_breaks_off_and_a_server_that_is_not_there_are_told_as_boto3_tells_them(
    runtime: Runtime, new_client: NewClient
) -> None:
    client = new_client()
    runtime.answers = [None, (200, {}, b"1")]
    with pytest.raises(ConnectionClosedError):
        invoke(client)
    assert invoke(client)["Body"].read() == b"1"
    with pytest.raises(EndpointConnectionError):
        invoke(new_client(f"http://127.0.0.1:{free_port()}"))


def test_without_credentials_nothing_is_sent(runtime: Runtime, new_client: NewClient) -> None:
    with pytest.raises(NoCredentialsError):
        invoke(new_client(keys=()))
    assert runtime.asked == []


def test_behind_a_proxy_it_is_boto3s_own_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert isinstance(sagemaker_runtime.runtime_client(1.0), LeanRuntimeClient)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert not isinstance(sagemaker_runtime.runtime_client(1.0), LeanRuntimeClient)


@pytest.mark.parametrize("name", ["embedded_metrics.py", "sagemaker_runtime.py", "trace_context.py"])
def test_the_image_and_the_zip_file_speak_by_the_same_words(name: str) -> None:
    assert (PROJECT / "api" / name).read_text() == (PROJECT / "container/code" / name).read_text()
