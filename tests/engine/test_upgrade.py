"""What an earlier release has left goes on under this one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import run
from tests.earlier import VERSIONS, make_earlier
from tests.live import LiveEngine, eventually

FLOW = "arn:aws:states:us-east-1:000000000000:execution:flow:rests"


@pytest.fixture(params=VERSIONS)
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveEngine]:
    folder = make_earlier(request.param, tmp_path / "home")
    with closing(sqlite3.connect(folder.database)) as database:
        # The rest of an hour is over.
        database.execute("UPDATE timers SET due_at = 0 WHERE kind = 'stepfunctions.execution'")
        database.commit()
    engine = LiveEngine(folder.root)
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()


def _question(pipeline: Any) -> dict[str, Any]:
    stages = pipeline.get_pipeline_state(name="line")["stageStates"]
    return dict(stages[1]["actionStates"][0]["latestExecution"])


def test_all_that_an_earlier_release_has_left_goes_on(live: LiveEngine) -> None:
    pipeline, s3 = live.client("codepipeline"), live.client("s3")
    [execution] = pipeline.list_pipeline_executions(pipelineName="line")["pipelineExecutionSummaries"]
    assert execution["status"] == "InProgress"
    pipeline.put_approval_result(
        pipelineName="line",
        stageName="Approval",
        actionName="Approve",
        result={"summary": "after the upgrade", "status": "Approved"},
        token=_question(pipeline)["token"],
    )

    def status() -> str:
        found = pipeline.list_pipeline_executions(pipelineName="line")["pipelineExecutionSummaries"][0]["status"]
        return "" if found == "InProgress" else str(found)

    assert eventually(status) == "Succeeded"
    versions = [one["VersionId"] for one in s3.list_object_versions(Bucket="kept", Prefix="report")["Versions"]]
    bodies = [s3.get_object(Bucket="kept", Key="report.txt", VersionId=one)["Body"].read() for one in versions]
    assert bodies == [b"the second version", b"the first version"]
    states = live.client("stepfunctions")
    eventually(lambda: states.describe_execution(executionArn=FLOW)["status"] == "SUCCEEDED")
    assert json.loads(states.describe_execution(executionArn=FLOW)["output"]) == {"was": {"from": "before"}}
    assert live.client("secretsmanager").get_secret_value(SecretId="token")["SecretString"] == "the secret of before"
    note = live.client("codecommit").get_file(repositoryName="code", filePath="note.txt")["fileContent"]
    assert note == b"a note of before\n"
    [alarm] = live.client("cloudwatch").describe_alarms(AlarmNames=["high"])["MetricAlarms"]
    assert alarm["Threshold"] == 100


def test_a_state_of_a_later_version_is_refused_in_one_line_and_not_touched(tmp_path: Path) -> None:
    folder = make_earlier(VERSIONS[0], tmp_path / "home")
    with closing(sqlite3.connect(folder.database)) as database:
        database.execute("UPDATE meta SET value = '99' WHERE name = 'schema'")
        database.commit()
        before = list(database.iterdump())
    up = run("up", "--port", "0", home=folder.root)
    assert (up.returncode, up.stdout) == (1, "")
    assert "the data folder has schema 99, this version reads schema" in up.stderr
    assert "use the version that made it, or a later one" in up.stderr and up.stderr.count("\n") == 1
    with closing(sqlite3.connect(folder.database)) as database:
        assert list(database.iterdump()) == before
