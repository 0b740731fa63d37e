"""The real container program and the real analyzer on the real data, as the jobs that the workflow would start."""

from __future__ import annotations

import csv
import importlib
import io
import json
import sys
import tarfile
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.built_images import ROOT, push_built
from tests.e2e.workflow_jobs import arguments_of
from tests.live import LiveEngine, eventually
from tests.roles import role

sys.path.insert(0, str(ROOT / "examples" / "flights"))
sys.path.insert(0, str(ROOT / "project" / "model"))
dataset: Any = importlib.import_module("dataset")
settings: Any = importlib.import_module("settings")


class Run:
    """One run of the workflow's jobs, with the input that run_pipeline.py would write."""

    def __init__(self, engine: LiveEngine, folder: Path):
        self.s3: Any = engine.client("s3")
        self._sagemaker: Any = engine.client("sagemaker")
        self._logs: Any = engine.client("logs")
        self.name = f"mls-flights-{uuid.uuid4().hex[:8]}"
        self.bucket = self.name
        self.s3.create_bucket(Bucket=self.bucket)
        dataset.write_data(folder)
        for name in dataset.FILES:
            self.s3.upload_file(str(folder / name), self.bucket, f"flights/{name}")
        key = engine.client("kms").create_key()["KeyMetadata"]["Arn"]
        arn = role(engine, "mls-flights-sagemaker")
        self._substitutions = {"Partition": "aws", "KmsKeyArn": key, "SageMakerRoleArn": arn}
        runs = f"s3://{self.bucket}/runs"
        self._variables: dict[str, Any] = {
            "config": _input(push_built(engine, "container"), push_built(engine, "monitor"), runs, self.bucket),
            "run": self.name,
            "runUri": f"{runs}/{self.name}",
        }

    def carry_out(self, state: str, kind: str) -> dict[str, Any]:
        """Start the job of a state, wait for its end, and remember what later states need of it."""
        request = arguments_of(state, self._variables, self._substitutions)
        name = f"{kind.capitalize()}JobName"
        getattr(self._sagemaker, f"create_{kind}_job")(**request)

        def ended() -> Any:
            job = getattr(self._sagemaker, f"describe_{kind}_job")(**{name: request[name]})
            return job if job[f"{kind.capitalize()}JobStatus"] not in ("InProgress", "Stopping") else None

        job = dict(eventually(ended, timeout=200))
        assert job[f"{kind.capitalize()}JobStatus"] == "Completed", job.get("FailureReason")
        if kind == "training":
            self._variables["modelUri"] = job["ModelArtifacts"]["S3ModelArtifacts"]
        return job

    def transform(self, name: str, source: str, target: str) -> None:
        """By the model that was trained, to the end."""
        self._sagemaker.create_model(
            ModelName=name,
            PrimaryContainer={
                "Image": self._variables["config"]["ImageUri"],
                "ModelDataUrl": self._variables["modelUri"],
            },
            ExecutionRoleArn=self._substitutions["SageMakerRoleArn"],
        )
        self._sagemaker.create_transform_job(
            TransformJobName=name,
            ModelName=name,
            BatchStrategy="MultiRecord",
            MaxPayloadInMB=1,
            TransformInput={
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}},
                "ContentType": "text/csv",
                "SplitType": "Line",
            },
            TransformOutput={"S3OutputPath": target, "Accept": "text/csv", "AssembleWith": "Line"},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        )
        waiter = self._sagemaker.get_waiter("transform_job_completed_or_stopped")
        waiter.wait(TransformJobName=name, WaiterConfig={"Delay": 1})

    def read(self, path: str) -> bytes:
        """An object below the run's own folder."""
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=f"runs/{self.name}/{path}")["Body"].read())


def _input(image: str, monitor_image: str, runs: str, bucket: str) -> dict[str, Any]:
    read = settings.Settings.load(ROOT / "project" / "mlsystem.yaml")
    data = {"train": "train", "test": "test", "baseline": "baseline"}
    return {
        "ExperimentName": "mls-flights",
        "TrialName": "mls-flights-1",
        "Tags": [{"Key": "GitBranch", "Value": "main"}],
        "ImageUri": image,
        "MonitorImageUri": monitor_image,
        "RawData": [{"Name": name, "Uri": f"s3://{bucket}/flights/{file}.csv"} for name, file in data.items()],
        "DatasetEnvironment": read.dataset_environment(),
        "TrainingEnvironment": {},
        "HyperParameters": dataset.HYPERPARAMETERS,
        "DriftThreshold": str(read.number("drift", "threshold")),
        "RunsUri": runs,
        "Instances": {name.capitalize(): read.cluster(name) for name in ("prepare", "train", "evaluate", "baseline")},
        "MaxRuntimeInSeconds": 2700,
    }


@pytest.fixture(scope="module")
def run(engine: LiveEngine, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose jobs have all completed."""
    made = Run(engine, tmp_path_factory.mktemp("flights"))
    made.carry_out("Prepare Data", "processing")
    made.carry_out("Training Job", "training")
    made.carry_out("Model Evaluation Job", "processing")
    made.carry_out("Baseline Job", "processing")
    made.carry_out("Prediction Baseline Job", "processing")
    return made


def test_every_row_is_prepared_for_all_later_jobs(run: Run) -> None:
    counts = {
        name: len(list(csv.reader(io.StringIO(run.read(f"data/{name}/{name}.csv").decode()))))
        for name in ("train", "test", "baseline", "requests")
    }
    headers = "the baseline and the requests have a header"
    assert counts == {"train": 20679, "test": 5719, "baseline": 27005, "requests": 101}, headers


def test_the_model_knows_late_flights_and_says_so_in_sagemakers_schema(run: Run) -> None:
    report = json.loads(run.read("evaluation/eval.json"))
    assert report["binary_classification_metrics"]["auc"]["value"] > 0.85


def test_what_production_is_compared_with_begins_with_what_the_model_answers(run: Run) -> None:
    statistics, features = (
        json.loads(run.read(f"{folder}/statistics.json")) for folder in ("production-baseline", "baseline")
    )
    prediction, *rest = statistics["features"]
    assert rest == features["features"]
    answers = prediction["numerical_statistics"]
    assert (prediction["name"], answers["common"]) == ("prediction", {"num_present": 27004, "num_missing": 0})
    assert 0 < answers["min"] < answers["mean"] < answers["max"] < 1


def test_the_model_carries_what_the_api_needs(run: Run) -> None:
    with tarfile.open(fileobj=io.BytesIO(run.read("output/model.tar.gz"))) as archive:
        names = {name.removeprefix("./") for name in archive.getnames()}
        schema = archive.extractfile(
            next(member for member in archive if member.name.endswith("inference/schema.json"))
        )
        assert schema is not None
        features = [feature["name"] for feature in json.load(schema)["features"]]
    assert "inference/schema.json" in names
    assert features == list(dataset.FEATURES)


def test_the_baseline_job_counts_every_flight_and_says_what_is_normal(run: Run) -> None:
    statistics = json.loads(run.read("baseline/statistics.json"))
    constraints = json.loads(run.read("baseline/constraints.json"))
    assert statistics["dataset"]["item_count"] == 27004
    assert [feature["name"] for feature in statistics["features"]] == list(dataset.FEATURES)
    departures = next(feature for feature in constraints["features"] if feature["name"] == "dep_delay")
    assert departures["completeness"] == pytest.approx(0.981, abs=0.001)
    comparison = constraints["monitoring_config"]["distribution_constraints"]
    assert comparison["comparison_threshold"] == pytest.approx(0.2)


def test_a_batch_transform_answers_as_the_evaluation_did_row_by_row(run: Run) -> None:
    """The container program as it is: a header of its own, many records in a request, answers joined with what was asked."""
    name = f"{run.name}-batch"
    rows = list(csv.reader(io.StringIO(run.read("data/baseline/baseline.csv").decode())))[1:2001]
    body = "\n".join(",".join(row) for row in rows).encode()
    run.s3.put_object(Bucket=run.bucket, Key="batch/in/rows.csv", Body=body)
    run.transform(name, f"s3://{run.bucket}/batch/in/", f"s3://{run.bucket}/batch/out")
    found = run.s3.get_object(Bucket=run.bucket, Key="batch/out/rows.csv.out")["Body"].read().decode().splitlines()
    assert len(found) == len(rows)
    answers = [
        float(line.split(",")[0]) for line in run.read("data/predictions/predictions.csv").decode().splitlines()[1:2001]
    ]
    assert [float(line.split(",")[0]) for line in found] == pytest.approx(answers, abs=1e-6)
