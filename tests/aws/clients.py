"""boto3 clients without a network: answers come from a script, and every request is checked by botocore's own models."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.response import StreamingBody
from botocore.stub import Stubber


@cache
def _client(service: str) -> Any:
    made: Any = boto3.client(  # type: ignore[call-overload]
        service, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    return made


class ScriptedClient:
    """A client that gives the answers it was told, in order, to the requests it was told to expect."""

    def __init__(self, service: str) -> None:
        self.client = _client(service)
        self._stubber = Stubber(self.client)

    def answers(self, operation: str, response: dict[str, Any], expected: dict[str, Any] | None = None) -> None:
        self._stubber.add_response(operation, response, expected)

    def fails(self, operation: str, code: str, message: str = "", **details: Any) -> None:
        self._stubber.add_client_error(operation, code, message, modeled_fields=details or None)

    def activate(self) -> None:
        self._stubber.activate()

    def deactivate(self) -> None:
        self._stubber.deactivate()

    def require_all_asked(self) -> None:
        self._stubber.assert_no_pending_responses()


@contextmanager
def scripted(service: str) -> Iterator[ScriptedClient]:
    """A scripted client; at the end, all its answers must have been asked for."""
    client = ScriptedClient(service)
    client.activate()
    try:
        yield client
        client.require_all_asked()
    finally:
        client.deactivate()


def body(content: bytes) -> StreamingBody:
    """An object's content as boto3 gives it."""
    return StreamingBody(io.BytesIO(content), len(content))
