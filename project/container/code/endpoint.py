"""The SageMaker endpoint behind the API function: rows in, answers out, and whose fault it was if there are none.

It is always spoken to in CSV, so that captured data has one form, whatever the callers send.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from request_body import CSV, RequestError, csv_text
from sagemaker_runtime import RuntimeClient

CALLERS_MISTAKES = (400, 406, 413, 415)  # of the model server's answers, those that are passed on as they are
BUSY = (
    "ThrottlingException",
    "ServiceUnavailable",
    "InternalFailure",
    "InternalDependencyException",
    "ModelNotReadyException",
)


class EndpointError(Exception):
    """The endpoint gave no usable answer; `status` is what the caller gets: 502, 503 or 504."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """A list of cells for each row; the last cell is a number."""

    rows: list[list[str]]
    custom_attributes: str


@dataclass(frozen=True)
class Endpoint:
    name: str
    runtime: RuntimeClient

    def invoke(self, rows: list[list[str]], inference_id: str, custom_attributes: str) -> Answer:
        """Raises RequestError where the model blames the request, else EndpointError."""
        attributes = {"CustomAttributes": custom_attributes} if custom_attributes else {}
        try:
            answer = self.runtime.invoke_endpoint(
                EndpointName=self.name,
                Body=csv_text(rows).encode(),
                ContentType=CSV,
                Accept=CSV,
                InferenceId=inference_id,
                **attributes,
            )
            body: bytes = answer["Body"].read()
        except ClientError as error:
            raise self._translated(error) from error
        except ReadTimeoutError as error:
            raise EndpointError(504, f"endpoint {self.name} did not answer in time") from error
        except BotoCoreError as error:
            raise EndpointError(503, f"endpoint {self.name} cannot be reached ({type(error).__name__})") from error
        return Answer(self._cells(body, len(rows)), answer.get("CustomAttributes", ""))

    def _translated(self, error: ClientError) -> RequestError | EndpointError:
        """The model's own 400 is the caller's mistake and must not look like an outage; all else is ours."""
        response: dict[str, Any] = dict(error.response)
        code, original = response["Error"]["Code"], int(response.get("OriginalStatusCode", 0))
        if code == "ModelError" and original in CALLERS_MISTAKES:
            return RequestError(original, _model_message(str(response.get("OriginalMessage", ""))))
        if code in BUSY:
            return EndpointError(503, f"endpoint {self.name} is busy or not available ({code}); try again")
        return EndpointError(502, f"endpoint {self.name} failed ({code})")

    def _cells(self, body: bytes, count: int) -> list[list[str]]:
        cells = list(csv.reader(body.decode(errors="replace").splitlines()))
        if len(cells) != count or not all(row and _is_number(row[-1]) for row in cells):
            raise EndpointError(502, f"endpoint {self.name} gave no number for each of {count} rows: {body[:200]!r}")
        return cells


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _model_message(body: str) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body[:1000] or "the model refused the request"
