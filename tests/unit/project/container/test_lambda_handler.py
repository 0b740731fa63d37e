"""The API function as Lambda runs it: by awslambdaric, in its own process, against a served model.

Lambda's Runtime API and SageMaker's front are small servers here; handler, boto3 and the model server are the real ones.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lambda_service import SECONDS, LambdaService, http_server
from tests.unit.project.container.program import CODE, Container, Running

EVENT = json.loads(Path(__file__).with_name("api_gateway_event.json").read_text())


class ApiFunction(LambdaService):
    """Lambda around the handler, and SageMaker behind it."""

    def __init__(self, model_server: Running | None) -> None:
        super().__init__(lambda body, headers: _as_sagemaker(model_server, body, headers))

    def post(self, **body: Any) -> dict[str, Any]:
        """The answer to a JSON body."""
        kind, answer = self.invoke({**EVENT, "body": json.dumps(body)})
        assert kind == "response", answer
        return dict(answer)


def _as_sagemaker(model_server: Running | None, body: bytes, headers: Any) -> tuple[int, bytes, dict[str, str]]:
    """SageMaker passes an answer on, and turns the container's own error into a ModelError."""
    assert model_server is not None
    passed = {
        name: headers[name]
        for name in ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes")
        if headers[name]
    }
    status, answered, text = model_server.request("POST", "/invocations", body, passed)
    if status == 200:
        kept = ("content-type", "x-amzn-sagemaker-custom-attributes")
        return 200, text.encode(), {name: answered[name] for name in kept if name in answered}
    error = {"Message": "Received client error", "OriginalStatusCode": status, "OriginalMessage": text}
    return 424, json.dumps(error).encode(), {"x-amzn-ErrorType": "ModelError", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def model_server(container_python: Path, model_of: Callable[[str], Path]) -> Iterator[Running]:
    container = Container(container_python)
    shutil.copytree(model_of("binary"), container.ml / "model")
    variables = {"MODEL_SERVER_BIND": "unix:/tmp/server.sock", "MODEL_SERVER_WORKERS": "1"}
    with container.start("serve", variables=variables) as running:
        running.await_ping()
        yield running
    container.remove()


@contextmanager
def started(service: ApiFunction, python: Path, assets: Path, **changes: str) -> Iterator[subprocess.Popen[str]]:
    """A function host with these environment variables changed; an empty one is left out."""
    with http_server(service) as port:
        variables = {
            "PATH": os.defpath,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": "mls-flights-api",
            "AWS_LAMBDA_FUNCTION_VERSION": "7",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "ENDPOINT_NAME": "mls-flights-prd",
            "TRAINING_JOB_NAME": "job-1",
            "METRIC_NAMESPACE": "mls/flights",
            "ASSETS_DIR": str(assets),
            "PYTHONDONTWRITEBYTECODE": "1",
            **changes,
        }
        process = subprocess.Popen(
            [python / "bin" / "python", "-m", "awslambdaric", "lambda_handler.handler"],
            cwd=CODE,
            env={name: value for name, value in variables.items() if value},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            service.invocations.put(None)  # the end of its life: no next invocation
            process.communicate(timeout=SECONDS)


@pytest.fixture(scope="module")
def assets(model_server: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared volume, with what Query Training Results copies there."""
    folder = tmp_path_factory.mktemp("assets")
    shutil.copytree(model_server.container.ml / "model" / "inference", folder / "models" / "job-1")
    return folder


@pytest.fixture(scope="module")
def function(model_server: Running, container_python: Path, assets: Path) -> Iterator[ApiFunction]:
    service = ApiFunction(model_server)
    with started(service, container_python, assets, CORS_ORIGIN="https://app.example"):
        yield service


def test_a_request_goes_through_lambda_boto3_and_the_model_and_back(function: ApiFunction) -> None:
    answer = function.post(instances=[[0.9, "red"], {"colour": "blue", "size": -0.9}])
    high, low = json.loads(answer["body"])["predictions"]
    assert answer["statusCode"] == 200
    assert high > 0.5 > low
    assert answer["headers"]["X-SageMaker-Endpoint"] == "mls-flights-prd"
    assert answer["headers"]["X-Model-Version"] == "7"
    assert answer["headers"]["Access-Control-Allow-Origin"] == "https://app.example"


def test_custom_attributes_pass_through_to_the_model_and_back(function: ApiFunction) -> None:
    headers = {**EVENT["headers"], "X-Amzn-SageMaker-Custom-Attributes": "trace=17"}
    kind, answer = function.invoke({**EVENT, "headers": headers, "body": '{"instances": [[0.9, "red"]]}'})
    assert (kind, answer["headers"]["X-Amzn-SageMaker-Custom-Attributes"]) == ("response", "trace=17")


def test_what_the_model_refuses_is_the_callers_400(function: ApiFunction) -> None:
    answer = function.post(instances=[[0.9, "red"], ["big", "red"]])
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"]) == {"error": "row 2, column 'size': 'big' is not a number"}


def test_a_file_is_decoded_and_predicted(function: ApiFunction, assets: Path) -> None:
    answer = function.post(file="MC45LHJlZAo=", filename="one.csv")
    assert len(json.loads(answer["body"])["predictions"]) == 1
    assert [path.read_text() for path in (assets / "data").iterdir()] == ["0.9,red\n"]


def test_metrics_go_to_the_log(model_server: Running, container_python: Path, assets: Path) -> None:
    service = ApiFunction(model_server)
    with started(service, container_python, assets) as process:
        service.post(instances=[[0.9, "red"]])
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith('{"_aws"'))
    assert json.loads(line)["FunctionVersion"] == "7"
    assert json.loads(line)["Requests"] == 1


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"TRAINING_JOB_NAME": "job-2"}, "models/job-2/schema.json: there is no such file"),
        ({"TRAINING_JOB_NAME": ""}, "environment variable TRAINING_JOB_NAME is not set"),
        ({"ENDPOINT_NAME": ""}, "environment variable ENDPOINT_NAME is not set"),
        ({"METRIC_NAMESPACE": ""}, "environment variable METRIC_NAMESPACE is not set"),
        ({"RETAIN_FILE_SECONDS": "1 day"}, "RETAIN_FILE_SECONDS is '1 day'; it must be a number of seconds"),
    ],
)
def test_a_version_without_its_model_or_settings_refuses_to_start(
    container_python: Path, assets: Path, changes: dict[str, str], named: str
) -> None:
    service = ApiFunction(None)
    with started(service, container_python, assets, **changes):
        where, error = service.outcomes.get(timeout=SECONDS)
    assert where == "error"
    assert named in error["errorMessage"]


def test_an_exception_of_the_handler_is_lambdas_error(
    container_python: Path, assets: Path, model_server: Running
) -> None:
    service = ApiFunction(model_server)
    with started(service, container_python, assets):
        kind, error = service.invoke({"httpMethod": "POST", "headers": "no headers"})
    assert kind == "error"
    assert error["errorType"] == "AttributeError"
