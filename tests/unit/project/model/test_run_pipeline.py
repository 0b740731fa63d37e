"""A build of the real project writes every file that the later stages take, or ends with the reason."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from build_environment import BuildEnvironment
from build_error import BuildError
from run_pipeline import Tools, prepare
from workflow_graph import SUBSTITUTIONS, workflow_template

from tests.aws.clients import scripted
from tests.aws.project import PROJECT, VARIABLES, write_data_source
from tests.unit.project.model.test_source_revision import BUILD, EXECUTION, REVISIONS, state


def build(output: Path, data: Path, variables: dict[str, str] | None = None) -> list[str]:
    def run(command: Sequence[str]) -> str:
        assert command[-3] == "--name", "the registry has both images"
        return f"{command[-2]}:1 {command[-1]}:1"

    all_variables = {
        **VARIABLES,
        "CODEBUILD_BUILD_ID": BUILD,
        "CODEBUILD_SRC_DIR_DataSourceOutput": str(data),
        **(variables or {}),
    }
    with scripted("codepipeline") as codepipeline, scripted("ecr") as ecr:
        codepipeline.answers("get_pipeline_state", state(BUILD))
        execution = {"pipelineExecutionId": EXECUTION, "artifactRevisions": REVISIONS}
        codepipeline.answers("get_pipeline_execution", {"pipelineExecution": execution})
        for _ in range(2):
            ecr.answers("describe_images", {})
        paths = prepare(PROJECT, output, all_variables, Tools(codepipeline.client, ecr.client, run))
    return sorted(path.name for path in paths)


def test_every_file_is_written(tmp_path: Path) -> None:
    write_data_source(tmp_path)
    assert build(tmp_path / "build", tmp_path) == [
        "deploy-model-dev.json",
        "deploy-model-prd.json",
        "sagemaker-custom-resource.json",
        "workflow-graph.json",
        "workflow-graph.yml",
        "workflow-input.json",
    ]
    template = json.loads((tmp_path / "build" / "workflow-graph.yml").read_text())
    location = template["Resources"]["Workflow"]["Properties"]["DefinitionS3Location"]
    assert (tmp_path / "build" / location).resolve() == PROJECT / "model" / "workflow.asl.json"


def test_jobs_are_tagged_with_commit_data_and_branch(tmp_path: Path) -> None:
    write_data_source(tmp_path)
    build(tmp_path / "build", tmp_path)
    content = json.loads((tmp_path / "build" / "workflow-input.json").read_text())
    tags = {tag["Key"]: tag["Value"] for tag in content["Tags"]}
    assert tags["GitBranch"] == "main"
    assert tags["GitCommitHash"] == REVISIONS[0]["revisionId"]
    assert tags["DataVersionId"] == REVISIONS[1]["revisionId"]
    assert content["TrialName"] == f"mls-demo-{EXECUTION}"


def test_a_training_is_told_of_mlflow_and_of_what_its_run_is_tagged_with_where_there_is_one(tmp_path: Path) -> None:
    write_data_source(tmp_path)
    uri = "arn:aws:sagemaker:eu-central-1:123456789012:mlflow-tracking-server/flights"

    def written(name: str, **variables: str) -> Any:
        build(tmp_path / "build", tmp_path, variables)
        return json.loads((tmp_path / "build" / name).read_text())

    assert written("workflow-input.json")["TrainingEnvironment"] == {}
    assert written("workflow-input.json", MLFLOW_TRACKING_URI=uri)["TrainingEnvironment"] == {
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_EXPERIMENT_NAME": "mls-demo",
        "PIPELINE_EXECUTION_ID": EXECUTION,
        "GIT_COMMIT_HASH": REVISIONS[0]["revisionId"],
        "DATA_VERSION_ID": REVISIONS[1]["revisionId"],
        "RUNS_URI": "s3://mls-demo-123456789012-eu-central-1/mls-demo/runs",
    }
    assert written("deploy-model-prd.json", MLFLOW_TRACKING_URI=uri)["Parameters"]["MlflowTrackingUri"] == uri


def test_each_execution_is_a_release_of_its_own(tmp_path: Path) -> None:
    write_data_source(tmp_path)
    build(tmp_path / "build", tmp_path)
    parameters = json.loads((tmp_path / "build" / "deploy-model-prd.json").read_text())["Parameters"]
    assert re.fullmatch("[a-f0-9]{64}", parameters["ReleaseSha256"])


def test_all_parameters_are_texts_as_cloudformation_wants_them(tmp_path: Path) -> None:
    write_data_source(tmp_path)
    build(tmp_path / "build", tmp_path)
    for path in (tmp_path / "build").glob("*.json"):
        for value in json.loads(path.read_text()).get("Parameters", {}).values():
            assert isinstance(value, str)


@pytest.mark.parametrize("name", ["CODEBUILD_BUILD_ID", "CODEBUILD_SRC_DIR_DataSourceOutput", "KMS_KEY_ARN"])
def test_a_missing_variable_is_named(tmp_path: Path, name: str) -> None:
    write_data_source(tmp_path)
    variables = {**VARIABLES, "CODEBUILD_BUILD_ID": BUILD, "CODEBUILD_SRC_DIR_DataSourceOutput": str(tmp_path)}
    with scripted("codepipeline") as codepipeline, scripted("ecr") as ecr:
        tools = Tools(codepipeline.client, ecr.client, lambda _: "")
        with pytest.raises(BuildError, match=f"environment variable {name} is missing"):
            prepare(PROJECT, tmp_path / "build", {**variables, name: ""}, tools)


def test_a_bad_upload_ends_the_build_before_anything_is_asked_or_written(tmp_path: Path) -> None:
    write_data_source(tmp_path)
    (tmp_path / "hyperparameters.json").unlink()
    variables = {**VARIABLES, "CODEBUILD_BUILD_ID": BUILD, "CODEBUILD_SRC_DIR_DataSourceOutput": str(tmp_path)}
    with scripted("codepipeline") as codepipeline, scripted("ecr") as ecr:
        tools = Tools(codepipeline.client, ecr.client, lambda _: "")
        with pytest.raises(BuildError, match=r"^hyperparameters.json"):
            prepare(PROJECT, tmp_path / "build", variables, tools)
    assert not (tmp_path / "build").exists()


def test_only_the_api_base_url_may_be_empty() -> None:
    assert BuildEnvironment.read({**VARIABLES, "API_BASE_URL": ""}).api_base_url == ""


def test_a_workflow_that_names_something_unknown_is_refused() -> None:
    known = " ".join(f"${{{name}}}" for name in SUBSTITUTIONS)
    assert workflow_template(known, "x")["Resources"]
    with pytest.raises(BuildError, match=r"workflow.asl.json uses .*Typo"):
        workflow_template(known + "${Typo}", "x")
