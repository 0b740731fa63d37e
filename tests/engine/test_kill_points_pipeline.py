"""A pipeline run with the engine killed on the way: the execution ends well, and each of its actions did its work once."""

from __future__ import annotations

from pathlib import Path

from botocore.exceptions import ClientError

from tests.engine.test_codepipeline import Line
from tests.jobs import leftovers, logged
from tests.killpoints import Harness
from tests.live import LiveEngine, eventually


class RunOnce:
    essential: tuple[str, ...] = (
        "codepipeline.execution.InProgress.before_commit",
        "codepipeline.start_action.before",
        "codepipeline.start_action.after",
        "codebuild.build.IN_PROGRESS.after_commit",
        "codebuild.start_process.after",
        "codebuild.build.SUCCEEDED.before_commit",
        "codepipeline.execution.Succeeded.before_commit",
    )

    def prepare(self, live: LiveEngine) -> None:
        line = Line(live, "crashed")
        line.prepare()
        line.upload("data")

    def act(self, live: LiveEngine) -> None:
        line = Line(live, "crashed")
        try:
            line.create()
        except ClientError as error:
            # Committed, but the answer did not get out before the crash.
            if error.response["Error"]["Code"] != "PipelineNameInUseException":
                raise

    def settle(self, live: LiveEngine) -> None:
        line = Line(live, "crashed")
        execution = str(eventually(line.executions)[0]["pipelineExecutionId"])
        if line.status(execution) == "InProgress":
            line.approval()
            try:
                line.decide("Approved", "looks right")
            except ClientError as error:
                if error.response["Error"]["Code"] != "ApprovalAlreadyCompletedException":
                    raise
        assert line.ended(execution) == "Succeeded"

    def check(self, live: LiveEngine) -> None:
        line = Line(live, "crashed")
        assert len(line.executions()) == 1
        runs = line.runs(line.executions()[0]["pipelineExecutionId"])
        assert [run["status"] for run in runs.values()] == ["Succeeded"] * 4
        builds = live.client("codebuild").list_builds_for_project(projectName="crashed")["ids"]
        assert len(builds) == 1
        eventually(lambda: leftovers(live.folder) == [])
        lines = logged(live, "/aws/codebuild/crashed")
        assert len([line for line in lines if "Entering phase BUILD" in line]) == 1


def test_a_pipeline_run_survives_a_kill_at_every_race_point(tmp_path: Path) -> None:
    Harness(tmp_path, RunOnce()).visit()
