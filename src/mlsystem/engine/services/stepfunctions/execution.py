"""An execution: a record around the interpreter's state.

What the States Language decides is `decide/states`; here its steps become rows, timers and actions that commit together. A task's key is
its token, which is the same whenever a step is decided again.
"""

from __future__ import annotations

import json
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.decide import states
from mlsystem.engine.durable import machine as durable
from mlsystem.engine.durable.machine import Entry, Event, Notice, Step
from mlsystem.engine.store.records import Record


class Status(StrEnum):
    """AWS's execution statuses."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"  # somebody stopped it


class Execution(Record):
    """`key` is the ARN, `parent` the state machine's. `interpreter` is the state that `decide/states` gave last.

    The definition and the role are those of the start: an update of the machine does not touch executions under way.
    """

    kind: ClassVar[str] = "stepfunctions.execution"
    name: str
    definition: str
    role_arn: str
    input: str
    started_at: float
    interpreter: dict[str, Any] = Field(default_factory=dict)
    stopped_at: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    redrive_token: str = ""
    # Where it was started by the ARN of a version or of an alias.
    version_arn: str = ""
    alias_arn: str = ""

    @property
    def redrive_count(self) -> int:
        return int(self.interpreter.get("redrive_count", 0))

    @property
    def redriven_at(self) -> float | None:
        return self.interpreter.get("redriven_at")

    def is_waiting_for(self, token: str) -> bool:
        """Whether the task of this token has not ended."""
        return token in self.interpreter.get("tokens", {})


@lru_cache(maxsize=128)
def _parsed(definition: str) -> states.StateMachine:
    return states.parse(definition)


class ExecutionMachine:
    """Takes `timer`, `task_submitted`, `task_succeeded`, `task_failed`, `activity_started`, `task_heartbeat`,
    `stop_requested` and `action_failed`.
    """

    model = Execution

    def begin(self, execution: Execution) -> Step[Execution]:
        """The step that starts an execution, at its `started_at`."""
        context = states.Context(
            execution_arn=execution.key,
            name=execution.name,
            role_arn=execution.role_arn,
            start_time=execution.started_at,
            state_machine_arn=execution.parent,
            state_machine_name=execution.parent.rsplit(":", 1)[-1],
        )
        step = states.begin(_parsed(execution.definition), json.loads(execution.input), context)
        begun = execution.changed(state=Status.RUNNING)
        return _durable(begun, step, execution.started_at, (_status_event(begun),))

    def redrive(self, execution: Execution, token: str, at: float) -> Step[Execution]:
        """The step that goes on with one that has ended without success."""
        step = states.redrive(_parsed(execution.definition), execution.interpreter, at)
        running = execution.changed(
            state=Status.RUNNING, stopped_at=None, error=None, cause=None, redrive_token=token, interpreter=step.state
        )
        return _durable(running, step, at, (_status_event(running),))

    def advance(self, record: Execution, event: Event, at: float) -> Step[Execution]:
        if record.state != Status.RUNNING:
            return Step(record)
        step = states.advance(_parsed(record.definition), record.interpreter, _language_event(event, at))
        return _durable(record, step, at)


def _language_event(event: Event, at: float) -> states.Event:
    data = event.data
    match event.name:
        case "timer":
            return states.TimerFired(data["timer"], at)
        case "task_submitted":
            return states.TaskSubmitted(data["token"], data["output"], at)
        case "task_succeeded":
            return states.TaskSucceeded(data["token"], data["output"], at)
        case "task_failed":
            return states.TaskFailed(data["token"], data.get("error"), data.get("cause"), at)
        case "action_failed":
            return states.TaskFailed(data["token"], data["code"], data["reason"], at)
        case "activity_started":
            return states.ActivityStarted(data["token"], at, data["worker"])
        case "task_heartbeat":
            return states.TaskHeartbeat(data["token"], at)
        case "stop_requested":
            return states.Stop(at, data.get("error"), data.get("cause"))
        case _:
            raise ValueError(f"an execution knows no event {event.name}")


def _durable(record: Execution, step: states.Step, at: float, notices: tuple[Notice, ...] = ()) -> Step[Execution]:
    """The interpreter's step in the words of the worker."""
    changed = _ended(record, step.outcome, at).changed(interpreter=step.state)
    actions: list[durable.Action] = []
    timers: list[durable.SetTimer | durable.CancelTimer] = []
    for action in step.actions:
        match action:
            case states.StartTask():
                actions.append(_start(action))
            case states.CancelTask():
                # The same lane: what is being started is started before it is cancelled.
                data = {"token": action.token}
                actions.append(durable.Action("stepfunctions.cancel_task", action.token, data, _lane(action.token)))
            case states.SetTimer():
                timers.append(durable.SetTimer(action.key, action.after_seconds, action.at))
            case states.CancelTimer():
                timers.append(durable.CancelTimer(action.key))
    history = tuple(Entry(one.type, _entry(one)) for one in step.history)
    if changed.state != Status.RUNNING:
        ended = Notice("stepfunctions.execution.ended", {"arn": changed.key, "status": changed.state})
        notices = (*notices, ended, _status_event(changed))
    return Step(changed, tuple(actions), tuple(timers), notices, history)


def _start(task: states.StartTask) -> durable.Action:
    data = {
        "token": task.token,
        "resource": task.resource,
        "parameters": task.parameters,
        "credentials": task.credentials,
    }
    return durable.Action("stepfunctions.start_task", task.token, data, lane=_lane(task.token))


def _lane(token: str) -> str:
    return f"stepfunctions.task/{token}"


def _entry(event: states.HistoryEvent) -> dict[str, Any]:
    return {"id": event.id, "previousEventId": event.previous_event_id, "at": event.at, "details": dict(event.details)}


def _ended(record: Execution, outcome: states.Outcome | None, at: float) -> Execution:
    match outcome:
        case None:
            return record
        case states.Succeeded(output):
            return record.changed(state=Status.SUCCEEDED, stopped_at=at, output=json.dumps(output))
        case states.Failed(error, cause):
            return record.changed(state=Status.FAILED, stopped_at=at, error=error, cause=cause)
        case states.TimedOut():
            return record.changed(state=Status.TIMED_OUT, stopped_at=at, error="States.Timeout")
        case states.Aborted(error, cause):
            return record.changed(state=Status.ABORTED, stopped_at=at, error=error, cause=cause)


def _status_event(execution: Execution) -> Notice:
    """https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html"""
    detail: dict[str, Any] = {
        "executionArn": execution.key,
        "stateMachineArn": execution.parent,
        "name": execution.name,
        "status": execution.state,
        "startDate": int(execution.started_at * 1000),
        "stopDate": None if execution.stopped_at is None else int(execution.stopped_at * 1000),
        "input": execution.input,
        "output": execution.output,
        "inputDetails": {"included": True},
        "outputDetails": None if execution.output is None else {"included": True},
        "error": execution.error,
        "cause": execution.cause,
        "redriveCount": execution.redrive_count,
        "redriveDate": None if execution.redriven_at is None else int(execution.redriven_at * 1000),
    }
    data = {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "resources": [execution.key],
        "detail": detail,
    }
    return Notice("aws.event", data)
