"""A person who watches a run sees that run, and not the rollback that comes by itself when it fails."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from mlsystem.client.connection import Connection
from mlsystem.client.pipeline import Pipeline
from mlsystem.client.project import Project

AT = datetime(2026, 1, 1, tzinfo=UTC)
SETTINGS = {"project": {"prefix": "mls", "name": "demo"}}


class Answers:
    """CodePipeline with a run that failed and the rollback after it."""

    def client(self, _service: str) -> Answers:
        return self

    def list_pipeline_executions(self, **_: object) -> dict[str, Any]:
        common = {"startTime": AT, "lastUpdateTime": AT}
        back = {"rollbackMetadata": {"rollbackTargetPipelineExecutionId": "good"}}
        return {
            "pipelineExecutionSummaries": [
                {"pipelineExecutionId": "rollback", "status": "Succeeded", **common, **back},
                {"pipelineExecutionId": "bad", "status": "Failed", **common},
                {"pipelineExecutionId": "good", "status": "Succeeded", **common},
            ]
        }


def test_the_newest_run_is_the_one_that_failed_and_not_its_rollback() -> None:
    pipeline = Pipeline(cast(Connection, Answers()), Project(Path(), SETTINGS))
    newest = pipeline.newest_run()
    assert (newest.id, newest.status) == ("bad", "Failed")
    assert [item.back_to for item in pipeline.executions()] == ["good", "", ""]
