"""Asks an endpoint, or the API in front of it."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    content_type: str
    headers: dict[str, str]


def invoke_endpoint(connection: Connection, name: str, body: bytes, content_type: str, accept: str) -> Answer:
    """Raises ClientFailure with the container's words where it answers with an error."""
    try:
        found = connection.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=name, Body=body, ContentType=content_type, Accept=accept
        )
    except ClientError as error:
        raise ClientFailure(f"the endpoint {name}: {error.response['Error']['Message']}") from error
    variant = found.get("InvokedProductionVariant", "")
    return Answer(200, found["Body"].read().decode(errors="replace"), found["ContentType"], {"variant": variant})


def invoke_api(connection: Connection, url: str, body: bytes, content_type: str, accept: str) -> Answer:
    """`url` as a stack has put it out. An answer with an error status is an answer. Raises ClientFailure when there is none."""
    url = connection.reachable(url)
    headers = {"Content-Type": content_type, "Accept": accept}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - the API's own URL
    try:
        with urllib.request.urlopen(request, timeout=60, context=connection.tls()) as answer:  # noqa: S310
            return _answer(answer.status, answer.read(), dict(answer.headers))
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.read(), dict(error.headers))
    except OSError as error:
        raise ClientFailure(f"{url} cannot be reached: {error}") from error


def _answer(status: int, body: bytes, headers: dict[str, str]) -> Answer:
    lower = {name.lower(): value for name, value in headers.items()}
    return Answer(status, body.decode(errors="replace"), lower.get("content-type", ""), lower)
