"""Requests to the deployed API, as API Gateway gives them to the function behind it."""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from random import Random
from types import SimpleNamespace
from typing import Any

from tests.fuzz import texts
from tests.fuzz.kind import Kind, Session, Simple
from tests.fuzz.mutations import havoc_bytes


@contextmanager
def _api() -> Iterator[Session]:
    """The function behind the API, with an inference server that answers anything."""
    sys.path.insert(0, str(texts.PROJECT / "api"))
    try:
        from app import PredictionProxy

        yield Simple(_api_event, lambda given: _call_api(PredictionProxy, given), ())
    finally:
        sys.path.remove(str(texts.PROJECT / "api"))


HEADER_NAMES = (
    "Content-Type",
    "content-type",
    "Accept",
    "X-Amzn-SageMaker-Custom-Attributes",
    "X-Amzn-SageMaker-Inference-Id",
    "X-Amzn-Trace-Id",
    "traceparent",
    "X-Api-Key",
)
HEADER_TEXTS = (
    "text/csv",
    "application/json",
    "text/csv; charset=x",
    "TEXT/CSV",
    "image/png",
    "",
    " ",
    "a" * 2000,
    "é",
    "id-1",
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=x;Sampled=1",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "Root=;;=",
    "\t",
)
BODIES = (
    "1,2,x\n",
    "",
    " ",
    "{}",
    '{"instances": [[1]]}',
    "[1",
    "NaN",
    "[" * 100_000,
    '{"a":' * 50_000,
    "é",
    "\0",
    "1e999",
    "1" * 5000,
    "\n" * 10,
)


def _api_event(chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """What API Gateway gives to the function, and what the inference server answers. A body that is no UTF-8 comes in base64."""
    body: Any = (
        chance.choice(BODIES) if chance.random() < 0.6 else texts.payload(chance).encode("utf-8", "replace").decode()
    )
    is_binary = chance.random() < 0.3
    if is_binary:
        body = base64.b64encode(havoc_bytes(body[:5000].encode(), chance)).decode() if chance.random() < 0.8 else body
    headers = {chance.choice(HEADER_NAMES): chance.choice(HEADER_TEXTS) for _ in range(chance.randrange(6))}
    if chance.random() < 0.7:
        headers["content-type"] = chance.choice(HEADER_TEXTS[:2])
    event = {"httpMethod": chance.choice(("POST", "POST", "POST", "OPTIONS")), "path": "/api", "headers": chance.choice((headers,
    headers, headers, None)), "body": chance.choice((body, body, body, None)),
             "isBase64Encoded": is_binary, "requestContext": {}, "queryStringParameters": None}  # fmt: skip
    answer = {"Body": io.BytesIO(chance.choice((b"0.5\n", b"", b"x,y\n", b'{"predictions": [0.1]}', b"[" * 50_000, b"NaN",
    b"1e999\n", texts.payload(chance).encode("utf-8", "replace")))),
              "ContentType": chance.choice(("text/csv", "application/json", "text/csv; charset=utf-8", "x"))}  # fmt: skip
    return event, answer


def _call_api(proxy: Any, given: tuple[dict[str, Any], dict[str, Any]]) -> None:
    event, answer = given
    answer["Body"].seek(0)
    runtime = SimpleNamespace(invoke_endpoint=lambda **_: answer)
    context = SimpleNamespace(function_name="f", function_version="1")
    with redirect_stdout(io.StringIO()) as told:
        result = proxy(runtime, "fuzz", "*", "fuzz").handle(event, context)
    json.loads(told.getvalue() or "{}", parse_constant=_no_number)
    assert result["statusCode"] < 500, result
    json.dumps(result).encode()


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON, and no metric")


API = Kind("api", _api, share=4, epoch=20_000)
