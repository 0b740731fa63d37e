"""The model's container behind its Unix socket: what it says of itself, and its answers.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from .config import MEGABYTE, MULTI_RECORD, SINGLE_RECORD, Config, Limits
from .connection import UnixConnection

# The container was asked before whether it is healthy, so it answers soon; and it may have no such page.
PARAMETERS_SECONDS = 10.0
DEFAULT_PAYLOAD_MB = 6
FIRST_PAUSE_SECONDS = 0.25
LONGEST_LINE_OF_REASON = 1000


class NoAnswer(Exception):
    """No answer after all retries, or one that is an error; says which."""


@dataclass(frozen=True)
class Answer:
    body: bytes
    content_type: str


class Container:
    """Thread-safe: each request has a connection of its own."""

    def __init__(self, config: Config, pause: Callable[[float], None] = time.sleep):
        self._config = config
        self._pause = pause

    def limits(self) -> Limits:
        """The job's own members, else what the container says of itself, else SageMaker's defaults. Raises NoAnswer."""
        said = self._execution_parameters()
        config = self._config
        try:
            concurrent = int(config.max_concurrent or said.get("MaxConcurrentTransforms") or 1)
            given = config.max_payload_mb
            megabytes = int(said.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB) if given is None else given)
        except (TypeError, ValueError) as error:
            raise NoAnswer(f"GET /execution-parameters answered {said}, which are no numbers") from error
        strategy = config.strategy or said.get("BatchStrategy") or MULTI_RECORD
        if strategy not in (MULTI_RECORD, SINGLE_RECORD) or concurrent < 1 or megabytes < 0:
            raise NoAnswer(f"GET /execution-parameters answered {said}, which the job cannot go by")
        return Limits(concurrent, megabytes * MEGABYTE or None, strategy == MULTI_RECORD)

    def invoke(self, payload: bytes, is_chunked: bool) -> Answer:
        """Raises NoAnswer when the last try failed too. The container's own 4xx is final: the same request would get it again."""
        reason = ""
        for left in range(self._config.max_retries, -1, -1):
            try:
                status, answer = self._post(payload, is_chunked)
                reason = f"Bad HTTP status received from algorithm: {status}\n{_words(answer.body)}".rstrip()
                if 200 <= status < 300:
                    return answer
                if 400 <= status < 500 and status != 429:
                    break
            except (OSError, http.client.HTTPException) as error:
                reason = f"Unable to get response from algorithm: {type(error).__name__}: {error}"
            if left:
                self._pause(FIRST_PAUSE_SECONDS * 2 ** (self._config.max_retries - left))
        raise NoAnswer(reason)

    def _post(self, payload: bytes, is_chunked: bool) -> tuple[int, Answer]:
        given = {"Content-Type": self._config.content_type, "Accept": self._config.accept}
        headers = {name: value for name, value in given.items() if value}
        with closing(UnixConnection(self._config.socket, self._config.timeout_seconds)) as connection:
            body = _pieces(payload) if is_chunked else payload  # of pieces the length is not told
            connection.request("POST", "/invocations", body, headers)
            response = connection.getresponse()
            kind = response.getheader("Content-Type") or self._config.accept or self._config.content_type
            return response.status, Answer(response.read(), kind)

    def _execution_parameters(self) -> dict[str, Any]:
        """Nothing where the container has no such page."""
        try:
            with closing(UnixConnection(self._config.socket, PARAMETERS_SECONDS)) as connection:
                connection.request("GET", "/execution-parameters")
                response = connection.getresponse()
                content = json.loads(response.read()) if response.status == 200 else {}
        except (OSError, http.client.HTTPException, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


def _pieces(payload: bytes) -> Iterator[bytes]:
    yield from (payload[start : start + MEGABYTE] for start in range(0, len(payload), MEGABYTE))


def _words(body: bytes) -> str:
    return body[:LONGEST_LINE_OF_REASON].decode(errors="replace").strip()
