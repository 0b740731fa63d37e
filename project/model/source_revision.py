"""Which execution of the pipeline a build belongs to, and which commit and data it was given.

CodeBuild does not tell: it knows its own build alone. CodePipeline does, as it keeps the build's id with the action
that started it. A build that no execution knows was started by hand, and nothing can be made of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_error import BuildError

if TYPE_CHECKING:
    from types_boto3_codepipeline import CodePipelineClient
    from types_boto3_codepipeline.type_defs import GetPipelineStateOutputTypeDef

GIT_ARTIFACT = "GitSourceOutput"
DATA_ARTIFACT = "DataSourceOutput"


@dataclass(frozen=True)
class SourceRevision:
    """An execution with its commit (a Git hash) and its data (a version of data-source.zip)."""

    pipeline_execution_id: str
    git_commit_hash: str
    data_version_id: str


def find_source_revision(codepipeline: CodePipelineClient, pipeline_name: str, build_id: str) -> SourceRevision:
    """Ask CodePipeline for the execution whose action runs the build. Raises BuildError when there is none."""
    execution_id = _execution_of(codepipeline.get_pipeline_state(name=pipeline_name), build_id)
    if execution_id is None:
        raise BuildError(
            f"pipeline {pipeline_name} has no action that runs build {build_id}; release a change instead of starting "
            "the build by hand"
        )
    answer = codepipeline.get_pipeline_execution(pipelineName=pipeline_name, pipelineExecutionId=execution_id)
    revisions = {
        revision["name"]: revision["revisionId"]
        for revision in answer["pipelineExecution"].get("artifactRevisions", [])
    }
    for artifact in (GIT_ARTIFACT, DATA_ARTIFACT):
        if not revisions.get(artifact):
            raise BuildError(f"execution {execution_id} of pipeline {pipeline_name} has no revision of {artifact}")
    return SourceRevision(execution_id, revisions[GIT_ARTIFACT], revisions[DATA_ARTIFACT])


def _execution_of(state: GetPipelineStateOutputTypeDef, build_id: str) -> str | None:
    for stage in state["stageStates"]:
        for action in stage.get("actionStates", []):
            if action.get("latestExecution", {}).get("externalExecutionId") == build_id:
                return stage["latestExecution"]["pipelineExecutionId"]
    return None
