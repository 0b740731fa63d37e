"""Executions: start, describe, list, tell, stop.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import by_creation, read_mark
from mlsystem.engine.decide.retention import STATE_MACHINE_EXECUTIONS
from mlsystem.engine.decide.states import read
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.services.stepfunctions.execution import Execution, ExecutionMachine, Status
from mlsystem.engine.services.stepfunctions.listing import PAGES, when
from mlsystem.engine.services.stepfunctions.redrive import obstacle, redrive_status
from mlsystem.engine.services.stepfunctions.state_machine import (
    check_arn,
    check_name,
    qualified,
    require_state_machine,
    unqualified,
)
from mlsystem.engine.services.stepfunctions.task import Task
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.forgetting import forget_records

if TYPE_CHECKING:
    from types_boto3_stepfunctions.type_defs import (
        DescribeExecutionInputTypeDef,
        GetExecutionHistoryInputTypeDef,
        ListExecutionsInputTypeDef,
        RedriveExecutionInputTypeDef,
        StartExecutionInputTypeDef,
        StopExecutionInputTypeDef,
    )

# Members of history events that hold what an execution worked with.
PAYLOADS = {"input", "output", "parameters"}


def require_execution(tx: Transaction, arn: str) -> Execution:
    check_arn(arn)
    found = tx.get(Execution, arn)
    if found is None:
        raise AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    return found


class Executions(Part):
    """What a client does with executions."""

    def __init__(self, house: House, machine: ExecutionMachine):
        self._house = house
        self._machine = machine

    def tidy(self, now: float) -> None:
        """Executions that ended long ago, and tasks of executions that are gone."""
        since = STATE_MACHINE_EXECUTIONS.since(now)
        forget_records(self._house.database, Execution, since, lambda _, one: (one.stopped_at or now) < since)
        forget_records(self._house.database, Task, since, lambda tx, task: tx.get(Execution, task.execution) is None)

    @operation("StartExecution", accepts="stateMachineArn name input traceHeader")
    def start_execution(self, request: StartExecutionInputTypeDef, call: Call) -> Mapping[str, object]:
        """Safe to repeat while it runs: the same name with the same input is the same execution."""
        run = qualified(call.tx, request["stateMachineArn"], draw=int(self._house.new_id(8), 16) % 100)
        machine = run.machine
        name, text = request.get("name") or str(uuid.uuid4()), request.get("input", "{}")
        _check_input(text)
        check_name(name)
        arn = self._house.scope.arn("states", f"execution:{machine.name}:{name}")
        found = call.tx.get(Execution, arn)
        if found is not None:
            if found.state != Status.RUNNING or found.input != text:
                raise AwsError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
            return {"executionArn": arn, "startDate": when(found.started_at)}
        execution = Execution(
            key=arn,
            parent=machine.key,
            name=name,
            definition=run.definition,
            role_arn=run.role_arn,
            input=text,
            started_at=call.now,
            version_arn=run.version.key if run.version else "",
            alias_arn=run.alias.key if run.alias else "",
        )
        self._house.worker.commit_step(call.tx, execution, self._machine.begin(execution))
        return {"executionArn": arn, "startDate": when(call.now)}

    @operation("StopExecution", accepts="executionArn error cause")
    def stop_execution(self, request: StopExecutionInputTypeDef, call: Call) -> Mapping[str, object]:
        found = require_execution(call.tx, request["executionArn"])
        data = {name: value for name, value in request.items() if name in ("error", "cause")}
        self._house.worker.send(call.tx, Execution, found.key, Event("stop_requested", data))
        return {"stopDate": when(found.stopped_at or call.now)}

    @operation("DescribeExecution", accepts="executionArn includedData")
    def describe(self, request: DescribeExecutionInputTypeDef, call: Call) -> Mapping[str, object]:
        found = require_execution(call.tx, request["executionArn"])
        answer = {
            **_summary(found),
            "input": found.input,
            "inputDetails": {"included": True},
            "output": found.output,
            "outputDetails": None if found.output is None else {"included": True},
            "error": found.error,
            "cause": found.cause,
            **redrive_status(call.tx, found, call.now),
        }
        return {name: value for name, value in answer.items() if value is not None}

    @operation("RedriveExecution", accepts="executionArn clientToken")
    def redrive(self, request: RedriveExecutionInputTypeDef, call: Call) -> Mapping[str, object]:
        """Safe to repeat with the same token."""
        found = require_execution(call.tx, request["executionArn"])
        token = request.get("clientToken", "")
        if token and token == found.redrive_token and found.redriven_at is not None:
            return {"redriveDate": when(found.redriven_at)}
        if reason := obstacle(call.tx, found, call.now):
            raise AwsError("ExecutionNotRedrivable", reason)
        self._house.worker.commit_step(call.tx, found, self._machine.redrive(found, token, call.now))
        return {"redriveDate": when(call.now)}

    @operation("ListExecutions", accepts="stateMachineArn statusFilter redriveFilter maxResults nextToken")
    def list_executions(self, request: ListExecutionsInputTypeDef, call: Call) -> Mapping[str, object]:
        if "stateMachineArn" not in request:
            raise AwsError("ValidationException", "stateMachineArn is required.")
        arn = request["stateMachineArn"]
        machine = require_state_machine(call.tx, unqualified(arn))
        wanted: dict[str, Any] = {"parent": machine.key, "state": request.get("statusFilter"), "newest_first": True}
        found = call.tx.each(Execution, **wanted, after=read_mark(request.get("nextToken")))
        if "redriveFilter" in request or arn != machine.key:
            found = (one for one in found if _is_wanted(one, request))
        return PAGES.page(found, request, "executions", by_creation, _summary, descending=True)

    @operation("GetExecutionHistory", accepts="executionArn maxResults reverseOrder nextToken includeExecutionData")
    def history(self, request: GetExecutionHistoryInputTypeDef, call: Call) -> Mapping[str, object]:
        found = require_execution(call.tx, request["executionArn"])
        lines = call.tx.history(Execution.kind, found.key)
        is_reversed = request.get("reverseOrder", False)
        if is_reversed:
            lines.reverse()
        with_data = request.get("includeExecutionData", True)

        def show(line: tuple[int, float, str, str]) -> Mapping[str, object]:
            return _event(line[2], json.loads(line[3]), with_data)

        return PAGES.page(lines, request, "events", lambda line: (line[0],), show, descending=is_reversed)


def _check_input(text: str) -> None:
    try:
        read(text)
    except ValueError as error:
        raise AwsError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error


def _is_wanted(execution: Execution, request: Mapping[str, Any]) -> bool:
    redriven = "REDRIVEN" if execution.redrive_count else "NOT_REDRIVEN"
    arns = (execution.parent, execution.version_arn, execution.alias_arn)
    return request.get("redriveFilter", redriven) == redriven and request["stateMachineArn"] in arns


def _summary(execution: Execution) -> dict[str, object]:
    summary: dict[str, object] = {
        "executionArn": execution.key,
        "stateMachineArn": execution.parent,
        "name": execution.name,
        "status": execution.state,
        "startDate": when(execution.started_at),
        "redriveCount": execution.redrive_count,
    }
    for member, arn in (
        ("stateMachineVersionArn", execution.version_arn),
        ("stateMachineAliasArn", execution.alias_arn),
    ):
        if arn:
            summary[member] = arn
    if execution.redriven_at is not None:
        summary["redriveDate"] = when(execution.redriven_at)
    return summary | ({"stopDate": when(execution.stopped_at)} if execution.stopped_at is not None else {})


def _event(kind: str, body: Mapping[str, Any], with_data: bool) -> dict[str, object]:
    """A HistoryEvent."""
    details = body["details"]
    if not with_data:
        details = {
            member: {name: value for name, value in inner.items() if name not in PAYLOADS}
            for member, inner in details.items()
        }
    return {
        "timestamp": when(body["at"]),
        "type": kind,
        "id": body["id"],
        "previousEventId": body["previousEventId"],
        **details,
    }
