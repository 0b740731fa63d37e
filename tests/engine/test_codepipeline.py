"""CodePipeline: sources, builds and a person's approval, with the outcome that each of them has."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine, eventually
from tests.roles import role

SPEC = """version: 0.2
env: {exported-variables: [MADE]}
phases:
  build:
    commands:
      - cat note.txt "$CODEBUILD_SRC_DIR_Data/data.txt" > joined.txt
      - echo "revision $CODEBUILD_RESOLVED_SOURCE_VERSION"
      - export MADE="$(cat joined.txt)"
      - test ! -e fail
artifacts: {files: [joined.txt]}
"""


def _action(name: str, category: str, provider: str, order: int = 1, **members: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, "runOrder": order, **members}


_SOURCE = {
    "name": "Source",
    "actions": [_action("Git", "Source", "CodeCommit", outputArtifacts=[{"name": "Git"}])],
}
_CONNECTED = {"name": "Source", "actions": [_action("Git", "Source", "CodeStarSourceConnection")]}
_RELEASE = {"name": "Release", "actions": [_action("Approve", "Approval", "Manual")]}
_TRIGGER = {"providerType": "CodeStarSourceConnection", "gitConfiguration": {"sourceActionName": "Git"}}


class Line:
    """A pipeline with its repository, bucket and build project."""

    def __init__(self, engine: LiveEngine, name: str = ""):
        self.engine = engine
        self.name = name or f"line-{uuid.uuid4().hex[:8]}"

    @property
    def pipeline(self) -> Any:
        return self.engine.client("codepipeline")

    def prepare(self) -> None:
        s3, codecommit = self.engine.client("s3"), self.engine.client("codecommit")
        s3.create_bucket(Bucket=self.name)
        s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        codecommit.create_repository(repositoryName=self.name)
        files = [
            {"filePath": "buildspec.yml", "fileContent": SPEC.encode()},
            {"filePath": "note.txt", "fileContent": b"note "},
        ]
        codecommit.create_commit(repositoryName=self.name, branchName="main", commitMessage="Seed", putFiles=files)
        self.engine.client("codebuild").create_project(
            name=self.name,
            source={"type": "CODEPIPELINE"},
            artifacts={"type": "CODEPIPELINE"},
            environment={"type": "LINUX_CONTAINER", "image": "standard", "computeType": "BUILD_GENERAL1_SMALL"},
            serviceRole=role(self.engine, "builder"),
        )

    def upload(self, text: str) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("data.txt", text)
        self.engine.client("s3").put_object(Bucket=self.name, Key="data.zip", Body=stream.getvalue())

    def create(self) -> str:
        """The id of the execution that the creation starts."""
        stages = [
            {
                "name": "Source",
                "actions": [
                    _action(
                        "Git",
                        "Source",
                        "CodeCommit",
                        configuration={"RepositoryName": self.name, "BranchName": "main"},
                        outputArtifacts=[{"name": "Git"}],
                        namespace="Git",
                    ),
                    _action(
                        "Data",
                        "Source",
                        "S3",
                        configuration={"S3Bucket": self.name, "S3ObjectKey": "data.zip"},
                        outputArtifacts=[{"name": "Data"}],
                    ),
                ],
            },
            {
                "name": "Build",
                "actions": [
                    _action(
                        "Join",
                        "Build",
                        "CodeBuild",
                        configuration={"ProjectName": self.name, "PrimarySource": "Git"},
                        inputArtifacts=[{"name": "Git"}, {"name": "Data"}],
                        outputArtifacts=[{"name": "Joined"}],
                        namespace="Join",
                    ),
                ],
            },
            {
                "name": "Release",
                "actions": [
                    _action("Approve", "Approval", "Manual", configuration={"CustomData": "It says: #{Join.MADE}"}),
                ],
            },
        ]
        self.pipeline.create_pipeline(
            pipeline={
                "name": self.name,
                "roleArn": role(self.engine, "pipeline"),
                "artifactStore": {"type": "S3", "location": self.name},
                "stages": stages,
                "pipelineType": "V2",
                "executionMode": "SUPERSEDED",
            }
        )
        return str(eventually(self.executions)[0]["pipelineExecutionId"])

    def executions(self) -> list[dict[str, Any]]:
        return list(self.pipeline.list_pipeline_executions(pipelineName=self.name)["pipelineExecutionSummaries"])

    def start(self) -> str:
        return str(self.pipeline.start_pipeline_execution(name=self.name)["pipelineExecutionId"])

    def status(self, execution: str) -> str:
        found = self.pipeline.get_pipeline_execution(pipelineName=self.name, pipelineExecutionId=execution)
        return str(found["pipelineExecution"]["status"])

    def ended(self, execution: str) -> str:
        return str(
            eventually(lambda: s if (s := self.status(execution)) not in ("InProgress", "Stopping") else "", timeout=60)
        )

    def approval(self) -> dict[str, Any]:
        """The approval that waits."""

        def waiting() -> Any:
            state = self.pipeline.get_pipeline_state(name=self.name)
            latest = state["stageStates"][2]["actionStates"][0].get("latestExecution", {})
            return latest if "token" in latest else None

        return dict(eventually(waiting, timeout=60))

    def decide(self, status: str, reason: str) -> None:
        self.pipeline.put_approval_result(
            pipelineName=self.name,
            stageName="Release",
            actionName="Approve",
            result={"summary": reason, "status": status},
            token=self.approval()["token"],
        )

    def runs(self, execution: str) -> dict[str, dict[str, Any]]:
        filter_ = {"pipelineExecutionId": execution}
        details = self.pipeline.list_action_executions(pipelineName=self.name, filter=filter_)["actionExecutionDetails"]
        return {detail["actionName"]: detail for detail in reversed(details)}


@pytest.fixture(scope="module")
def prepared(engine: LiveEngine) -> Callable[[], Line]:
    def make() -> Line:
        line = Line(engine)
        line.prepare()
        return line

    return make


def test_an_execution_goes_from_its_sources_to_a_persons_approval(prepared: Callable[[], Line]) -> None:
    line = prepared()
    line.upload("data")
    execution = line.create()
    assert line.approval()["summary"] == "It says: note data"
    line.decide("Approved", "looks right")
    assert line.ended(execution) == "Succeeded"
    runs = line.runs(execution)
    assert [runs[name]["status"] for name in ("Git", "Data", "Join", "Approve")] == ["Succeeded"] * 4
    assert runs["Approve"]["output"]["executionResult"]["externalExecutionSummary"] == "looks right"
    assert runs["Approve"]["updatedBy"].endswith(":root")
    place = runs["Join"]["output"]["outputArtifacts"][0]["s3location"]
    body = line.engine.client("s3").get_object(Bucket=place["bucket"], Key=place["key"])["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.read("joined.txt") == b"note data"
    commit = runs["Git"]["output"]["outputVariables"]["CommitId"]
    build = line.engine.client("codebuild").batch_get_builds(
        ids=[runs["Join"]["output"]["executionResult"]["externalExecutionId"]]
    )
    log = line.engine.client("logs").get_log_events(
        logGroupName=build["builds"][0]["logs"]["groupName"],
        logStreamName=build["builds"][0]["logs"]["streamName"],
        startFromHead=True,
    )
    assert f"revision {commit}" in [event["message"] for event in log["events"]]


def test_a_rejection_fails_the_execution_with_its_reason(prepared: Callable[[], Line]) -> None:
    line = prepared()
    line.upload("data")
    execution = line.create()
    line.decide("Rejected", "the numbers look odd")
    assert line.ended(execution) == "Failed"
    assert "the numbers look odd" in json.dumps(line.runs(execution)["Approve"]["output"])
    codes = {"Approve": "InvalidApprovalTokenException", "Unknown": "ActionNotFoundException"}
    for action, code in codes.items():
        with pytest.raises(ClientError, match=code):
            line.pipeline.put_approval_result(
                pipelineName=line.name,
                stageName="Release",
                actionName=action,
                result={"summary": "after all", "status": "Approved"},
                token=str(uuid.uuid4()),
            )
    with pytest.raises(line.pipeline.exceptions.PipelineVersionNotFoundException):
        line.pipeline.get_pipeline(name=line.name, version=99)


def test_a_missing_source_fails_and_a_retry_goes_on(prepared: Callable[[], Line]) -> None:
    line = prepared()
    execution = line.create()
    assert line.ended(execution) == "Failed"
    runs = line.runs(execution)
    assert runs["Git"]["status"] == "Succeeded"
    assert "does not exist" in runs["Data"]["output"]["executionResult"]["errorDetails"]["message"]
    line.upload("late")
    line.pipeline.retry_stage_execution(
        pipelineName=line.name, stageName="Source", pipelineExecutionId=execution, retryMode="FAILED_ACTIONS"
    )
    assert line.approval()["summary"] == "It says: note late"
    line.pipeline.stop_pipeline_execution(
        pipelineName=line.name, pipelineExecutionId=execution, abandon=True, reason="not today"
    )
    assert line.ended(execution) == "Stopped"
    assert line.runs(execution)["Approve"]["status"] == "Abandoned"


def test_a_failed_build_is_told_with_its_command(prepared: Callable[[], Line]) -> None:
    line = prepared()
    line.upload("data")
    codecommit = line.engine.client("codecommit")
    parent = codecommit.get_branch(repositoryName=line.name, branchName="main")["branch"]["commitId"]
    codecommit.put_file(
        repositoryName=line.name, branchName="main", filePath="fail", fileContent=b"x", parentCommitId=parent
    )
    execution = line.create()
    assert line.ended(execution) == "Failed"
    message = line.runs(execution)["Join"]["output"]["executionResult"]["errorDetails"]["message"]
    assert "test ! -e fail" in message


def test_a_newer_execution_supersedes_the_one_that_waits_before_a_stage(prepared: Callable[[], Line]) -> None:
    line = prepared()
    line.upload("data")
    first = line.create()
    line.approval()
    line.pipeline.disable_stage_transition(
        pipelineName=line.name, stageName="Build", transitionType="Inbound", reason="hold"
    )
    second = line.start()

    def waits(execution: str) -> bool:
        stage = line.pipeline.get_pipeline_state(name=line.name)["stageStates"][1]
        return bool(stage.get("inboundExecution", {}).get("pipelineExecutionId") == execution)

    eventually(lambda: waits(second))
    third = line.start()
    eventually(lambda: waits(third))
    assert line.ended(second) == "Superseded"
    line.pipeline.enable_stage_transition(pipelineName=line.name, stageName="Build", transitionType="Inbound")
    stage = "Release"
    eventually(
        lambda: line.pipeline.get_pipeline_state(name=line.name)["stageStates"][2].get("inboundExecution", {}),
        timeout=60,
    )
    line.decide("Approved", "the first")
    assert line.ended(first) == "Succeeded"
    state = line.pipeline.get_pipeline_state(name=line.name)["stageStates"][2]
    assert state["stageName"] == stage
    line.decide("Approved", "the third")
    assert line.ended(third) == "Succeeded"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"executionMode": "QUEUED"}, "executionMode QUEUED"),
        ({"variables": [{"name": "x"}], "triggers": [_TRIGGER]}, "triggers"),
        ({"stages": [_CONNECTED, _RELEASE], "triggers": [_TRIGGER]}, "a source by a connection to a Git provider"),
        ({"stages": [_SOURCE, {**_RELEASE, "onFailure": {"result": "RETRY"}}]}, "with the result RETRY"),
    ],
)
def test_what_is_not_implemented_is_refused_by_name(engine: LiveEngine, change: dict[str, Any], words: str) -> None:
    declaration = {
        "name": f"line-{uuid.uuid4().hex[:8]}",
        "roleArn": role(engine, "pipeline"),
        "stages": [_SOURCE, _RELEASE],
        **change,
    }
    with pytest.raises(ClientError, match=words):
        engine.client("codepipeline").create_pipeline(pipeline=declaration)


def _with_rollback(line: Line) -> None:
    """The stage Build goes back to its last success when it fails. What ran before ran in an older version of the pipeline."""
    declaration = line.pipeline.get_pipeline(name=line.name)["pipeline"]
    declaration["stages"][1]["onFailure"] = {"result": "ROLLBACK"}
    line.pipeline.update_pipeline(pipeline=declaration)


def _break_build(line: Line) -> None:
    codecommit = line.engine.client("codecommit")
    head = codecommit.get_branch(repositoryName=line.name, branchName="main")["branch"]["commitId"]
    put = [{"filePath": "fail", "fileContent": b"x"}]
    codecommit.create_commit(repositoryName=line.name, branchName="main", parentCommitId=head, putFiles=put)


def test_a_stage_that_fails_goes_back_to_the_last_execution_that_succeeded_in_it(prepared: Callable[[], Line]) -> None:
    line = prepared()
    line.upload("data")
    outdated = line.create()
    line.decide("Approved", "fine")
    assert line.ended(outdated) == "Succeeded"
    _with_rollback(line)
    good = line.start()
    line.decide("Approved", "fine")
    assert line.ended(good) == "Succeeded"
    _break_build(line)
    bad = line.start()
    assert line.ended(bad) == "Failed"

    rollback = eventually(lambda: [e for e in line.executions() if e.get("executionType") == "ROLLBACK"])[0]
    assert line.ended(rollback["pipelineExecutionId"]) == "Succeeded"
    assert rollback["trigger"] == {"triggerType": "AutomatedRollback", "triggerDetail": bad}
    assert rollback["rollbackMetadata"] == {"rollbackTargetPipelineExecutionId": good}
    # That stage alone, with the sources of the other.
    runs = line.runs(rollback["pipelineExecutionId"])
    assert list(runs) == ["Join"]
    assert runs["Join"]["output"]["outputVariables"]["MADE"] == "note data"
    told = line.pipeline.get_pipeline_execution(
        pipelineName=line.name, pipelineExecutionId=rollback["pipelineExecutionId"]
    )["pipelineExecution"]
    before = line.pipeline.get_pipeline_execution(pipelineName=line.name, pipelineExecutionId=good)["pipelineExecution"]
    assert told["artifactRevisions"] == before["artifactRevisions"]
    assert (
        line.pipeline.get_pipeline_state(name=line.name)["stageStates"][1]["latestExecution"]["status"] == "Succeeded"
    )

    # By hand: not to one of another version, not to a rollback, not of the sources.
    for stage, target, code in (
        ("Build", outdated, "PipelineExecutionOutdatedException"),
        ("Build", rollback["pipelineExecutionId"], "UnableToRollbackStageException"),
        ("Source", good, "UnableToRollbackStageException"),
        ("Build", bad, "UnableToRollbackStageException"),
    ):
        with pytest.raises(ClientError) as error:
            line.pipeline.rollback_stage(pipelineName=line.name, stageName=stage, targetPipelineExecutionId=target)
        assert error.value.response["Error"]["Code"] == code
    again = line.pipeline.rollback_stage(pipelineName=line.name, stageName="Build", targetPipelineExecutionId=good)
    assert line.ended(again["pipelineExecutionId"]) == "Succeeded"


def test_without_an_earlier_success_a_failure_stands(prepared: Callable[[], Line]) -> None:
    line = prepared()
    line.upload("data")
    _break_build(line)
    assert line.ended(line.create()) == "Failed"
    _with_rollback(line)
    execution = line.start()
    assert line.ended(execution) == "Failed"
    assert {found.get("executionType") for found in line.executions()} == {"STANDARD"}
    cloudwatch = line.engine.client("cloudwatch")

    def total(metric: str, statistic: str) -> float:
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/CodePipeline",
            MetricName=metric,
            Dimensions=[{"Name": "PipelineName", "Value": line.name}],
            StartTime=datetime.now(UTC) - timedelta(minutes=10),
            EndTime=datetime.now(UTC) + timedelta(minutes=10),
            Period=3600,
            Statistics=[statistic],
        )["Datapoints"]
        return float(sum(point[statistic] for point in points))

    eventually(lambda: total("FailedPipelineExecutions", "Sum") == 2)
    assert total("PipelineDuration", "SampleCount") == 2


def test_an_execution_runs_the_revisions_that_it_is_told(prepared: Callable[[], Line]) -> None:
    line = prepared()
    line.upload("old")
    s3, codecommit = line.engine.client("s3"), line.engine.client("codecommit")
    old = s3.head_object(Bucket=line.name, Key="data.zip")["VersionId"]
    commit = codecommit.get_branch(repositoryName=line.name, branchName="main")["branch"]["commitId"]
    line.upload("new")
    _break_build(line)
    first = line.create()
    assert line.ended(first) == "Failed"
    revisions = [
        {"actionName": "Git", "revisionType": "COMMIT_ID", "revisionValue": commit},
        {"actionName": "Data", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": old},
    ]
    line.pipeline.start_pipeline_execution(name=line.name, sourceRevisions=revisions)
    assert line.approval()["summary"] == "It says: note old"
    built = {"succeededInStage": {"stageName": "Build"}}
    pages = line.pipeline.get_paginator("list_pipeline_executions").paginate(pipelineName=line.name, filter=built)
    succeeded = [one["pipelineExecutionId"] for page in pages for one in page["pipelineExecutionSummaries"]]
    assert len(succeeded) == 1
    assert first not in succeeded
    for name, kind in (("Join", "COMMIT_ID"), ("Git", "S3_OBJECT_VERSION_ID"), ("Data", "S3_OBJECT_KEY")):
        wrong = [{"actionName": name, "revisionType": kind, "revisionValue": "x"}]
        with pytest.raises(ClientError) as error:
            line.pipeline.start_pipeline_execution(name=line.name, sourceRevisions=wrong)
        assert error.value.response["Error"]["Code"] == "ValidationException"


def test_the_types_of_actions_are_listed(engine: LiveEngine) -> None:
    codepipeline = engine.client("codepipeline")
    found = codepipeline.get_paginator("list_action_types").paginate(actionOwnerFilter="AWS").build_full_result()
    build = next(one for one in found["actionTypes"] if one["id"]["provider"] == "CodeBuild")
    assert build["inputArtifactDetails"] == {"minimumCount": 1, "maximumCount": 5}
    assert codepipeline.list_action_types(actionOwnerFilter="Custom")["actionTypes"] == []
