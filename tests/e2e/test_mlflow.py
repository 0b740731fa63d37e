"""MLflow behind the front door, told by real training jobs of the real container program, and asked by its own REST API."""

from __future__ import annotations

import json
import os
import signal
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from mlsystem.client.connection import Connection
from mlsystem.client.deployment import Deployment
from mlsystem.client.project import load
from mlsystem.engine.runtime.shim.record import lock_holder
from tests.command_line import run
from tests.e2e.built_images import ROOT, push_built
from tests.environments import needed
from tests.functions import invoke, make_function
from tests.jobs import logged
from tests.live import LiveEngine, eventually
from tests.roles import role

sys.path.insert(0, str(ROOT / "project" / "api"))

from mlflow_registry import tell_mlflow

EXPERIMENT, MODEL = "mls-demo", "mls-flights"
SCHEMA = {
    "format": 1,
    "task": "binary",
    "target": "late",
    "classes": ["0", "1"],
    "features": [{"name": "delay", "categories": None}, {"name": "distance", "categories": None}],
    "missing_values": [""],
}
ROWS = "".join(f"{int(number % 100 > 50)},{number % 100},{number * 7 % 31}\n" for number in range(400))


class Tracked:
    """An engine that serves MLflow, and the training jobs that are told to it."""

    def __init__(self, engine: LiveEngine):
        self.engine = engine
        self.uri = f"{engine.url}/_mlflow"
        self.bucket = "tracked"
        s3 = engine.client("s3")
        s3.create_bucket(Bucket=self.bucket)
        s3.put_object(Bucket=self.bucket, Key="data/schema.json", Body=json.dumps(SCHEMA))
        s3.put_object(Bucket=self.bucket, Key="data/train.csv", Body=ROWS)
        self.image = push_built(engine, "container-mlflow")
        self.sagemaker = engine.client("sagemaker")

    def start(self, uri: str, hyperparameters: Mapping[str, str]) -> str:
        """A training job as the workflow starts it; its name."""
        name = f"mls-flights-{uuid.uuid4().hex[:8]}"
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/data/"}
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={"TrainingImage": self.image, "TrainingInputMode": "File"},
            Environment={
                "MLFLOW_TRACKING_URI": uri,
                "MLFLOW_EXPERIMENT_NAME": EXPERIMENT,
                "PIPELINE_EXECUTION_ID": "0b1f",
                "GIT_COMMIT_HASH": "c0ffee",
                "DATA_VERSION_ID": "v7",
                "RUNS_URI": f"s3://{self.bucket}/runs",
            },
            HyperParameters=dict(hyperparameters),
            InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
            OutputDataConfig={"S3OutputPath": f"s3://{self.bucket}/runs"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
            RoleArn=role(self.engine, "tracked"),
        )
        return name

    def status(self, job: str) -> str:
        return str(self.sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"])

    def ended(self, job: str) -> str:
        """How it ended."""
        eventually(lambda: self.status(job) != "InProgress", timeout=300)
        return self.status(job)

    def log(self) -> str:
        return "\n".join(logged(self.engine, "/aws/sagemaker/TrainingJobs"))

    def ask(self, path: str, **content: object) -> Any:
        """MLflow's answer: to a POST where there is content."""
        request = Request(f"{self.uri}/api/2.0/mlflow/{path}", json.dumps(content).encode() if content else None)
        request.add_header("Content-Type", "application/json")
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def run_of(self, job: str) -> Any:
        experiment = self.ask(f"experiments/get-by-name?experiment_name={EXPERIMENT}")["experiment"]["experiment_id"]
        found = self.ask("runs/search", experiment_ids=[experiment], filter=f"attributes.run_name = '{job}'")
        (only,) = found["runs"]
        return only

    def answers(self) -> bool:
        try:
            return bool(self.ask("experiments/search", max_results=1)["experiments"])
        except URLError:
            return False


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracked]:
    path = f"{needed('mlflow') / 'bin'}:{os.environ['PATH']}"
    live = LiveEngine(tmp_path_factory.mktemp("tracked"), options=["--mlflow"], environment={"PATH": path})
    try:
        live.start()
        yield Tracked(live)
    finally:
        live.stop()


@pytest.fixture(scope="module")
def job(tracked: Tracked) -> str:
    """A training that was told from its beginning to its end."""
    eventually(tracked.answers, timeout=300)
    name = tracked.start(tracked.uri, {"num_round": "30", "metric_period": "10", "learning_rate": "0.05"})
    assert tracked.ended(name) == "Completed", tracked.log()
    return name


def test_a_training_tells_what_it_was_done_with_and_what_came_of_it(tracked: Tracked, job: str) -> None:
    told = tracked.run_of(job)
    parameters = {item["key"]: item["value"] for item in told["data"]["params"]}
    assert parameters.items() >= {"num_round": "30", "learning_rate": "0.05", "objective": "binary"}.items()
    assert told["info"]["status"] == "FINISHED"
    run_id = told["info"]["run_id"]
    history = tracked.ask(f"metrics/get-history?run_id={run_id}&metric_key=train-auc")["metrics"]
    assert [item["step"] for item in history] == [10, 20, 30]
    assert history[-1]["value"] > 0.9


def test_a_run_can_be_traced_to_its_execution_commit_data_and_model(tracked: Tracked, job: str) -> None:
    tags = {item["key"]: item["value"] for item in tracked.run_of(job)["data"]["tags"]}
    described = tracked.sagemaker.describe_training_job(TrainingJobName=job)
    wanted = {
        "sagemaker.training_job_name": job,
        "sagemaker.training_job_arn": described["TrainingJobArn"],
        "codepipeline.execution_id": "0b1f",
        "mlflow.source.git.commit": "c0ffee",
        "data.version_id": "v7",
        "model.uri": described["ModelArtifacts"]["S3ModelArtifacts"],
    }
    assert tags.items() >= wanted.items()


def test_what_reaches_production_is_the_champion_of_the_registered_model(tracked: Tracked, job: str) -> None:
    variables = {
        "MLFLOW_TRACKING_URI": tracked.uri,
        "MLFLOW_EXPERIMENT_NAME": EXPERIMENT,
        "MLFLOW_MODEL_NAME": MODEL,
        "TRAINING_JOB_NAME": job,
    }
    source = (ROOT / "project" / "api" / "mlflow_registry.py").read_text()
    make_function(
        tracked.engine,
        "verify",
        f"{source}\n\nimport os\n\n\ndef handler(event, context):\n    return tell_mlflow(os.environ)\n",
        Environment={"Variables": variables},
        Timeout=60,
    )
    words = f"; in MLflow it is version 1 of {MODEL}, the champion"
    assert invoke(tracked.engine, "verify", {})[0] == words, "a function reaches it as the jobs do"
    assert tell_mlflow(variables) == words, "a repeated deployment is no new version"
    champion = tracked.ask(f"registered-models/alias?name={MODEL}&alias=champion")["model_version"]
    assert champion["run_id"] == tracked.run_of(job)["info"]["run_id"]
    assert champion["source"].endswith(f"/runs/{job}/output/model.tar.gz")
    unknown = tell_mlflow({**variables, "TRAINING_JOB_NAME": "mls-other"})
    assert unknown == f"; MLflow could not be told: the experiment {EXPERIMENT} has no run mls-other"


def test_a_deployment_outlives_an_mlflow_that_is_not_there() -> None:
    variables = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_EXPERIMENT_NAME": EXPERIMENT}
    told = tell_mlflow({**variables, "MLFLOW_MODEL_NAME": MODEL, "TRAINING_JOB_NAME": "one"})
    assert told.startswith("; MLflow could not be told: experiments/get-by-name: ")
    assert tell_mlflow({"MLFLOW_TRACKING_URI": ""}) == ""


def test_it_runs_no_commands_for_whoever_reaches_it(tracked: Tracked, job: str) -> None:
    json_type = {"Content-Type": "application/json"}
    request = Request(f"{tracked.uri}/ajax-api/3.0/mlflow/assistant/config", b"{}", json_type, method="PUT")
    with pytest.raises(HTTPError, match="403"):
        urlopen(request, timeout=60)


def test_a_training_outlives_a_server_that_dies_and_the_server_comes_back(tracked: Tracked, job: str) -> None:
    long = tracked.start(tracked.uri, {"num_round": "4000", "metric_period": "200"})
    eventually(lambda: "[200]" in tracked.log(), timeout=300)
    for lock in (tracked.engine.folder / "processes").glob("mlflow.*/lock"):
        pid = lock_holder(str(lock))
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
    assert tracked.status(long) == "InProgress"
    assert tracked.ended(long) == "Completed", tracked.log()
    assert eventually(tracked.answers, timeout=300)
    assert tracked.run_of(job)["info"]["status"] == "FINISHED", "what was told before is still there"


def test_clients_and_the_pipeline_are_told_where_it_is_and_down_ends_it(tracked: Tracked) -> None:
    home = tracked.engine.folder
    deployment = Deployment(Connection("local", home), load(ROOT / "project"), lambda _: None)
    assert deployment.parameters()["MlflowTrackingUri"] == tracked.uri
    assert f"export MLFLOW_TRACKING_URI={tracked.uri}" in run("env", home=home).stdout.splitlines()
    ended = run("down", home=home)
    assert ended.returncode == 0, ended.stderr
    assert tracked.engine.living_processes() == []
    assert not tracked.answers()


def test_without_mlflow_the_engine_says_how_it_is_installed(tmp_path: Path) -> None:
    refused = run("up", "--mlflow", "--port", "0", home=tmp_path / "home", environment={"PATH": "/usr/bin:/bin"})
    assert refused.returncode != 0
    assert "MLflow is not installed: " in refused.stderr
    assert "pip install 'mlsystem[mlflow]'" in refused.stderr
