#!/usr/bin/env python3
"""Prepares a run of the pipeline, in CodeBuild: writes the files that the later stages take.

Everything that can be wrong with an upload or a commit should end here, in the first minute, with a sentence that says
what: later stages spend hours and money.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from build_environment import BuildEnvironment
from build_error import BuildError
from data_source import Images, read_data_source
from images import RunScript, build_images, require_images, run_script
from parameters import Run, build_files
from settings import Settings
from source_revision import find_source_revision
from workflow_graph import workflow_template

if TYPE_CHECKING:
    from types_boto3_codepipeline import CodePipelineClient
    from types_boto3_ecr import ECRClient

PROJECT = Path(__file__).resolve().parent.parent
DATA_FOLDER_VARIABLE = "CODEBUILD_SRC_DIR_DataSourceOutput"
BUILD_ID_VARIABLE = "CODEBUILD_BUILD_ID"


@dataclass(frozen=True)
class Tools:
    """What a build needs of the world."""

    codepipeline: CodePipelineClient
    ecr: ECRClient
    run_script: RunScript


def prepare(project: Path, output: Path, variables: Mapping[str, str], tools: Tools) -> list[Path]:
    """Write all files below `output` and return their paths. Raises BuildError."""
    environment = BuildEnvironment.read(variables)
    data_folder = Path(_required(variables, DATA_FOLDER_VARIABLE))
    data = read_data_source(data_folder, environment.dataset_bucket)
    settings = Settings.load(project / "mlsystem.yaml")
    revision = find_source_revision(
        tools.codepipeline, environment.pipeline_name, _required(variables, BUILD_ID_VARIABLE)
    )
    images = _images(data.images, project, environment, tools)
    definition = project / "model" / "workflow.asl.json"
    contents = {
        **build_files(Run(environment, revision, data, settings, images)),
        "workflow-graph.yml": workflow_template(definition.read_text(), os.path.relpath(definition, output)),
    }
    output.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        # JSON is YAML too, so that the template needs no writer of its own.
        (output / name).write_text(json.dumps(content, indent=2) + "\n")
    return [output / name for name in contents]


def _images(named: Images | None, project: Path, environment: BuildEnvironment, tools: Tools) -> Images:
    if named:
        return require_images(tools.ecr, named)
    repositories = (environment.model_repository_uri, environment.lambda_repository_uri)
    return build_images(tools.ecr, project / "container", *repositories, tools.run_script)


def _required(variables: Mapping[str, str], name: str) -> str:
    if not variables.get(name):
        raise BuildError(f"environment variable {name} is missing; CodeBuild sets it in a build of the pipeline")
    return variables[name]


def main() -> int:
    parser = argparse.ArgumentParser(description="Prepare a run of the pipeline, in CodeBuild.")
    parser.add_argument("--output", type=Path, required=True, help="folder for the files of the later stages")
    output = parser.parse_args().output
    try:
        tools = Tools(boto3.client("codepipeline"), boto3.client("ecr"), run_script)
        for path in prepare(PROJECT, output, os.environ, tools):
            print(path)
    except (BuildError, ClientError, BotoCoreError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
