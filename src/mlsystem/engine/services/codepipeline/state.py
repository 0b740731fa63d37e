"""GetPipelineState: what each stage and action last did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.services.codepipeline.execution import Execution, Run, RunStatus
from mlsystem.engine.services.codepipeline.pipelines import require_pipeline
from mlsystem.engine.services.codepipeline.stage import get_stage, transition

if TYPE_CHECKING:
    from types_boto3_codepipeline.type_defs import GetPipelineStateInputTypeDef


class PipelineState(Part):
    @operation("GetPipelineState", accepts="name")
    def get(self, request: GetPipelineStateInputTypeDef, call: Call) -> Mapping[str, object]:
        pipeline = require_pipeline(call.tx, request["name"])
        executions = call.tx.all(Execution, parent=pipeline.key, newest_first=True)
        states = []
        for declared in pipeline.declaration["stages"]:
            name = declared["name"]
            stage = get_stage(call.tx, pipeline.key, name)
            entered = [execution for execution in executions if name in execution.stage_status]
            latest = max(entered, key=lambda execution: _entered_at(execution, name), default=None)
            state: dict[str, object] = {
                "stageName": name,
                "inboundTransitionState": transition(stage),
                "actionStates": [_action_state(action["name"], name, latest) for action in declared["actions"]],
            }
            if latest is not None:
                state["latestExecution"] = {"pipelineExecutionId": latest.key, "status": latest.stage_status[name]}
            if stage.waiting:
                waiting = {"pipelineExecutionId": stage.waiting, "status": "InProgress"}
                state["inboundExecution"] = waiting
                state["inboundExecutions"] = [waiting]
            states.append(state)
        return {
            "pipelineName": pipeline.key,
            "pipelineVersion": pipeline.version,
            "stageStates": states,
            "created": datetime.fromtimestamp(pipeline.created_at, UTC),
            "updated": datetime.fromtimestamp(pipeline.updated_at, UTC),
        }


def _entered_at(execution: Execution, stage: str) -> float:
    return max((run.started_at for run in execution.runs if run.stage == stage), default=execution.created_at)


def _action_state(action: str, stage: str, execution: Execution | None) -> dict[str, Any]:
    run = execution.latest(stage, action) if execution else None
    if run is None:
        return {"actionName": action}
    revision = {}
    if run.revision:
        created = datetime.fromtimestamp(run.started_at, UTC)
        identifier = run.revision.get("revisionId", "")
        revision = {"currentRevision": {"revisionId": identifier, "revisionChangeId": identifier, "created": created}}
    return {"actionName": action, "latestExecution": _latest(run), **revision}


def _latest(run: Run) -> dict[str, object]:
    answer: dict[str, object] = {
        "actionExecutionId": run.id,
        "status": str(run.status),
        "lastStatusChange": datetime.fromtimestamp(run.updated_at, UTC),
        "summary": run.summary,
        "externalExecutionId": run.external_id,
        "externalExecutionUrl": run.external_url,
        "lastUpdatedBy": run.updated_by,
        "errorDetails": run.error,
        "token": run.token if run.status is RunStatus.IN_PROGRESS else "",
    }
    return {name: value for name, value in answer.items() if value}
