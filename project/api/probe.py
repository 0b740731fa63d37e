"""A request that a check of a deployment sends, and what is asked of its answer.

Each has an inference id that follows from the check, so that another function can look for it among captured requests.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from check import CheckError, Clock
from request_sample import Body

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

REQUESTS = 10  # of a check, at least: so many that the workers of an instance all may have one
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
ENDPOINT = "x-sagemaker-endpoint"
CLASSIFICATIONS = ("binary", "multiclass")  # whose answers end in a probability
TOLD_CHARACTERS = 1000  # of an answer


@dataclass(frozen=True)
class Asked:
    """The version or alias of a function, the endpoint that must answer, and what its model does."""

    function_name: str
    qualifier: str
    endpoint_name: str
    task: str

    def __str__(self) -> str:
        return f"{self.function_name}:{self.qualifier}"


@dataclass(frozen=True)
class Probe:
    """A request that a check sent, and how long its answer took."""

    inference_id: str
    milliseconds: float


def version_ids(check_id: str) -> list[str]:
    """Of the requests to a new version. `check_id` names the check: CodeDeploy's deployment or CodePipeline's job."""
    return [f"check-{check_id}-version-{number}" for number in range(REQUESTS + 1)]


def alias_ids(check_id: str, count: int) -> list[str]:
    """Of so many requests to the alias."""
    return [f"check-{check_id}-alias-{number}" for number in range(count)]


def send_probe(lambda_client: LambdaClient, asked: Asked, inference_id: str, body: Body, clock: Clock) -> Probe:
    """The answer must come from the endpoint, with a number for each row. Raises CheckError."""
    began = clock.now()
    answer = lambda_client.invoke(
        FunctionName=asked.function_name,
        Qualifier=asked.qualifier,
        Payload=json.dumps(_event(inference_id, body)).encode(),
    )
    payload = answer["Payload"].read().decode(errors="replace")
    milliseconds = (clock.now() - began) * 1000
    try:
        if answer.get("FunctionError"):
            raise CheckError(f"raised an error: {payload[:TOLD_CHARACTERS]}")
        _require_answer(_read(payload), asked, body.rows)
    except CheckError as error:
        raise CheckError(f"{asked}, request {inference_id}: {error}") from error
    return Probe(inference_id, milliseconds)


def require_quick(asked: Asked, probes: Sequence[Probe], limit_milliseconds: float) -> None:
    """The slowest of the answers came in time."""
    slowest = max(probes, key=lambda probe: probe.milliseconds)
    if slowest.milliseconds > limit_milliseconds:
        raise CheckError(
            f"{asked}, request {slowest.inference_id}: the answer took {slowest.milliseconds:.0f} ms, the slowest of"
            f" {len(probes)}; canary.max_latency_ms is {limit_milliseconds:g}"
        )


def _event(inference_id: str, body: Body) -> dict[str, Any]:
    """As API Gateway sends it."""
    context = {"resourcePath": "/api", "httpMethod": "POST", "stage": "Prod", "requestId": inference_id}
    return {
        "resource": "/api",
        "path": "/api",
        "httpMethod": "POST",
        "headers": {"Content-Type": "text/csv", "Accept": "text/csv", INFERENCE_ID: inference_id},
        "queryStringParameters": None,
        "pathParameters": None,
        "requestContext": context,
        "body": body.text,
        "isBase64Encoded": False,
    }


def _read(payload: str) -> dict[str, Any]:
    try:
        answer = json.loads(payload)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise CheckError(f"the function's answer is none of an API: {payload[:TOLD_CHARACTERS]}")
    return answer


def _require_answer(answer: dict[str, Any], asked: Asked, rows: int) -> None:
    body = str(answer.get("body"))
    if answer.get("statusCode") != 200:
        raise CheckError(f"answered {answer.get('statusCode')}: {body[:TOLD_CHARACTERS]}")
    headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
    if headers.get(ENDPOINT) != asked.endpoint_name:
        raise CheckError(f"asked endpoint {headers.get(ENDPOINT)} instead of {asked.endpoint_name}")
    answers = [line for line in csv.reader(body.splitlines()) if line]
    if len(answers) != rows:
        raise CheckError(f"{len(answers)} answers to {rows} rows: {body[:TOLD_CHARACTERS]!r}")
    for cells in answers:
        _require_number(cells[-1], asked.task)


def _require_number(cell: str, task: str) -> None:
    """The last cell of an answer is a probability, or what a regression predicts."""
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise CheckError(f"answered {cell[:TOLD_CHARACTERS]!r}, which is no number")
    if task in CLASSIFICATIONS and not 0 <= number <= 1:
        raise CheckError(f"answered {cell[:TOLD_CHARACTERS]!r}, which is no probability")
