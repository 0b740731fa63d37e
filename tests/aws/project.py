"""The project's templates as data, and a sample of everything that fills their parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "project"
TEMPLATES = {
    "pipeline.yml": PROJECT / "pipeline.yml",
    "sagemaker-custom-resource.yml": PROJECT / "custom_resource" / "sagemaker-custom-resource.yml",
    "deploy-model-dev.yml": PROJECT / "assets" / "deploy-model-dev.yml",
    "deploy-model-prd.yml": PROJECT / "assets" / "deploy-model-prd.yml",
}

# What CodeBuild's environment holds in a build of the pipeline.
VARIABLES = {
    "PIPELINE_NAME": "mls-demo",
    "PROJECT_NAME": "demo",
    "PROJECT_ID": "p-demo",
    "RUN_PREFIX": "mls-flights",
    "GIT_BRANCH": "main",
    "DATASET_BUCKET": "mls-data",
    "ARTIFACT_BUCKET": "mls-demo-123456789012-eu-central-1",
    "KMS_KEY_ARN": "arn:aws:kms:eu-central-1:123456789012:key/0d2b5d0e-5f0c-4a0d-9a6b-4cf6e1a1f1c2",
    "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:mls-demo",
    "MODEL_REPOSITORY_URI": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/mls-demo-model",
    "LAMBDA_REPOSITORY_URI": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/mls-demo-lambda",
    "MONITOR_IMAGE_URI": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/mls-monitor:latest",
    "API_BASE_URL": "",
    "CONSOLE_URL": "https://ml.example.com/_console",
    "MLFLOW_TRACKING_URI": "",
    "SUBNET_IDS": "subnet-0a1b2c3d4e5f60718,subnet-1a1b2c3d4e5f60718",
    "SECURITY_GROUP_ID": "sg-0a1b2c3d4e5f60718",
    "ACCESS_POINT_ARN": "arn:aws:elasticfilesystem:eu-central-1:123456789012:access-point/fsap-0a1b2c3d4e5f60718",
    "TIMEOUT_IN_MINUTES": "45",
}
RUN_NAME = "mls-flights-1624a1d1-3699-43f0-8e1e-6bafd7fde791"
TRAINING = {"TrainingExecutionArn": f"arn:aws:states:eu-central-1:123456789012:execution:mls-demo:{RUN_NAME}"}
OVERRIDES = {**TRAINING, "ReleaseName": f"{RUN_NAME}-prd", "GoesBack": "false"}
PIPELINE_PARAMETERS = {
    "SageMakerProjectName": "demo",
    "SageMakerProjectId": "p-demo",
    "ProjectPrefix": "mls",
    "ModelName": "flights",
    "DatasetBucket": "mls-data",
    "EmailAddress": "admin@example.com",
    "SeedBucket": "mls-data",
}


def write_data_source(folder: Path) -> None:
    """The members of a data-source.zip, with images to be built."""
    members = {
        "inputData.json": {"TrainingUri": "s3://mls-data/jan/train/", "TestUri": "s3://mls-data/jan/test/"},
        "hyperparameters.json": {"num_round": 50, "learning_rate": 0.1},
        "imageDetail.json": {},
    }
    for name, content in members.items():
        (folder / name).write_text(json.dumps(content))


class TemplateLoader(yaml.CSafeLoader):
    """YAML with CloudFormation's short functions, as the long ones."""


def _function(loader: TemplateLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {name: text.split(".", 1) if suffix == "GetAtt" else text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


TemplateLoader.add_multi_constructor("!", _function)


def read_template(text: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(text, TemplateLoader)  # a SafeLoader
    return document
