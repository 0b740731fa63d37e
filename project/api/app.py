"""The API function without an image: passes a request on to the endpoint, and its answer back.

The Lambda image's function checks requests against the model's schema and takes files; this one needs neither image nor
shared volume, and leaves all that to the inference server. A caller's mistake is answered with 4xx. Whatever else goes
wrong is raised: Lambda counts it as an error, API Gateway as a 5xx, and the alarms that roll a deployment back see both.
What it measures of each request by its version is what the judge of a deployment reads.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import trace_context
from answered import answered_numbers
from botocore.exceptions import ClientError
from embedded_metrics import is_check, metric_line
from sagemaker_runtime import RuntimeClient, runtime_client

CONTENT_TYPES = ("text/csv", "application/json")
MAX_BODY_BYTES = 6 * 1024 * 1024  # SageMaker's limit of a real-time request
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
VALID_ID = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,63}")  # SageMaker's own rules
VALID_ATTRIBUTES = re.compile(r"[\x20-\x7e]{0,1024}")
CALLERS_MISTAKES = (400, 406, 413, 415)  # of the inference server's answers
UPSTREAM_TIMEOUT_SECONDS = 25  # API Gateway waits 29

log = logging.getLogger(__name__)


class RequestError(Exception):
    """A request that cannot be answered, through its sender's fault."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Context(Protocol):
    """Lambda's context, as far as it is used here."""

    @property
    def function_name(self) -> str: ...
    @property
    def function_version(self) -> str: ...


class PredictionProxy:
    """Answers API Gateway's proxy events with one endpoint. An empty `cors_origin` means no CORS."""

    def __init__(
        self,
        runtime: RuntimeClient,
        endpoint_name: str,
        cors_origin: str,
        namespace: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._runtime = runtime
        self._endpoint_name = endpoint_name
        self._cors_origin = cors_origin
        self._namespace = namespace
        self._clock = clock

    def handle(self, event: dict[str, Any], context: Context) -> dict[str, Any]:
        """The answer in API Gateway's form; raises where the endpoint fails, which is measured as a 5xx."""
        if event["httpMethod"] == "OPTIONS":
            return self._answer(204, "", {})
        started = self._clock()
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        trace_context.take(headers)
        inference_id = headers.get(INFERENCE_ID.lower()) or str(uuid.uuid4())
        answer: dict[str, Any] = {"statusCode": 500, "headers": {}, "body": ""}
        try:
            answer = self._handle(event, headers, inference_id)
        finally:
            self._emit(answer, started, context, inference_id, is_check=is_check(event))
        return answer

    def _emit(
        self, answer: dict[str, Any], started: float, context: Context, inference_id: str, *, is_check: bool
    ) -> None:
        now, is_good = self._clock(), answer["statusCode"] == 200
        told = answered_numbers(answer["body"], answer["headers"]["Content-Type"]) if is_good else ([], [])
        line = metric_line(
            namespace=self._namespace,
            dimensions={"FunctionName": context.function_name, "FunctionVersion": context.function_version},
            status=answer["statusCode"],
            latency_ms=(now - started) * 1000,
            predictions=told[0],
            confidences=told[1],
            timestamp_ms=int(now * 1000),
            properties={"EndpointName": self._endpoint_name, "InferenceId": inference_id},
            is_check=is_check,
        )
        sys.stdout.write(line + "\n")  # at once: Lambda flushes each write, and print would make two of it
        sys.stdout.flush()

    def _handle(self, event: dict[str, Any], headers: Mapping[str, str], inference_id: str) -> dict[str, Any]:
        try:
            return self._predict(event, headers, inference_id)
        except RequestError as error:
            log.info("refused with %s: %s", error.status, error)
            own = {INFERENCE_ID: inference_id} if VALID_ID.fullmatch(inference_id) else {}
            return self._answer(error.status, json.dumps({"error": str(error)}), own)

    def _predict(self, event: dict[str, Any], headers: Mapping[str, str], inference_id: str) -> dict[str, Any]:
        content_type = headers.get("content-type", "")
        attributes = headers.get(CUSTOM_ATTRIBUTES.lower(), "")
        body = _checked_body(event, content_type)
        accepted = headers.get("accept", "")
        _require(VALID_ID, inference_id, INFERENCE_ID)
        for name, value in ((CUSTOM_ATTRIBUTES, attributes), ("Accept", accepted), ("Content-Type", content_type)):
            _require(VALID_ATTRIBUTES, value, name)
        optional = {"Accept": accepted, "CustomAttributes": attributes}
        try:
            answer = self._runtime.invoke_endpoint(
                EndpointName=self._endpoint_name,
                Body=body,
                ContentType=content_type,
                InferenceId=inference_id,
                **{name: value for name, value in optional.items() if value},
            )
        except ClientError as error:
            mistake = _callers_mistake(error)
            if mistake is None:
                raise
            raise mistake from error
        own = {"Content-Type": answer["ContentType"], INFERENCE_ID: inference_id}
        if answer.get("CustomAttributes"):
            own[CUSTOM_ATTRIBUTES] = answer["CustomAttributes"]
        return self._answer(200, answer["Body"].read().decode(), own)

    def _answer(self, status: int, body: str, own: dict[str, str]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "X-SageMaker-Endpoint": self._endpoint_name, **own}
        if self._cors_origin:
            names = f"{CUSTOM_ATTRIBUTES}, {INFERENCE_ID}"
            headers |= {
                "Access-Control-Allow-Origin": self._cors_origin,
                "Access-Control-Allow-Methods": "OPTIONS, POST",
                "Access-Control-Allow-Headers": f"Accept, Authorization, Content-Type, X-Api-Key, {names}",
                "Access-Control-Expose-Headers": f"{names}, X-SageMaker-Endpoint",
            }
        return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": False}


def _checked_body(event: dict[str, Any], content_type: str) -> bytes:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in CONTENT_TYPES:
        raise RequestError(415, f"content type {content_type!r} is not supported; send {' or '.join(CONTENT_TYPES)}")
    body = _decoded_body(event)
    if len(body) > MAX_BODY_BYTES:
        raise RequestError(413, f"the body has {len(body)} bytes; at most {MAX_BODY_BYTES} are allowed")
    if not body.strip():
        raise RequestError(400, "the body is empty")
    if kind == "application/json":
        try:
            json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RequestError(400, f"the body is not JSON: {error}") from error
    return body


def _decoded_body(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode()
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise RequestError(400, f"the body is not base64: {error}") from error


def _require(pattern: re.Pattern[str], value: str, header: str) -> None:
    if not pattern.fullmatch(value):
        raise RequestError(400, f"{header} is too long, or has characters that are not printable ASCII")


def _callers_mistake(error: ClientError) -> RequestError | None:
    """The inference server's own 4xx is the caller's mistake and must not look like an outage."""
    response: dict[str, Any] = dict(error.response)
    original = int(response.get("OriginalStatusCode", 0))
    if response["Error"]["Code"] != "ModelError" or original not in CALLERS_MISTAKES:
        return None
    try:
        message = str(json.loads(response.get("OriginalMessage", ""))["error"])
    except (ValueError, KeyError, TypeError):
        message = "the model refused the request"
    return RequestError(original, message)


def _load_proxy() -> PredictionProxy:
    named = (os.environ["ENDPOINT_NAME"], os.environ["CORS_ORIGIN"], os.environ["METRIC_NAMESPACE"])
    return PredictionProxy(runtime_client(UPSTREAM_TIMEOUT_SECONDS), *named)


_proxy: list[PredictionProxy] = []  # made by the first request, and kept with its connection


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Lambda's entry point."""
    if not _proxy:
        _proxy.append(_load_proxy())
    return _proxy[0].handle(event, context)
