"""A model of the flights, by the same two jobs as in exp-real-sm.ipynb, for notebooks that are about what comes after."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from experiment import PROJECT, ROOT, Experiment, patiently

sys.path.append(str(PROJECT / "model"))
sys.path.append(str(ROOT / "examples" / "flights"))

from dataset import HYPERPARAMETERS, write_data
from settings import Settings

SETTINGS = Settings.load(PROJECT / "mlsystem.yaml")
INSTANCE = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
OFTEN = {"Delay": 3, "MaxAttempts": 600}


@dataclass(frozen=True)
class Trained:
    """`requests` are rows as a caller sends them; the first is their header."""

    job: str
    model_uri: str
    requests: list[str]


def upload_flights(experiment: Experiment) -> dict[str, str]:
    """The raw data sets, by name: each a prefix of its own."""
    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder))
        for name in ("train", "test", "baseline"):
            experiment.upload(Path(folder) / f"{name}.csv", f"raw/{name}/{name}.csv")
    return {name: f"s3://{experiment.bucket}/raw/{name}/" for name in ("train", "test", "baseline")}


def train_model(experiment: Experiment, image: str, role: str) -> Trained:
    """Raises botocore's WaiterError where a job fails; its log says why."""
    sagemaker: Any = boto3.client("sagemaker")
    name, raw = experiment.name, upload_flights(experiment)
    request = _preparation(experiment, image, role, raw)
    patiently(lambda: sagemaker.create_processing_job(**request))
    sagemaker.get_waiter("processing_job_completed_or_stopped").wait(
        ProcessingJobName=f"{name}-prep", WaiterConfig=OFTEN
    )
    sagemaker.create_training_job(**_training(experiment, image, role))
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name, WaiterConfig=OFTEN)
    model_uri = sagemaker.describe_training_job(TrainingJobName=name)["ModelArtifacts"]["S3ModelArtifacts"]
    requests = experiment.read(f"s3://{experiment.bucket}/data/requests/requests.csv").decode().splitlines()
    return Trained(name, model_uri, requests)


def _preparation(experiment: Experiment, image: str, role: str, raw: dict[str, str]) -> dict[str, Any]:
    folder = "/opt/ml/processing"
    inputs = [
        {
            "InputName": name,
            "S3Input": {
                "S3Uri": raw[name],
                "LocalPath": f"{folder}/input/{name}",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
        for name in ("train", "test")
    ]
    outputs = [
        {
            "OutputName": name,
            "S3Output": {
                "S3Uri": f"s3://{experiment.bucket}/data/{name}",
                "LocalPath": f"{folder}/{name}",
                "S3UploadMode": "EndOfJob",
            },
        }
        for name in ("train", "requests")
    ]
    return {
        "ProcessingJobName": f"{experiment.name}-prep",
        "AppSpecification": {"ImageUri": image, "ContainerEntrypoint": ["python3", "/opt/program/prepare_data.py"]},
        "Environment": SETTINGS.dataset_environment(),
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {"Outputs": outputs},
        "ProcessingResources": {"ClusterConfig": INSTANCE},
        "RoleArn": role,
    }


def _training(experiment: Experiment, image: str, role: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{experiment.bucket}/data/train"}
    return {
        "TrainingJobName": experiment.name,
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "HyperParameters": HYPERPARAMETERS,
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{experiment.bucket}/models"},
        "ResourceConfig": INSTANCE,
        "StoppingCondition": {"MaxRuntimeInSeconds": 900},
        "RoleArn": role,
    }
