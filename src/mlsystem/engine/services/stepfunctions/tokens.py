"""Task tokens: whoever was given one says how the task ended. https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.states import read
from mlsystem.engine.durable.machine import Event
from mlsystem.engine.services.stepfunctions.execution import Execution
from mlsystem.engine.services.stepfunctions.resource import Pattern, is_activity, resource_of
from mlsystem.engine.services.stepfunctions.task import Task

if TYPE_CHECKING:
    from types_boto3_stepfunctions.type_defs import (
        SendTaskFailureInputTypeDef,
        SendTaskHeartbeatInputTypeDef,
        SendTaskSuccessInputTypeDef,
    )


class Tokens(Part):
    """SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat."""

    def __init__(self, house: House):
        self._house = house

    @operation("SendTaskSuccess", accepts="taskToken output")
    def succeed(self, request: SendTaskSuccessInputTypeDef, call: Call) -> Mapping[str, object]:
        try:
            output = read(request["output"])
        except ValueError as error:
            raise AwsError("InvalidOutput", f"Invalid Output: '{error}'") from error
        self._send(call, request["taskToken"], "task_succeeded", {"output": output})
        return {}

    @operation("SendTaskFailure", accepts="taskToken error cause")
    def fail(self, request: SendTaskFailureInputTypeDef, call: Call) -> Mapping[str, object]:
        data = {name: value for name, value in request.items() if name in ("error", "cause")}
        self._send(call, request["taskToken"], "task_failed", data)
        return {}

    @operation("SendTaskHeartbeat", accepts="taskToken")
    def heartbeat(self, request: SendTaskHeartbeatInputTypeDef, call: Call) -> Mapping[str, object]:
        self._send(call, request["taskToken"], "task_heartbeat", {})
        return {}

    def _send(self, call: Call, token: str, event: str, data: Mapping[str, object]) -> None:
        task = call.tx.get(Task, token)
        if task is None or not _gives_token(task):
            raise AwsError("InvalidToken", "Invalid Token: 'Invalid token'")
        execution = call.tx.get(Execution, task.execution)
        if execution is None or not execution.is_waiting_for(token):
            raise AwsError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        self._house.worker.send(call.tx, Execution, execution.key, Event(event, {"token": token, **data}))


def _gives_token(task: Task) -> bool:
    """Whether somebody else than the engine ends it."""
    return is_activity(task.resource) or resource_of(task.resource).pattern is Pattern.CALLBACK
