"""Names in MLflow what production has: the model of a training's run becomes a version of the registered model, with the alias `champion`.

By MLflow's REST API, as a function of Lambda has no client of it: https://mlflow.org/docs/latest/rest-api.html
SageMaker's managed MLflow, whose ARN is the tracking URI, takes the same requests, signed.
A deployment is no worse for an MLflow that is away: whatever happens here is told, and fails nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError

ALIAS = "champion"
MODEL_URI_TAG = "model.uri"  # of a run, from container/code/tracking.py
TIMEOUT_SECONDS = 10.0


class MlflowError(Exception):
    """What MLflow, or the way to it, says; `code` is MLflow's own."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Mlflow:
    """A tracking server, by its URL or ARN."""

    def __init__(self, uri: str) -> None:
        self._arn = uri if uri.startswith("arn:") else ""
        self._region = uri.split(":")[3] if self._arn else ""
        self._url = self._managed_url() if self._arn else uri

    def call(self, method: str, path: str, **content: object) -> dict[str, Any]:
        """Raises MlflowError."""
        url = f"{self._url}/api/2.0/mlflow/{path}"
        body = b"" if method == "GET" else json.dumps(content).encode()
        if method == "GET":
            url += f"?{urlencode(content)}".replace("+", "%20")  # which a signature wants
        headers = {"Content-Type": "application/json"}
        try:
            signed = self._signed(method, url, body, headers) if self._arn else headers
            request = Request(url, body or None, signed, method=method)
            with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return dict(json.load(answer))
        except HTTPError as error:
            raise _refusal(path, error) from error
        except (OSError, ValueError, BotoCoreError) as error:
            raise MlflowError(f"{path}: {error}") from error

    def _managed_url(self) -> str:
        suffix = "amazonaws.com.cn" if self._arn.split(":")[1] == "aws-cn" else "amazonaws.com"
        return f"https://{self._region}.experiments.sagemaker.{suffix}"

    def _signed(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        request = AWSRequest(method, url, {**headers, "x-mlflow-sm-tracking-server-arn": self._arn}, body)
        credentials = boto3.session.Session().get_credentials()
        if credentials is None:
            raise MlflowError(f"{self._arn}: there are no credentials to sign with")
        SigV4Auth(credentials, "sagemaker-mlflow", self._region).add_auth(request)
        return dict(request.headers.items())


def tell_mlflow(variables: Mapping[str, str]) -> str:
    """What was told, or why nothing was, as the end of a sentence; nothing where there is no MLflow."""
    uri = variables["MLFLOW_TRACKING_URI"]
    if not uri:
        return ""
    name, job = variables["MLFLOW_MODEL_NAME"], variables["TRAINING_JOB_NAME"]
    try:
        version = _name_champion(Mlflow(uri), variables["MLFLOW_EXPERIMENT_NAME"], name, job)
    except MlflowError as error:
        return f"; MLflow could not be told: {error}"
    return f"; in MLflow it is version {version} of {name}, the {ALIAS}"


def _name_champion(mlflow: Mlflow, experiment: str, name: str, job: str) -> str:
    run = _run(mlflow, experiment, job)
    version = _version(mlflow, name, run)
    mlflow.call("POST", "registered-models/alias", name=name, alias=ALIAS, version=version)
    return version


def _run(mlflow: Mlflow, experiment: str, job: str) -> dict[str, Any]:
    """The newest that has the training job's name."""
    found = mlflow.call("GET", "experiments/get-by-name", experiment_name=experiment)["experiment"]
    wanted = f"attributes.run_name = '{job}'"
    runs = mlflow.call(
        "POST", "runs/search", experiment_ids=[found["experiment_id"]], filter=wanted, max_results=1
    ).get("runs", [])
    if not runs:
        raise MlflowError(f"the experiment {experiment} has no run {job}")
    return dict(runs[0])


def _version(mlflow: Mlflow, name: str, run: dict[str, Any]) -> str:
    """That of the run, made where there is none."""
    run_id = run["info"]["run_id"]
    try:
        mlflow.call("POST", "registered-models/create", name=name)
    except MlflowError as error:
        if error.code != "RESOURCE_ALREADY_EXISTS":
            raise
    known = mlflow.call("GET", "model-versions/search", filter=f"name = '{name}' and run_id = '{run_id}'")
    if known.get("model_versions"):
        return str(known["model_versions"][0]["version"])
    tags = {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}
    kept = [{"key": key, "value": value} for key, value in tags.items() if not key.startswith("mlflow.")]
    source = tags.get(MODEL_URI_TAG, f"runs:/{run_id}/model")
    made = mlflow.call("POST", "model-versions/create", name=name, source=source, run_id=run_id, tags=kept)
    return str(made["model_version"]["version"])


def _refusal(path: str, error: HTTPError) -> MlflowError:
    try:
        said = json.loads(error.read())
        return MlflowError(f"{path}: {said.get('message', error)}", str(said.get("error_code", "")))
    except ValueError:
        return MlflowError(f"{path}: {error}")
