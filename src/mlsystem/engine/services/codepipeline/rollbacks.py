"""Rollbacks of a stage: another execution goes through it, with the sources, variables and artifacts of one that succeeded there.

It goes through that stage alone. A rollback that fails is not rolled back itself, and none goes back to a rollback.
https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Json
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.codepipeline.execution import Execution, ExecutionMachine, Status
from mlsystem.engine.services.codepipeline.pipelines import Pipeline, require_pipeline, require_stage
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_codepipeline.type_defs import RollbackStageInputTypeDef


class Rollbacks(Part):
    """RollbackStage, and what a stage with `onFailure: ROLLBACK` does by itself."""

    def __init__(self, house: House, machine: ExecutionMachine):
        self._house = house
        self._machine = machine

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"codepipeline.stage.rollback_wanted": self._on_wanted}

    def _on_wanted(self, tx: Transaction, topic: str, data: Json) -> None:
        """To the most recent execution that can be gone back to; without one the failure stands."""
        pipeline = tx.get(Pipeline, data["pipeline"])
        if pipeline is None:
            return
        executions = tx.all(Execution, parent=pipeline.key, newest_first=True)
        target = next((one for one in executions if _why_not(pipeline, one, data["stage"]) is None), None)
        rollback = str(uuid.uuid5(uuid.NAMESPACE_OID, f"rollback/{data['execution']}/{data['stage']}"))
        if target is not None and tx.get(Execution, rollback) is None:
            trigger = {"triggerType": "AutomatedRollback", "triggerDetail": data["execution"]}
            self._start(tx, rollback, target, data["stage"], trigger)

    @operation("RollbackStage", accepts="pipelineName stageName targetPipelineExecutionId")
    def roll_back(self, request: RollbackStageInputTypeDef, call: Call) -> Mapping[str, object]:
        pipeline = require_pipeline(call.tx, request["pipelineName"])
        stage = str(require_stage(pipeline, request["stageName"])["name"])
        target = call.tx.get(Execution, request["targetPipelineExecutionId"])
        if target is None or target.parent != pipeline.key:
            raise AwsError("PipelineExecutionNotFoundException", f"Pipeline '{pipeline.key}' has no such execution")
        if stage == pipeline.declaration["stages"][0]["name"]:
            raise AwsError("UnableToRollbackStageException", f"{stage} is the source stage: it cannot be rolled back.")
        if target.definition["version"] != pipeline.version:
            raise AwsError("PipelineExecutionOutdatedException", _outdated(target, pipeline))
        reason = _why_not(pipeline, target, stage)
        if reason is not None:
            raise AwsError("UnableToRollbackStageException", reason)
        rollback = str(uuid.uuid4())
        self._start(
            call.tx, rollback, target, stage, {"triggerType": "ManualRollback", "triggerDetail": call.principal.arn}
        )
        return {"pipelineExecutionId": rollback}

    def _start(self, tx: Transaction, key: str, target: Execution, stage: str, trigger: dict[str, str]) -> None:
        names = [str(declared["name"]) for declared in target.stages]
        index = names.index(stage)
        execution = tx.add(
            Execution(
                key=key,
                parent=target.parent,
                definition=target.definition,
                trigger=trigger,
                variables=target.variables,
                stage=index,
                runs=tuple(run for run in target.runs if run.stage in names[:index]),
                rollback_of=target.key,
            )
        )
        self._house.worker.commit_step(tx, execution, self._machine.begin(execution))


def told_kind(execution: Execution) -> dict[str, object]:
    """Of GetPipelineExecution and ListPipelineExecutions."""
    if not execution.rollback_of:
        return {"executionType": "STANDARD"}
    metadata = {"rollbackTargetPipelineExecutionId": execution.rollback_of}
    return {"executionType": "ROLLBACK", "rollbackMetadata": metadata}


def _why_not(pipeline: Pipeline, target: Execution, stage: str) -> str | None:
    """Why a stage cannot go back to an execution."""
    if target.rollback_of:
        return f"The execution {target.key} is a rollback itself."
    if target.stage_status.get(stage) != Status.SUCCEEDED:
        return f"The execution {target.key} did not succeed in {stage}."
    return None if target.definition["version"] == pipeline.version else _outdated(target, pipeline)


def _outdated(target: Execution, pipeline: Pipeline) -> str:
    ran_in = target.definition["version"]
    return (
        f"The execution {target.key} ran in version {ran_in} of the pipeline, which has version {pipeline.version} now."
    )
