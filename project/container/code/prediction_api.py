"""The API function's work: an API Gateway request in, the model's answer out.

It checks a request against the model's schema before the endpoint sees it, and passes the caller's custom attributes
and inference id through. A caller's mistake is answered with 4xx, an endpoint's failure with 502, 503 or 504; whatever
else goes wrong is raised, so that Lambda and API Gateway count it and the caller sees a 5xx.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import trace_context
from embedded_metrics import is_check, metric_line
from endpoint import Endpoint, EndpointError
from kept_files import KeptFiles
from request_body import (
    CSV,
    JSON,
    RequestError,
    accepted_type,
    csv_text,
    json_object,
    json_rows,
    media_type,
    parse_rows,
    require_size,
    require_width,
)
from schema import Schema

CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
ENDPOINT = "X-SageMaker-Endpoint"
VERSION = "X-Model-Version"
REQUEST_HEADERS = ("Accept", "Authorization", "Content-Type", "X-Api-Key", CUSTOM_ATTRIBUTES, INFERENCE_ID)
ANSWER_HEADERS = (CUSTOM_ATTRIBUTES, INFERENCE_ID, ENDPOINT, VERSION)
VALID_ID = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,63}")  # SageMaker's own rules
VALID_ATTRIBUTES = re.compile(r"[\x20-\x7e]{0,1024}")

Event = dict[str, Any]
DecodeFile = Callable[[bytes, str], list[list[str]]]


class Context(Protocol):
    """Lambda's context, as far as it is used here."""

    @property
    def function_name(self) -> str: ...
    @property
    def function_version(self) -> str: ...


@dataclass(frozen=True)
class Reply:
    status: int
    body: str = ""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    predictions: list[float] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class PredictionApi:
    """Answers API Gateway's proxy events with one model behind one endpoint. An empty `cors_origin` means no CORS."""

    schema: Schema
    endpoint: Endpoint
    kept_files: KeptFiles
    decode_file: DecodeFile
    namespace: str
    cors_origin: str = ""
    clock: Callable[[], float] = time.time

    def handle(self, event: Event, context: Context) -> dict[str, Any]:
        """The answer in API Gateway's form. An exception leaves as one, counted as a 5xx."""
        if event.get("httpMethod") == "OPTIONS":
            return self._answer(Reply(204), {})
        started = self.clock()
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        trace_context.take(headers)
        inference_id = headers.get(INFERENCE_ID.lower()) or str(uuid.uuid4())
        reply = Reply(500)
        try:
            reply = self._reply(event, headers, inference_id)
        finally:
            self._emit(reply, started, context, inference_id, is_check=is_check(event))
        own = {ENDPOINT: self.endpoint.name, VERSION: context.function_version}
        if VALID_ID.fullmatch(inference_id):
            own[INFERENCE_ID] = inference_id
        return self._answer(reply, own)

    def _reply(self, event: Event, headers: Mapping[str, str], inference_id: str) -> Reply:
        try:
            if event.get("httpMethod") != "POST":
                return Reply(405, _error("send POST"), headers={"Allow": "OPTIONS, POST"})
            return self._predict(_body(event), headers, inference_id)
        except (RequestError, EndpointError) as error:
            return Reply(error.status, _error(str(error)))

    def _predict(self, body: bytes, headers: Mapping[str, str], inference_id: str) -> Reply:
        content_type, attributes = headers.get("content-type", ""), headers.get(CUSTOM_ATTRIBUTES.lower(), "")
        rows = self._rows(body, content_type)
        accepted = accepted_type(headers.get("accept", ""), content_type)
        if not VALID_ID.fullmatch(inference_id):
            raise RequestError(
                400, f"{INFERENCE_ID} must have 1 to 64 printable ASCII characters, the first not a space"
            )
        if not VALID_ATTRIBUTES.fullmatch(attributes):
            raise RequestError(400, f"{CUSTOM_ATTRIBUTES} must have at most 1,024 printable ASCII characters")
        answer = self.endpoint.invoke(rows, inference_id, attributes)
        return Reply(
            status=200,
            body=_json_answer(answer.rows, self.schema.task) if accepted == JSON else csv_text(answer.rows),
            content_type=JSON if accepted == JSON else f"{CSV}; charset=utf-8",
            headers={CUSTOM_ATTRIBUTES: answer.custom_attributes} if answer.custom_attributes else {},
            predictions=[self._number(row) for row in answer.rows],
            confidences=[float(row[-1]) for row in answer.rows] if self.schema.task == "multiclass" else [],
        )

    def _number(self, row: list[str]) -> float:
        """What an answer says, as one number: a class is its place in the schema, one that is not there comes last."""
        if self.schema.task != "multiclass":
            return float(row[-1])
        classes = self.schema.classes
        return float(classes.index(row[0]) if row[0] in classes else len(classes))

    def _rows(self, body: bytes, content_type: str) -> list[list[str]]:
        """The request's rows, checked; from a file if the request brings one."""
        if media_type(content_type) != JSON:
            return parse_rows(body, content_type, self.schema.names)
        require_size(len(body))
        content = json_object(body)
        rows = self._rows_from_file(content) if "file" in content else json_rows(content, self.schema.names)
        require_width(rows, len(self.schema.names))
        return rows

    def _rows_from_file(self, content: dict[str, Any]) -> list[list[str]]:
        file, filename = content["file"], content.get("filename", "file")
        if "instances" in content:
            raise RequestError(400, 'send either "file" or "instances", not both')
        if not isinstance(file, str) or not isinstance(filename, str):
            raise RequestError(400, '"file" must be the base64 text of a file, and "filename" its name')
        decoded = _from_base64(file, '"file"')
        self.kept_files.keep(decoded, filename)
        try:
            return self.decode_file(decoded, filename)
        except ValueError as error:
            raise RequestError(400, f"the file {filename!r} cannot be read: {error}") from error

    def _answer(self, reply: Reply, own: dict[str, str]) -> dict[str, Any]:
        headers = {"Content-Type": reply.content_type, **self._cors(), **own, **reply.headers}
        return {"statusCode": reply.status, "headers": headers, "body": reply.body, "isBase64Encoded": False}

    def _cors(self) -> dict[str, str]:
        if not self.cors_origin:
            return {}
        return {
            "Access-Control-Allow-Origin": self.cors_origin,
            "Access-Control-Allow-Methods": "OPTIONS, POST",
            "Access-Control-Allow-Headers": ", ".join(REQUEST_HEADERS),
            "Access-Control-Expose-Headers": ", ".join(ANSWER_HEADERS),
            "Access-Control-Max-Age": "600",
        }

    def _emit(self, reply: Reply, started: float, context: Context, inference_id: str, *, is_check: bool) -> None:
        now = self.clock()
        line = metric_line(
            namespace=self.namespace,
            dimensions={"FunctionName": context.function_name, "FunctionVersion": context.function_version},
            status=reply.status,
            latency_ms=(now - started) * 1000,
            predictions=reply.predictions,
            confidences=reply.confidences,
            timestamp_ms=int(now * 1000),
            properties={"EndpointName": self.endpoint.name, "InferenceId": inference_id},
            is_check=is_check,
        )
        sys.stdout.write(line + "\n")  # at once: Lambda flushes each write, and print would make two of it
        sys.stdout.flush()


def _body(event: Event) -> bytes:
    body = str(event.get("body") or "")
    return _from_base64(body, "the body") if event.get("isBase64Encoded") else body.encode()


def _from_base64(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:  # characters beyond ASCII, or not base64
        raise RequestError(400, f"{what} is not base64: {error}") from error


def _json_answer(rows: list[list[str]], task: str) -> str:
    """The same form as the inference server's JSON."""
    if task != "multiclass":
        return json.dumps({"predictions": [float(row[0]) for row in rows]})
    return json.dumps({"predictions": [row[0] for row in rows], "probabilities": [float(row[1]) for row in rows]})


def _error(message: str) -> str:
    return json.dumps({"error": message})
