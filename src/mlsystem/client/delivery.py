"""The pipeline as it is steered: what stands in each stage and for how long, its executions page by page, and what a person does to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlsystem.client.errors import NotFound
from mlsystem.client.pipeline import ActionView, ExecutionView, Pipeline, StageView, message, run_of, view_of

PAGE = 15
EXECUTION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOT_IN_REASONS = re.compile(r"[^a-zA-Z0-9!@ ().*?-]")
LONGEST_REASON = 300
MOST_ACTIONS = 100  # of an execution, which AWS gives at once


@dataclass(frozen=True)
class ExecutionPage:
    """Newest first; `older` is AWS's token, empty on the last page."""

    executions: tuple[ExecutionView, ...]
    older: str = ""


@dataclass(frozen=True)
class Source:
    """What an execution was made of, by the name of its artifact."""

    name: str
    revision: str
    words: str
    url: str


@dataclass(frozen=True)
class Execution:
    """One in full. `reason` is why it stands as it does, where AWS says so."""

    view: ExecutionView
    reason: str
    sources: tuple[Source, ...]
    variables: Mapping[str, str]


class Delivery(Pipeline):
    """Of one project. Raises NotFound where its pipeline does not exist, ClientFailure where AWS refuses."""

    def board(self) -> list[StageView]:
        """Stages in order; their actions with who does them, since when, and how long they took."""
        declared = self._codepipeline.declared()["stages"]
        stages = self.stages()
        runs = {one: self.runs(one) for one in {stage.execution_id for stage in stages} if one}
        providers = {(stage["name"], action["name"]): action for stage in declared for action in stage["actions"]}
        return [
            replace(
                stage,
                actions=tuple(
                    _complete(stage.name, action, providers, runs.get(stage.execution_id, ()))
                    for action in stage.actions
                ),
            )
            for stage in stages
        ]

    def page(self, token: str = "", size: int = PAGE) -> ExecutionPage:
        more = {"nextToken": token} if token else {}
        found = self._codepipeline.ask("list_pipeline_executions", pipelineName=self.name, maxResults=size, **more)
        return ExecutionPage(
            tuple(view_of(item) for item in found["pipelineExecutionSummaries"]), found.get("nextToken", "")
        )

    def runs(self, execution_id: str) -> tuple[ActionView, ...]:
        """The actions of an execution, in their order."""
        found = self._codepipeline.ask(
            "list_action_executions",
            pipelineName=self.name,
            filter={"pipelineExecutionId": execution_id},
            maxResults=MOST_ACTIONS,
        )
        return tuple(run_of(item) for item in reversed(found["actionExecutionDetails"]))

    def all_runs(self, token: str = "", size: int = MOST_ACTIONS) -> tuple[list[tuple[str, ActionView]], str]:
        """Of all executions, newest first, each with its execution's id; and the token of the next page."""
        more = {"nextToken": token} if token else {}
        found = self._codepipeline.ask("list_action_executions", pipelineName=self.name, maxResults=size, **more)
        runs = [(item["pipelineExecutionId"], run_of(item)) for item in found["actionExecutionDetails"]]
        return runs, found.get("nextToken", "")

    def in_full(self, execution_id: str) -> Execution:
        """Raises NotFound."""
        if not EXECUTION_ID.fullmatch(execution_id):
            raise NotFound(f"{execution_id} is no execution's id: `mlsystem history` lists those there are")
        asked = {"pipelineName": self.name, "pipelineExecutionId": execution_id}
        found = self._codepipeline.ask("get_pipeline_execution", **asked)["pipelineExecution"]
        runs = self.runs(execution_id)
        if not runs:
            raise NotFound(f"the execution {execution_id} has not begun yet: look again in a moment")
        started = min(run.started for run in runs if run.started)
        updated = max(run.changed for run in runs if run.changed)
        revisions = found.get("artifactRevisions", ())
        return Execution(
            replace(view_of({**found, "startTime": started, "lastUpdateTime": updated}), runs=runs),
            found.get("statusSummary", ""),
            tuple(_source(item) for item in revisions),
            {item["name"]: item["resolvedValue"] for item in found.get("variables", ())},
        )

    # ------------------------------------------------------------------ steering
    def retry_stage(self, stage: str, execution_id: str, everything: bool) -> None:
        """Of an execution that failed there, or was stopped."""
        mode = "ALL_ACTIONS" if everything else "FAILED_ACTIONS"
        asked = {"pipelineName": self.name, "stageName": stage, "pipelineExecutionId": execution_id}
        self._codepipeline.ask("retry_stage_execution", **asked, retryMode=mode)

    def roll_back_stage(self, stage: str, to: str) -> str:
        """To what an earlier execution brought; the execution that does it."""
        asked = {"pipelineName": self.name, "stageName": stage, "targetPipelineExecutionId": to}
        return str(self._codepipeline.ask("rollback_stage", **asked)["pipelineExecutionId"])

    def open(self, stage: str) -> None:
        """Let executions into a stage again."""
        self._codepipeline.ask(
            "enable_stage_transition", pipelineName=self.name, stageName=stage, transitionType="Inbound"
        )

    def close(self, stage: str, reason: str) -> None:
        """Executions wait before the stage until it is opened. What AWS takes in no reason becomes a space.

        https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_DisableStageTransition.html
        """
        asked = {"pipelineName": self.name, "stageName": stage, "transitionType": "Inbound"}
        self._codepipeline.ask(
            "disable_stage_transition", **asked, reason=NOT_IN_REASONS.sub(" ", reason)[:LONGEST_REASON]
        )


def _complete(
    stage: str,
    action: ActionView,
    declared: Mapping[tuple[str, str], Mapping[str, Any]],
    runs: Sequence[ActionView],
) -> ActionView:
    """With what the declaration and the record of its last run know of it."""
    told = declared.get((stage, action.name), {"actionTypeId": {"provider": "", "category": ""}})
    run = next((one for one in reversed(runs) if one.name == f"{stage}/{action.name}"), None)
    kind = told["actionTypeId"]
    complete = replace(
        action,
        provider=kind["provider"],
        category=kind["category"],
        configuration=told.get("configuration", {}),
    )
    if run is None:
        return complete
    return replace(complete, seconds=run.seconds, started=run.started, configuration=run.configuration, by=run.by)


def _source(item: Mapping[str, Any]) -> Source:
    words = message(item.get("revisionSummary", ""))
    return Source(item["name"], item.get("revisionId", ""), words, item.get("revisionUrl", ""))
