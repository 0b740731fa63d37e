"""The REST API in front of an endpoint, function included: with the project's own function, and with one that anybody would write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.served.contender import PAUSE_SECONDS, READY_SECONDS, NotRunError, Service
from benchmarks.served.endpoint import NAME, create, prepare
from benchmarks.served.wire import CSV
from benchmarks.served.workload import Workload, WrongAnswerError
from mlsystem.client.project import template_folder
from tests.functions import archive, deploy_api, make_function
from tests.live import LiveEngine, eventually

# What stands in most descriptions of how an API Gateway and a Lambda function are put before an endpoint.
PLAIN_HANDLER = """
import os

import boto3

runtime = boto3.client("sagemaker-runtime")


def handler(event, context):
    answer = runtime.invoke_endpoint(
        EndpointName=os.environ["ENDPOINT_NAME"], ContentType="text/csv", Body=event["body"]
    )
    return {"statusCode": 200, "headers": {"Content-Type": "text/csv"}, "body": answer["Body"].read().decode()}
"""
CALLERS, REQUESTS_OF_A_CALLER = 16, 20
VARIABLES = {"ENDPOINT_NAME": NAME, "CORS_ORIGIN": "", "METRIC_NAMESPACE": "bench"}


@dataclass(frozen=True)
class RestApi:
    """`files`: of the function, with the handler `app.handler`."""

    name: str
    files: Callable[[], Mapping[str, str]]

    @contextmanager
    def serving(self, workload: Workload, folder: Path) -> Iterator[Service]:
        engine = LiveEngine(folder / "engine", within=("env",))
        engine.start()
        try:
            prepare(engine, workload)
            create(engine, is_captured=True)
            began = time.monotonic()
            code = {"Runtime": "python3.13", "Handler": "app.handler", "Code": {"ZipFile": archive(self.files())}}
            settings = {"Environment": {"Variables": VARIABLES}, "MemorySize": 1024, "Timeout": 29}
            function = make_function(engine, NAME, "", **code, **settings)
            service = Service(engine.port, deploy_api(engine, NAME, function), CSV, 0.0)
            try:
                eventually(lambda: _answers(service, workload), READY_SECONDS, PAUSE_SECONDS)
            except AssertionError as error:
                raise NotRunError("its API does not answer") from error
            taken = time.monotonic() - began
            _start_workers(service, workload)
            yield Service(service.port, service.path, CSV, taken)
        finally:
            engine.stop()


def _start_workers(service: Service, workload: Workload) -> None:
    """A function answers one request at a time, and more of it are started as more come: that is not what is measured."""
    with ThreadPoolExecutor(CALLERS) as callers:
        for one in [callers.submit(service.ask, workload.rows[:1]) for _ in range(CALLERS * REQUESTS_OF_A_CALLER)]:
            one.result()


def _answers(service: Service, workload: Workload) -> bool:
    try:
        return bool(service.ask(workload.rows[:1]))
    except (WrongAnswerError, OSError):
        return False


def _own() -> Mapping[str, str]:
    return {path.name: path.read_text() for path in (template_folder() / "api").glob("*.py")}


OWN_API = RestApi("our REST API, all captured", _own)
PLAIN_API = RestApi("the same with a plain boto3 handler", lambda: {"app.py": PLAIN_HANDLER})
