"""Whoever tries an endpoint sees what the model said, its errors too; and a key goes to the API and nowhere else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, cast

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.trial_call import MOST_BYTES, Request, call_api, call_endpoint

ROW = Request(b"1,2\n", "text/csv")


class Runtime:
    """SageMaker's, which answers or raises."""

    region = "us-east-1"

    def __init__(self, answer: dict[str, Any] | ClientError):
        self.answer = answer
        self.asked: dict[str, Any] = {}

    def client(self, _service: str) -> Runtime:
        return self

    def tls(self) -> None:
        return None

    def credentials(self) -> Credentials:
        return Credentials("AKIDEXAMPLE", "secret")

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        self.asked = request
        if isinstance(self.answer, ClientError):
            raise self.answer
        return self.answer


def good(body: bytes) -> dict[str, Any]:
    about = {"HTTPStatusCode": 200, "HTTPHeaders": {"x-amzn-sagemaker-inference-id": "i"}}
    return {
        "Body": io.BytesIO(body),
        "ContentType": "text/csv",
        "InvokedProductionVariant": "A",
        "ResponseMetadata": about,
    }


def call(answer: dict[str, Any] | ClientError, request: Request = ROW) -> Any:
    return call_endpoint(cast(Connection, Runtime(answer)), "e", request)


def test_an_answer_comes_with_what_gave_it() -> None:
    reply = call(good(b"0.5\n"))
    assert (reply.status, reply.text, reply.version, reply.variant, reply.inference_id) == (200, "0.5\n", "e", "A", "i")
    assert reply.is_good


def test_an_error_of_the_model_is_its_own_status_and_all_of_its_words() -> None:
    words = '{"error": "row 1 has 2 columns"}' * 100
    told = {
        "Error": {"Code": "ModelError", "Message": "Received client error (400)"},
        "OriginalStatusCode": 400,
        "OriginalMessage": words,
        "LogStreamArn": "arn:aws:logs:r:1:log-group:/aws/sagemaker/Endpoints/e",
        "ResponseMetadata": {"HTTPStatusCode": 424, "HTTPHeaders": {}},
    }
    reply = call(ClientError(cast(Any, told), "InvokeEndpoint"))
    assert (reply.status, reply.text, reply.log_group) == (400, words, "/aws/sagemaker/Endpoints/e")
    assert not reply.is_good


def test_a_request_that_reached_no_model_is_a_failure() -> None:
    refused = ClientError({"Error": {"Code": "ValidationError", "Message": "Endpoint e not found"}}, "InvokeEndpoint")
    with pytest.raises(ClientFailure, match="Endpoint e not found"):
        call(refused)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(b"", "text/csv"), "nothing to send"),
        (Request(b"x" * (MOST_BYTES + 1), "text/csv"), "too many"),
        (Request(b"x", "text/csv\r\nX-Evil: 1"), "content type"),
        (Request(b"x", "text/csv", api_key="k\n"), "api key"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_it_is(request_: Request, words: str) -> None:
    with pytest.raises(ClientFailure, match=words):
        call(good(b""), request_)


@contextmanager
def api(status: int, headers: dict[str, str]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Its URL, and the headers of the requests that it has got."""
    got: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            got.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(status)
            for name, value in {**headers, "content-length": "2"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/Prod/api", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(url: str, request: Request, *, is_signed: bool) -> Any:
    return call_api(cast(Connection, Runtime(good(b""))), url, request, is_signed=is_signed)


def test_the_api_gets_the_key_and_says_which_version_answered() -> None:
    with api(200, {"X-SageMaker-Endpoint": "e-prd"}) as (url, got):
        reply = ask(url, Request(b"1\n", "text/csv", api_key="k"), is_signed=False)
    assert (reply.status, reply.text, reply.version) == (200, "ok", "e-prd")
    assert got[0]["x-api-key"] == "k"
    assert "authorization" not in got[0]


def test_a_signed_request_carries_a_signature_for_the_api() -> None:
    with api(200, {}) as (url, got):
        ask(url, ROW, is_signed=True)
    assert "/us-east-1/execute-api/aws4_request" in got[0]["authorization"]
    assert "x-api-key" not in got[0]


def test_a_redirect_is_an_answer_and_the_key_follows_it_nowhere() -> None:
    with api(200, {}) as (elsewhere, got), api(307, {"location": elsewhere}) as (url, _):
        assert ask(url, Request(b"1", "text/csv", api_key="k"), is_signed=False).status == 307
    assert got == []


def test_an_api_that_nobody_answers_for_is_a_failure() -> None:
    with pytest.raises(ClientFailure, match="cannot be reached"):
        ask("http://127.0.0.1:9/api", ROW, is_signed=False)
