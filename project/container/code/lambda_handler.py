"""The API function: `POST .../api` in the Lambda image (Dockerfile.lambda.ecr), or zipped on a plain Python runtime.

The body is CSV, JSON `{"instances": [[...]]}`, or JSON `{"file": "<base64>", "filename": ...}`. To take your own kind
of file, change `rows_from_file`.

Environment: ENDPOINT_NAME, TRAINING_JOB_NAME, METRIC_NAMESPACE; ASSETS_DIR (default /mnt/assets), CORS_ORIGIN (empty:
no CORS), RETAIN_FILE_SECONDS (default 86400), UPSTREAM_TIMEOUT_SECONDS (default 25: API Gateway waits 29).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from endpoint import Endpoint
from kept_files import KeptFiles
from prediction_api import Context, Event, PredictionApi
from request_body import csv_rows, decode
from sagemaker_runtime import runtime_client
from schema import Schema


def rows_from_file(content: bytes, filename: str) -> list[list[str]]:
    """The rows of a file that a caller sent, each in the order of the model's columns. This one reads CSV.

    Raise ValueError (the caller gets 400 and your message) for a file that cannot be read.
    """
    return csv_rows(decode(content))


def load_api(environment: Mapping[str, str]) -> PredictionApi:
    """What this version of the function answers with. It raises where something is missing, so that the version does
    not start: a handler without its own model's schema must not answer."""
    assets = Path(environment.get("ASSETS_DIR") or "/mnt/assets")
    timeout = _seconds(environment, "UPSTREAM_TIMEOUT_SECONDS", 25)
    return PredictionApi(
        schema=Schema.load(assets / "models" / _required(environment, "TRAINING_JOB_NAME") / "schema.json"),
        endpoint=Endpoint(_required(environment, "ENDPOINT_NAME"), runtime_client(timeout)),
        kept_files=KeptFiles(assets / "data", _seconds(environment, "RETAIN_FILE_SECONDS", 86400)),
        decode_file=rows_from_file,
        namespace=_required(environment, "METRIC_NAMESPACE"),
        cors_origin=environment.get("CORS_ORIGIN", ""),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise RuntimeError(f"environment variable {name} is not set; the API function cannot start without it")
    return environment[name]


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    try:
        return float(text)
    except ValueError as error:
        raise RuntimeError(f"environment variable {name} is {text!r}; it must be a number of seconds") from error


_api = load_api(os.environ)


def handler(event: Event, context: Context) -> dict[str, Any]:
    """Lambda's entry point."""
    return _api.handle(event, context)
