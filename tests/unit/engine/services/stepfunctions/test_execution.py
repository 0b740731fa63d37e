"""How an execution's steps become rows, timers and actions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsystem.engine.durable.machine import CancelTimer, Event, SetTimer, Step
from mlsystem.engine.services.stepfunctions.execution import Execution, ExecutionMachine, Status

MACHINE = ExecutionMachine()
JOB = "arn:aws:states:::sagemaker:createProcessingJob.sync"


def _begin(states: dict[str, Any]) -> Step[Execution]:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    execution = Execution(
        key="arn:aws:states:us-east-1:000000000000:execution:m:e",
        parent="arn:aws:states:us-east-1:000000000000:stateMachine:m",
        name="e",
        definition=definition,
        role_arn="arn:aws:iam::000000000000:role/r",
        input="{}",
        started_at=1000.0,
    )
    return MACHINE.begin(execution)


def _record(step: Step[Execution]) -> Execution:
    assert step.record is not None
    return step.record


def _task() -> Step[Execution]:
    return _begin({"Job": {"Type": "Task", "Resource": JOB, "TimeoutSeconds": 60, "End": True}})


def test_a_task_is_started_with_its_timer_in_one_step() -> None:
    step = _task()
    [action] = step.actions
    assert (action.name, action.data["resource"]) == ("stepfunctions.start_task", JOB)
    assert _record(step).is_waiting_for(action.data["token"])
    [timer] = step.timers
    assert isinstance(timer, SetTimer)
    assert timer.after_seconds == 60
    assert [notice.data["detail"]["status"] for notice in step.notices] == ["RUNNING"]


@pytest.mark.parametrize(
    ("event", "data", "status"),
    [
        ("task_succeeded", {"output": {"a": 1}}, Status.SUCCEEDED),
        ("task_failed", {"error": "Broken", "cause": "why"}, Status.FAILED),
        ("action_failed", {"code": "Broken", "reason": "why"}, Status.FAILED),
    ],
)
def test_the_end_of_the_task_ends_the_execution_and_is_told(event: str, data: dict[str, Any], status: Status) -> None:
    begun = _task()
    token = begun.actions[0].data["token"]
    step = MACHINE.advance(_record(begun), Event(event, {"token": token, **data}), 1010.0)
    ended = _record(step)
    assert (ended.state, ended.stopped_at) == (status, 1010.0)
    assert (ended.error, ended.cause) == ((None, None) if status is Status.SUCCEEDED else ("Broken", "why"))
    assert [notice.topic for notice in step.notices] == ["stepfunctions.execution.ended", "aws.event"]
    assert any(isinstance(timer, CancelTimer) for timer in step.timers)


def test_a_stop_cancels_the_task_in_its_own_lane() -> None:
    begun = _task()
    step = MACHINE.advance(_record(begun), Event("stop_requested", {"error": "E", "cause": "C"}), 1010.0)
    assert _record(step).state == Status.ABORTED
    [cancel] = step.actions
    assert (cancel.name, cancel.lane) == ("stepfunctions.cancel_task", begun.actions[0].lane)


def test_what_comes_after_the_end_changes_nothing() -> None:
    begun = _task()
    token = begun.actions[0].data["token"]
    ended = _record(MACHINE.advance(_record(begun), Event("task_succeeded", {"token": token, "output": 1}), 1010.0))
    for name in ("task_failed", "task_submitted", "stop_requested", "timer"):
        step = MACHINE.advance(ended, Event(name, {"token": token, "output": 2, "timer": "t"}), 1020.0)
        assert (step.record, step.actions, step.notices, step.history) == (ended, (), (), ())


def test_the_history_has_the_numbers_of_the_api() -> None:
    step = _task()
    assert [entry.data["id"] for entry in step.history] == list(range(1, len(step.history) + 1))
    assert step.history[0].type == "ExecutionStarted"
    assert "executionStartedEventDetails" in step.history[0].data["details"]
