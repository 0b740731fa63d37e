"""The files of a build of the real project, made without AWS."""

from __future__ import annotations

import sys
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform

from tests.aws.project import PROJECT, TEMPLATES, VARIABLES, read_template, write_data_source

sys.path.insert(0, str(PROJECT / "model"))

from build_environment import BuildEnvironment
from data_source import Images, read_data_source
from package import ArtifactStore, package
from parameters import Run, build_files
from settings import Settings
from source_revision import SourceRevision
from workflow_graph import workflow_template

REVISION = SourceRevision(
    "a9f1d3f2-6f6a-4d52-8d6e-1c1c1c1c1c1c", "0123456789abcdef0123456789abcdef01234567", "tXsZ0QvJ"
)
REGION = VARIABLES["KMS_KEY_ARN"].split(":")[3]


class EmptyBucket:
    """Takes whatever is uploaded."""

    def head_object(self, **_: object) -> None: ...


def run_of(folder: Path, project: Path = PROJECT) -> Run:
    """A run whose data-source.zip was unpacked in `folder`."""
    write_data_source(folder)
    images = Images(f"{VARIABLES['MODEL_REPOSITORY_URI']}:0123", f"{VARIABLES['LAMBDA_REPOSITORY_URI']}:0123")
    environment = BuildEnvironment.read(VARIABLES)
    data = read_data_source(folder, environment.dataset_bucket)
    return Run(environment, REVISION, data, Settings.load(project / "mlsystem.yaml"), images)


def build_variables() -> set[str]:
    """The environment variables that a build reads."""
    return {field.name.upper() for field in fields(BuildEnvironment)}


def files_of(folder: Path) -> dict[str, dict[str, Any]]:
    return build_files(run_of(folder))


@cache
def workflow_definition() -> str:
    return (PROJECT / "model" / "workflow.asl.json").read_text()


def workflow_graph() -> dict[str, Any]:
    return workflow_template(workflow_definition(), "workflow.asl.json")


def packaged(name: str) -> str:
    """A template as the buildspec packages it."""
    bucket: Any = EmptyBucket()
    return package(TEMPLATES[name], ArtifactStore(bucket, VARIABLES["ARTIFACT_BUCKET"], "mls-demo/package"))


class NoManagedPolicies:
    """The templates name none, so SAM needs no list of them."""

    def load(self) -> dict[str, str]:
        return {}


def expanded(name: str, parameters: dict[str, str]) -> dict[str, Any]:
    """A packaged template as CloudFormation's SAM macro expands it."""
    document: dict[str, Any] = transform(read_template(packaged(name)), dict(parameters), NoManagedPolicies())
    return document
