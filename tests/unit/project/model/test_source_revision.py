"""A build learns from CodePipeline which execution, commit and data it belongs to."""

from typing import Any

import pytest
from build_error import BuildError
from source_revision import SourceRevision, find_source_revision

from tests.aws.clients import scripted

BUILD = "mls-demo-build:0b8c3a3e-1f5d-4f0e-9a53-0d8ce4a5d9d5"
EXECUTION = "a9f1d3f2-6f6a-4d52-8d6e-1c1c1c1c1c1c"
REVISIONS = [
    {"name": "GitSourceOutput", "revisionId": "0123456789abcdef0123456789abcdef01234567"},
    {"name": "DataSourceOutput", "revisionId": "tXsZ0QvJr8R1y5dp"},
]


def state(build_id: str) -> dict[str, Any]:
    """As GetPipelineState answers while a build runs; Train still shows an older execution."""
    return {
        "pipelineName": "mls-demo",
        "stageStates": [
            {"stageName": "Source", "actionStates": [{"actionName": "GitSource"}]},
            {
                "stageName": "Build",
                "latestExecution": {"pipelineExecutionId": EXECUTION, "status": "InProgress"},
                "actionStates": [
                    {
                        "actionName": "BuildTemplates",
                        "latestExecution": {"status": "InProgress", "externalExecutionId": build_id},
                    },
                    {"actionName": "CreateWorkflow"},
                ],
            },
            {"stageName": "Train", "latestExecution": {"pipelineExecutionId": "older", "status": "Succeeded"}},
        ],
    }


def find(revisions: list[dict[str, str]]) -> SourceRevision:
    with scripted("codepipeline") as codepipeline:
        codepipeline.answers("get_pipeline_state", state(BUILD), {"name": "mls-demo"})
        codepipeline.answers(
            "get_pipeline_execution",
            {"pipelineExecution": {"pipelineExecutionId": EXECUTION, "artifactRevisions": revisions}},
            {"pipelineName": "mls-demo", "pipelineExecutionId": EXECUTION},
        )
        return find_source_revision(codepipeline.client, "mls-demo", BUILD)


def test_the_execution_that_runs_the_build_is_found_with_its_revisions() -> None:
    assert find(REVISIONS) == SourceRevision(EXECUTION, REVISIONS[0]["revisionId"], "tXsZ0QvJr8R1y5dp")


@pytest.mark.parametrize("missing", [0, 1])
def test_an_execution_without_a_revision_is_refused(missing: int) -> None:
    with pytest.raises(BuildError, match=f"has no revision of {REVISIONS[missing]['name']}"):
        find([REVISIONS[1 - missing]])


def test_a_build_that_was_started_by_hand_is_refused() -> None:
    with scripted("codepipeline") as codepipeline:
        codepipeline.answers("get_pipeline_state", state("another"))
        with pytest.raises(BuildError, match="release a change instead"):
            find_source_revision(codepipeline.client, "mls-demo", BUILD)
