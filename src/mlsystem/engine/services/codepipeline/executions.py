"""Executions: start, stop, retry, approve; and what is told of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, Principal, operation
from mlsystem.engine.decide.arn import parse_arn
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_creation, read_mark
from mlsystem.engine.decide.retention import PIPELINE_EXECUTIONS
from mlsystem.engine.durable.machine import Event, Json
from mlsystem.engine.durable.racepoint import race_point
from mlsystem.engine.durable.worker import NoticeHandler
from mlsystem.engine.services.codepipeline.execution import Execution, ExecutionMachine, RunStatus, Status
from mlsystem.engine.services.codepipeline.pipelines import PAGES, Pipeline, require_pipeline, require_stage
from mlsystem.engine.services.codepipeline.rollbacks import told_kind
from mlsystem.engine.services.codepipeline.source_revisions import source_revisions
from mlsystem.engine.services.codepipeline.stage import Stage
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.forgetting import forget_records

if TYPE_CHECKING:
    from types_boto3_codepipeline.type_defs import (
        GetPipelineExecutionInputTypeDef,
        ListActionExecutionsInputTypeDef,
        ListPipelineExecutionsInputTypeDef,
        PutApprovalResultInputTypeDef,
        PutJobFailureResultInputTypeDef,
        PutJobSuccessResultInputTypeDef,
        RetryStageExecutionInputTypeDef,
        StartPipelineExecutionInputTypeDef,
        StopPipelineExecutionInputTypeDef,
    )

# What a summary tells of a source's revision.
TOLD = ("revisionId", "revisionSummary")
# Between the two numbers of a token.


def require_execution(tx: Transaction, pipeline: str, execution_id: str) -> Execution:
    require_pipeline(tx, pipeline)
    execution = tx.get(Execution, execution_id)
    if execution is None or execution.parent != pipeline:
        raise AwsError("PipelineExecutionNotFoundException", f"Pipeline '{pipeline}' has no execution '{execution_id}'")
    return execution


def _is_told_of(tx: Transaction, execution: Execution) -> bool:
    stages = tx.all(Stage, parent=execution.parent)
    good = next(tx.each(Execution, parent=execution.parent, state=Status.SUCCEEDED, newest_first=True, limit=1), None)
    known = {key for stage in stages for key in (stage.holder, stage.waiting, stage.latest)}
    return execution.key in known or (good is not None and good.key == execution.key)


class Executions(Part):
    """What a client does with executions."""

    def __init__(self, house: House, machine: ExecutionMachine):
        self._house = house
        self._machine = machine

    def tidy(self, now: float) -> None:
        """A stage tells of the execution that entered it last, and the last good one can be gone back to."""
        since = PIPELINE_EXECUTIONS.since(now)
        forget_records(
            self._house.database, Execution, since, lambda tx, one: one.has_ended and not _is_told_of(tx, one)
        )

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"codepipeline.pipeline.created": self._on_created}

    def _on_created(self, tx: Transaction, topic: str, data: Json) -> None:
        pipeline = tx.get(Pipeline, data["name"])
        if pipeline is not None:
            self._start(tx, pipeline, str(uuid.uuid4()), {"triggerType": "CreatePipeline"})

    def _start(
        self, tx: Transaction, pipeline: Pipeline, execution_id: str, trigger: dict[str, str], **members: Any
    ) -> None:
        execution = tx.add(
            Execution(
                key=execution_id,
                parent=pipeline.key,
                definition={**pipeline.declaration, "arn": pipeline.arn},
                trigger=trigger,
                **members,
            )
        )
        self._house.worker.commit_step(tx, execution, self._machine.begin(execution))

    @operation("StartPipelineExecution", accepts="name variables clientRequestToken sourceRevisions")
    def start_execution(self, request: StartPipelineExecutionInputTypeDef, call: Call) -> Mapping[str, object]:
        """The token makes it one: an event that is delivered twice starts one execution."""
        pipeline = require_pipeline(call.tx, request["name"])
        token = request.get("clientRequestToken")
        execution_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{pipeline.arn}/{token}") if token else uuid.uuid4())
        if call.tx.get(Execution, execution_id) is None:
            given = {item["name"]: item["value"] for item in request.get("variables", ())}
            members = {
                "variables": _variables(pipeline, given),
                "source_revisions": source_revisions(pipeline.declaration, request.get("sourceRevisions", ())),
            }
            self._start(call.tx, pipeline, execution_id, _trigger(call.principal), **members)
        return {"pipelineExecutionId": execution_id}

    @operation("StopPipelineExecution", accepts="pipelineName pipelineExecutionId abandon reason")
    def stop_execution(self, request: StopPipelineExecutionInputTypeDef, call: Call) -> Mapping[str, object]:
        execution = require_execution(call.tx, request["pipelineName"], request["pipelineExecutionId"])
        if execution.state != Status.IN_PROGRESS:
            raise AwsError(
                "PipelineExecutionNotStoppableException",
                f"The execution {execution.key} is {execution.state}: only one in progress can be stopped.",
            )
        data = {"abandon": request.get("abandon", False), "reason": request.get("reason", "")}
        self._house.worker.send(call.tx, Execution, execution.key, Event("stop_requested", data))
        return {"pipelineExecutionId": execution.key}

    @operation("RetryStageExecution", accepts="pipelineName stageName pipelineExecutionId retryMode")
    def retry(self, request: RetryStageExecutionInputTypeDef, call: Call) -> Mapping[str, object]:
        require_stage(require_pipeline(call.tx, request["pipelineName"]), request["stageName"])
        execution = require_execution(call.tx, request["pipelineName"], request["pipelineExecutionId"])
        if execution.stage_name != request["stageName"] or execution.state not in (Status.FAILED, Status.STOPPED):
            raise AwsError(
                "StageNotRetryableException",
                f"The execution {execution.key} is {execution.state} in {execution.stage_name}: only a stage that failed or was "
                "stopped can be retried.",
            )
        data = {"all": request["retryMode"] == "ALL_ACTIONS"}
        self._house.worker.send(call.tx, Execution, execution.key, Event("retry_requested", data))
        return {"pipelineExecutionId": execution.key}

    @operation("PutApprovalResult", accepts="pipelineName stageName actionName result token")
    def put_approval(self, request: PutApprovalResultInputTypeDef, call: Call) -> Mapping[str, object]:
        pipeline = require_pipeline(call.tx, request["pipelineName"])
        stage = require_stage(pipeline, request["stageName"])
        if request["actionName"] not in [action["name"] for action in stage["actions"]]:
            message = f"The stage '{stage['name']}' does not have an action named '{request['actionName']}'"
            raise AwsError("ActionNotFoundException", message)
        found = (
            (execution, run)
            for execution in call.tx.each(Execution, parent=pipeline.key, newest_first=True)
            for run in reversed(execution.own_runs)
            if (run.stage, run.action) == (request["stageName"], request["actionName"])
            and run.token == request["token"]
        )
        decided = next(found, None)
        if decided is None:
            raise AwsError(
                "InvalidApprovalTokenException", f"The approval token of {request['actionName']} is not valid."
            )
        execution, run = decided
        if run.status is not RunStatus.IN_PROGRESS:
            raise AwsError(
                "ApprovalAlreadyCompletedException", f"{request['actionName']} was already decided: {run.summary}"
            )
        result = request["result"]
        approved = result["status"] == "Approved"
        data = {
            "run": run.id,
            "status": "Succeeded" if approved else "Failed",
            "summary": result["summary"],
            "updated_by": call.principal.arn,
            "error": {} if approved else {"code": "ApprovalRejected", "message": f"Rejected: {result['summary']}"},
        }
        self._house.worker.send(call.tx, Execution, execution.key, Event("action_ended", data))
        race_point("codepipeline.PutApprovalResult.before_commit")
        call.tx.after_commit(lambda: race_point("codepipeline.PutApprovalResult.after_commit"))
        return {"approvedAt": datetime.fromtimestamp(call.now, UTC)}

    @operation("PutJobSuccessResult", accepts="jobId currentRevision executionDetails outputVariables")
    def put_success(self, request: PutJobSuccessResultInputTypeDef, call: Call) -> Mapping[str, object]:
        summary = request.get("executionDetails", {}).get("summary", "")
        data = {"status": "Succeeded", "summary": summary, "variables": dict(request.get("outputVariables", {}))}
        self._end_job(request["jobId"], data, call)
        return {}

    @operation("PutJobFailureResult", accepts="jobId failureDetails")
    def put_failure(self, request: PutJobFailureResultInputTypeDef, call: Call) -> Mapping[str, object]:
        details = request["failureDetails"]
        error = {"code": details["type"], "message": details["message"]}
        self._end_job(request["jobId"], {"status": "Failed", "error": error}, call)
        return {}

    def _end_job(self, job_id: str, data: dict[str, Any], call: Call) -> None:
        runs = (
            (execution.key, run.id)
            for execution in call.tx.each(Execution, newest_first=True)
            for run in execution.own_runs
            if job_id in (run.external_id, job_uuid(run.id))
        )
        found = next(runs, None)
        if found is not None:
            self._house.worker.send(call.tx, Execution, found[0], Event("action_ended", {"run": found[1], **data}))
            return
        raise AwsError("JobNotFoundException", f"There is no job {job_id}.")

    # ------------------------------------------------------------------ told
    @operation("GetPipelineExecution", accepts="pipelineName pipelineExecutionId")
    def get_execution(self, request: GetPipelineExecutionInputTypeDef, call: Call) -> Mapping[str, object]:
        execution = require_execution(call.tx, request["pipelineName"], request["pipelineExecutionId"])
        revisions = [
            {"name": artifact, **{name: value for name, value in run.revision.items() if value}}
            for run in execution.runs
            if run.revision
            for artifact in run.artifacts
        ]
        return {
            "pipelineExecution": {
                "pipelineName": execution.parent,
                "pipelineVersion": execution.definition["version"],
                "pipelineExecutionId": execution.key,
                "status": execution.state,
                "statusSummary": execution.reason,
                "artifactRevisions": revisions,
                "trigger": execution.trigger,
                "variables": [{"name": name, "resolvedValue": value} for name, value in execution.variables.items()],
                "executionMode": "SUPERSEDED",
                **told_kind(execution),
            }
        }

    @operation("ListPipelineExecutions", accepts="pipelineName filter maxResults nextToken")
    def list_executions(self, request: ListPipelineExecutionsInputTypeDef, call: Call) -> Mapping[str, object]:
        pipeline = require_pipeline(call.tx, request["pipelineName"])
        last = read_mark(request.get("nextToken"))
        found = call.tx.each(Execution, parent=pipeline.key, newest_first=True, after=last)
        stage = request.get("filter", {}).get("succeededInStage", {}).get("stageName")
        if stage is not None:
            require_stage(pipeline, stage)
            found = (one for one in found if _has_succeeded(one, pipeline, stage))
        return PAGES.page(found, request, "pipelineExecutionSummaries", by_creation, _summary, descending=True)

    @operation("ListActionExecutions", accepts="pipelineName filter maxResults nextToken")
    def list_actions(self, request: ListActionExecutionsInputTypeDef, call: Call) -> Mapping[str, object]:
        require_pipeline(call.tx, request["pipelineName"])
        wanted = request.get("filter", {}).get("pipelineExecutionId")
        last = read_mark(request.get("nextToken"))
        # The runs of an execution, of which some were told, come behind its own mark.
        begins_with = wanted or (str(last[1]) if last is not None else "")
        begun = call.tx.get(Execution, begins_with)
        executions = [] if begun is None or begun.parent != request["pipelineName"] else [begun]
        if wanted is None:
            rest = call.tx.each(Execution, parent=request["pipelineName"], newest_first=True, after=last and last[:2])
        else:
            rest = iter(())
        runs = (
            (execution, place)
            for execution in chain(executions, rest)
            for place in reversed(range(len(execution.own_runs)))
        )
        return PAGES.page(
            runs,
            request,
            "actionExecutionDetails",
            lambda one: (*by_creation(one[0]), one[1]),
            lambda one: _action_detail(one[0], one[0].own_runs[one[1]]),
            descending=True,
        )


def _has_succeeded(execution: Execution, pipeline: Pipeline, stage: str) -> bool:
    """In a stage, as the pipeline is now."""
    is_current = execution.definition["version"] == pipeline.version
    return is_current and execution.stage_status.get(stage) == Status.SUCCEEDED


def job_uuid(run_id: str) -> str:
    """The id of the job that a Lambda action's function is given."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, run_id))


def _trigger(principal: Principal) -> dict[str, str]:
    """An event starts it in the name of its rule, anybody else in their own."""
    if principal.source_arn and parse_arn(principal.source_arn).service == "events":
        return {"triggerType": "CloudWatchEvent", "triggerDetail": principal.source_arn}
    return {"triggerType": "StartPipelineExecution", "triggerDetail": principal.arn}


def _variables(pipeline: Pipeline, given: Mapping[str, str]) -> dict[str, str]:
    declared = {item["name"]: item.get("defaultValue") for item in pipeline.declaration.get("variables", ())}
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise AwsError("ValidationException", f"The pipeline has no variable {unknown[0]}.")
    values = {**declared, **given}
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        raise AwsError("ValidationException", f"The variable {missing[0]} has no value and no default.")
    return {name: str(value) for name, value in values.items()}


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _summary(execution: Execution) -> dict[str, object]:
    revisions = [
        {"actionName": run.action, **{name: run.revision[name] for name in TOLD if run.revision.get(name)}}
        for run in execution.runs
        if run.revision
    ]
    return {
        "pipelineExecutionId": execution.key,
        "status": execution.state,
        "startTime": _when(execution.created_at),
        "lastUpdateTime": _when(execution.updated_at),
        "sourceRevisions": revisions,
        "trigger": execution.trigger,
        "executionMode": "SUPERSEDED",
        **told_kind(execution),
    }


def _action_detail(execution: Execution, run: Any) -> dict[str, object]:
    action = execution.action(run.stage, run.action)
    places = execution.artifacts
    inputs = [
        {"name": item["name"], "s3location": {"bucket": places[item["name"]][0], "key": places[item["name"]][1]}}
        for item in action.get("inputArtifacts", ())
        if item["name"] in places
    ]
    outputs = [
        {"name": name, "s3location": {"bucket": place[0], "key": place[1]}} for name, place in run.artifacts.items()
    ]
    result = {
        "externalExecutionId": run.external_id,
        "externalExecutionSummary": run.summary,
        "errorDetails": run.error,
    }
    namespace = {"namespace": action["namespace"]} if "namespace" in action else {}
    return {
        "pipelineExecutionId": execution.key,
        "actionExecutionId": run.id,
        "pipelineVersion": execution.definition["version"],
        "stageName": run.stage,
        "actionName": run.action,
        "startTime": _when(run.started_at),
        "lastUpdateTime": _when(run.updated_at),
        "updatedBy": run.updated_by,
        "status": str(run.status),
        "input": {
            "actionTypeId": action["actionTypeId"],
            "configuration": action.get("configuration", {}),
            "resolvedConfiguration": run.configuration,
            "inputArtifacts": inputs,
            **namespace,
        },
        "output": {
            "outputArtifacts": outputs,
            "outputVariables": run.variables,
            "executionResult": {name: value for name, value in result.items() if value},
        },
    }
