"""The pipeline as a person sees it: its stages, what waits for a decision, what happened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from mlsystem.client.codepipeline import CodePipeline
from mlsystem.client.connection import Connection
from mlsystem.client.errors import NotFound
from mlsystem.client.project import Project

ENDED = {"Succeeded", "Failed", "Stopped", "Superseded", "Cancelled"}


@dataclass(frozen=True)
class ActionView:
    name: str
    status: str
    summary: str = ""
    error: str = ""
    token: str = ""
    seconds: float | None = None
    external_id: str = ""
    # Of a run in an execution: its kind ("Build", "Approval") and begin.
    category: str = ""
    started: datetime | None = None
    # And who does it ("CodeBuild", "Manual"), with what, what came of it, and who decided on it.
    provider: str = ""
    configuration: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
    # Of the stage's latest execution: when its status changed last.
    changed: datetime | None = None


@dataclass(frozen=True)
class StageView:
    name: str
    status: str
    execution_id: str = ""
    waiting_id: str = ""
    actions: tuple[ActionView, ...] = ()
    # The transition into it; who closed it, when and why.
    is_open: bool = True
    closed_reason: str = ""
    closed_by: str = ""
    closed_at: datetime | None = None


@dataclass(frozen=True)
class ExecutionView:
    id: str
    status: str
    trigger: str
    started: datetime
    updated: datetime
    revisions: dict[str, str] = field(default_factory=dict)
    runs: tuple[ActionView, ...] = ()
    # Of a rollback of a stage: the execution that the stage goes back to.
    back_to: str = ""
    # Who or what began it: an ARN, or what the trigger knows.
    trigger_detail: str = ""
    # By source action: the message of a commit.
    revision_words: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Pipeline:
    """One pipeline. Raises NotFound where it does not exist, ClientFailure where AWS refuses."""

    def __init__(self, connection: Connection, project: Project):
        self._codepipeline = CodePipeline(connection, project.pipeline)
        self.name = project.pipeline

    def start(self) -> str:
        return str(self._codepipeline.ask("start_pipeline_execution", name=self.name)["pipelineExecutionId"])

    def stages(self) -> list[StageView]:
        state = self._codepipeline.ask("get_pipeline_state", name=self.name)
        return [_stage(item) for item in state["stageStates"]]

    def executions(self, limit: int = 20) -> list[ExecutionView]:
        """Newest first."""
        found = self._codepipeline.ask("list_pipeline_executions", pipelineName=self.name, maxResults=limit)
        return [view_of(item) for item in found["pipelineExecutionSummaries"]]

    def newest_run(self) -> ExecutionView:
        """The newest execution that is no rollback of a stage: those come by themselves, after one that failed."""
        return next(item for item in self.executions() if not item.back_to)

    def execution(self, execution_id: str | None = None) -> ExecutionView:
        """With its actions; the newest where none is named."""
        known = self.executions(100)
        wanted = [item for item in known if execution_id in (None, item.id)]
        if not wanted:
            raise NotFound(
                f"the pipeline {self.name} has no execution {execution_id or 'yet'}: `mlsystem history` lists them"
            )
        found = self._codepipeline.ask(
            "list_action_executions",
            pipelineName=self.name,
            filter={"pipelineExecutionId": wanted[0].id},
            maxResults=100,
        )
        runs = tuple(run_of(item) for item in reversed(found["actionExecutionDetails"]))
        return replace(wanted[0], runs=runs)

    def status_of(self, execution_id: str) -> str:
        """One execution's status, without its actions."""
        found = self._codepipeline.ask(
            "get_pipeline_execution", pipelineName=self.name, pipelineExecutionId=execution_id
        )
        return str(found["pipelineExecution"]["status"])

    def waiting_approval(self) -> tuple[StageView, ActionView] | None:
        """The stage and action that wait for a person."""
        for stage in self.stages():
            for action in stage.actions:
                if action.token:
                    return stage, action
        return None

    def decide(self, approved: bool, reason: str) -> str:
        """Approve or reject what waits; the execution that was decided on."""
        waiting = self.waiting_approval()
        if waiting is None:
            raise NotFound(f"nothing in {self.name} waits for approval: `mlsystem status` shows where it stands")
        stage, action = waiting
        result = {"summary": reason, "status": "Approved" if approved else "Rejected"}
        self._codepipeline.ask(
            "put_approval_result",
            pipelineName=self.name,
            stageName=stage.name,
            actionName=action.name,
            result=result,
            token=action.token,
        )
        return stage.execution_id

    def stop(self, execution_id: str, abandon: bool, reason: str) -> None:
        self._codepipeline.ask(
            "stop_pipeline_execution",
            pipelineName=self.name,
            pipelineExecutionId=execution_id,
            abandon=abandon,
            reason=reason,
        )

    def retry(self, everything: bool) -> tuple[str, str]:
        """Retry the stage that failed last; (stage, execution)."""
        failed = [stage for stage in self.stages() if stage.status in ("Failed", "Stopped")]
        if not failed:
            raise NotFound(f"no stage of {self.name} has failed")
        stage = failed[0]
        mode = "ALL_ACTIONS" if everything else "FAILED_ACTIONS"
        self._codepipeline.ask(
            "retry_stage_execution",
            pipelineName=self.name,
            stageName=stage.name,
            pipelineExecutionId=stage.execution_id,
            retryMode=mode,
        )
        return stage.name, stage.execution_id


def _stage(item: dict[str, Any]) -> StageView:
    latest, transition = item.get("latestExecution", {}), item.get("inboundTransitionState", {})
    return StageView(
        name=item["stageName"],
        status=latest.get("status", "-"),
        execution_id=latest.get("pipelineExecutionId", ""),
        waiting_id=item.get("inboundExecution", {}).get("pipelineExecutionId", ""),
        actions=tuple(_action(action) for action in item["actionStates"]),
        is_open=transition.get("enabled", True),
        closed_reason=transition.get("disabledReason", ""),
        closed_by=transition.get("lastChangedBy", ""),
        closed_at=transition.get("lastChangedAt"),
    )


def _action(item: dict[str, Any]) -> ActionView:
    latest = item.get("latestExecution", {})
    return ActionView(
        name=item["actionName"],
        status=latest.get("status", "-"),
        summary=latest.get("summary", ""),
        error=latest.get("errorDetails", {}).get("message", ""),
        token=latest.get("token", ""),
        external_id=latest.get("externalExecutionId", ""),
        changed=latest.get("lastStatusChange"),
    )


def run_of(item: dict[str, Any]) -> ActionView:
    result = item["output"].get("executionResult", {})
    seconds = (item["lastUpdateTime"] - item["startTime"]).total_seconds()
    return ActionView(
        name=f"{item['stageName']}/{item['actionName']}",
        status=item["status"],
        summary=result.get("externalExecutionSummary", ""),
        error=result.get("errorDetails", {}).get("message", ""),
        seconds=seconds,
        external_id=result.get("externalExecutionId", ""),
        category=item["input"]["actionTypeId"]["category"],
        started=item["startTime"],
        provider=item["input"]["actionTypeId"]["provider"],
        configuration=item["input"].get("resolvedConfiguration") or item["input"].get("configuration", {}),
        variables=item["output"].get("outputVariables", {}),
        by=item.get("updatedBy", ""),
        changed=item["lastUpdateTime"],
    )


def view_of(item: dict[str, Any]) -> ExecutionView:
    sources = item.get("sourceRevisions", ())
    revisions = {revision["actionName"]: revision.get("revisionId", "") for revision in sources}
    return ExecutionView(
        id=item["pipelineExecutionId"],
        status=item["status"],
        trigger=item.get("trigger", {}).get("triggerType", ""),
        started=item["startTime"],
        updated=item["lastUpdateTime"],
        revisions=revisions,
        back_to=item.get("rollbackMetadata", {}).get("rollbackTargetPipelineExecutionId", ""),
        trigger_detail=item.get("trigger", {}).get("triggerDetail", ""),
        revision_words={one["actionName"]: message(one.get("revisionSummary", "")) for one in sources},
    )


def message(summary: str) -> str:
    """Of a commit; for a connection's source CodePipeline wraps it into JSON.

    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_SourceRevision.html
    """
    try:
        content = json.loads(summary)
    except ValueError:
        return summary
    return str(content.get("CommitMessage", summary)) if isinstance(content, dict) else summary
