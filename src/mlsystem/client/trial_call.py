"""A call that a person makes to see what is answered: an endpoint or the API, with everything that came back.

Unlike a program's call, one that is answered with an error has been answered: its status and its words are what the person wants to see.
"""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.traffic import INFERENCE_ID, VERSION_HEADER

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html, and of API Gateway's function.
MOST_BYTES = 6 * 1024 * 1024
MOST_SHOWN = 256 * 1024
TIMEOUT_SECONDS = 60
KEY_HEADER = "x-api-key"


@dataclass(frozen=True)
class Request:
    """`variant` empty: the endpoint chooses by weight. `api_key` is sent and kept nowhere."""

    body: bytes
    content_type: str
    accept: str = ""
    inference_id: str = ""
    variant: str = ""
    api_key: str = ""

    def check(self) -> None:
        """Raises ClientFailure."""
        if not self.body:
            raise ClientFailure("there is nothing to send: write a request, or choose a file")
        if len(self.body) > MOST_BYTES:
            raise ClientFailure(f"{len(self.body):,} bytes are too many: a request may have {MOST_BYTES:,}")
        for name in ("content_type", "accept", "inference_id", "variant", "api_key"):
            if not str(getattr(self, name)).isprintable() or not str(getattr(self, name)).isascii():
                raise ClientFailure(f"the {name.replace('_', ' ')} has characters that no header may have")


@dataclass(frozen=True)
class Reply:
    """`version` is the endpoint that answered, `variant` which of its variants, where they are told. `size` is that of the whole body."""

    status: int
    text: str
    size: int
    content_type: str
    seconds: float
    version: str = ""
    variant: str = ""
    inference_id: str = ""
    log_group: str = ""

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


def call_endpoint(connection: Connection, name: str, request: Request) -> Reply:
    """Raises ClientFailure where the request never reached a model."""
    request.check()
    given: dict[str, str] = {
        "Accept": request.accept,
        "InferenceId": request.inference_id,
        "TargetVariant": request.variant,
    }
    wanted: dict[str, Any] = {key: value for key, value in given.items() if value}
    client = connection.client("sagemaker-runtime")
    began = time.monotonic()
    try:
        found = client.invoke_endpoint(EndpointName=name, Body=request.body, ContentType=request.content_type, **wanted)
        body = found["Body"].read()
    except ClientError as error:
        return _model_error(error, name, time.monotonic() - began)
    took = time.monotonic() - began
    sent = {key.lower(): value for key, value in found["ResponseMetadata"]["HTTPHeaders"].items()}
    return Reply(
        status=found["ResponseMetadata"]["HTTPStatusCode"],
        text=_text(body),
        size=len(body),
        content_type=found.get("ContentType", ""),
        seconds=took,
        version=name,
        variant=found.get("InvokedProductionVariant", ""),
        inference_id=sent.get(INFERENCE_ID.lower(), request.inference_id),
    )


def _model_error(error: ClientError, name: str, seconds: float) -> Reply:
    """What the container answered. Raises ClientFailure for an error that is not its own."""
    told: Mapping[str, Any] = error.response
    if told["Error"]["Code"] != "ModelError":
        raise ClientFailure(f"the endpoint {name}: {told['Error']['Message']}") from error
    words = str(told.get("OriginalMessage") or told["Error"]["Message"])
    headers = told["ResponseMetadata"].get("HTTPHeaders", {})
    return Reply(
        status=int(told.get("OriginalStatusCode", told["ResponseMetadata"]["HTTPStatusCode"])),
        text=words,
        size=len(words.encode()),
        content_type="",
        seconds=seconds,
        version=name,
        variant=headers.get("x-amzn-invoked-production-variant", ""),
        log_group=str(told.get("LogStreamArn", "")).partition(":log-group:")[2],
    )


def call_api(connection: Connection, url: str, request: Request, is_signed: bool) -> Reply:
    """`is_signed`: with the credentials of `connection`. Raises ClientFailure where there was no answer."""
    request.check()
    given = {
        "Content-Type": request.content_type,
        "Accept": request.accept,
        INFERENCE_ID: request.inference_id,
        KEY_HEADER: request.api_key,
    }
    headers = {name: value for name, value in given.items() if value}
    if is_signed:
        headers |= _signature(connection, url, request.body, headers)
    began = time.monotonic()
    status, body, told = _sent(url, request.body, headers, connection.tls())
    took = time.monotonic() - began
    lower = {name.lower(): value for name, value in told.items()}
    return Reply(
        status=status,
        text=_text(body),
        size=len(body),
        content_type=lower.get("content-type", ""),
        seconds=took,
        version=lower.get(VERSION_HEADER.lower(), ""),
        inference_id=lower.get(INFERENCE_ID.lower(), ""),
    )


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: neither key nor signature goes anywhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _sent(
    url: str, body: bytes, headers: Mapping[str, str], tls: ssl.SSLContext | None
) -> tuple[int, bytes, Mapping[str, str]]:
    opener = urllib.request.build_opener(_Stay, urllib.request.HTTPSHandler(context=tls))
    asked = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310 - the API's own URL
    try:
        with opener.open(asked, timeout=TIMEOUT_SECONDS) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)
    except (OSError, http.client.HTTPException) as error:
        raise ClientFailure(f"{url} cannot be reached: {error}") from error


def _signature(connection: Connection, url: str, body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html"""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    asked = AWSRequest("POST", url, data=body, headers=dict(headers))
    SigV4Auth(connection.credentials(), "execute-api", connection.region).add_auth(asked)
    return dict(asked.headers.items())


def _text(body: bytes) -> str:
    return body[:MOST_SHOWN].decode(errors="replace")
