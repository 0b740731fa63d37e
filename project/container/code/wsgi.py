"""The inference server's application: `GET /ping` and `POST /invocations`, SageMaker's hosting contract.

Plain WSGI: two routes need no framework. The server imports `application` once and loads the model once, then forks its
workers (preload.py). A model that cannot be loaded leaves `/ping` at 503 with the reason, so that the endpoint
never takes traffic; if there is one before it, that one goes on serving. Every error is JSON: `{"error": "..."}`.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from encoding import CellError
from faults import Fault
from predictor import ModelError, Predictor, answers_as_csv, answers_as_json
from request_body import JSON, MAX_BODY_BYTES, RequestError, accepted_type, parse_rows, require_size
from schema import SchemaError
from utils import MODEL

DISCARDED_PIECES = 10
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
Environ = dict[str, Any]
Reply = tuple[int, str, bytes]  # status, content type, body
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Application:
    """Answers requests with the model in a folder."""

    def __init__(self, folder: Path, fault: Fault | None = None) -> None:
        self._folder = folder
        self._fault = fault
        self._predictor: Predictor | None = None
        self._problem = "the model is not loaded yet"

    def load(self) -> None:
        """Load the model, in the place of the one before; what is wrong with it is kept for `/ping`."""
        try:
            self._predictor = Predictor(self._folder)
        except (SchemaError, ModelError, OSError) as error:
            self._refuse(str(error))
        except Exception as error:  # noqa: BLE001 - another kind of model may raise anything; it must not end the server
            traceback.print_exc()
            self._refuse(f"{type(error).__name__}: {error}")

    def _refuse(self, reason: str) -> None:
        self._problem = f"the model cannot be loaded: {reason}"
        kept = "; the one before it goes on serving" if self._predictor else ""
        print(f"error: {self._problem}{kept}", file=sys.stderr, flush=True)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, content_type, body = self._route(environ)
        except RequestError as error:
            status, content_type, body = _problem(error.status, str(error))
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        attributes = environ.get("HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES")
        if attributes:
            headers.append((CUSTOM_ATTRIBUTES, attributes))
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    def _route(self, environ: Environ) -> Reply:
        route = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if route == ("GET", "/ping"):
            return (200, JSON, b"{}\n") if self._predictor else _problem(503, self._problem)
        if route == ("POST", "/invocations"):
            return self._invoke(environ)
        raise RequestError(404, "there are two routes: GET /ping and POST /invocations")

    def _invoke(self, environ: Environ) -> Reply:
        if self._predictor is None:
            return _problem(503, self._problem)
        content_type = environ.get("CONTENT_TYPE", "")
        rows = parse_rows(_read_body(environ), content_type, self._predictor.schema.names)
        accepted = accepted_type(environ.get("HTTP_ACCEPT", ""), content_type)
        if self._fault:
            self._fault.strike()
        try:
            answers = self._predictor.answers(rows)
        except CellError as error:
            raise RequestError(400, str(error)) from error
        if self._fault:
            answers = self._fault.changed(answers)
        if accepted == JSON:
            return 200, JSON, answers_as_json(answers).encode()
        return 200, f"{accepted}; charset=utf-8", answers_as_csv(answers).encode()


def _read_body(environ: Environ) -> bytes:
    """The body, but never more than is allowed: a chunked request does not say its length beforehand."""
    length = environ.get("CONTENT_LENGTH") or ""
    body: bytes = environ["wsgi.input"].read(min(int(length or MAX_BODY_BYTES + 1), MAX_BODY_BYTES + 1))
    if len(body) > MAX_BODY_BYTES:
        _discard(environ["wsgi.input"])
    require_size(len(body))
    return body


def _discard(stream: Any) -> None:
    """The rest of a body that is too large, within reason: a caller who cannot finish sending does not read the answer."""
    for _ in range(DISCARDED_PIECES):
        if not stream.read(MAX_BODY_BYTES):
            return


def _problem(status: int, message: str) -> Reply:
    return status, JSON, json.dumps({"error": message}).encode() + b"\n"


application = Application(MODEL, Fault.of(os.environ))
