"""Every type of event that the API knows: a small machine whose history has it, or why no history has it here."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import botocore.session
import pytest
from botocore.model import StringShape

from mlsystem.engine.decide.states import ActivityStarted, TaskSubmitted
from tests.unit.engine.decide.states.player import FUNCTION, Player, jsonata, machine, one

JOB = "arn:aws:states:::sagemaker:createTrainingJob.sync"
REVIEW = "arn:aws:states:eu-west-1:111122223333:activity:review"
NUMBERS = count()
WAIT = {"Type": "Wait", "Seconds": 60}


def played(state: dict[str, Any], *steps: Callable[[Player], object], input: Any = None) -> Player:
    player = Player(one(state), input)
    for step in steps:
        step(player)
    return player


def task(resource: str, *steps: Callable[[Player], object]) -> Player:
    return played({"Type": "Task", "Resource": resource, "TimeoutSeconds": 60}, *steps)


def inner(state: dict[str, Any]) -> dict[str, Any]:
    """A machine of one state, whose name no other has."""
    name = f"Inner {next(NUMBERS)}"
    return machine({name: next(iter(one(state)["States"].values()))})


def branches(*states: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": [inner(state) for state in states]}


def each(state: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": inner(state)}


def submit(player: Player) -> None:
    player.send(TaskSubmitted(player.task.token, {"Arn": "x"}, player.tick()))


def take(player: Player) -> None:
    player.send(ActivityStarted(player.task.token, player.tick(), "ana"))


def choose() -> Player:
    rule = {"Variable": "$.a", "IsPresent": True, "Next": "End"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "End"}
    return Player(machine({"Choose": choice, "End": {"Type": "Succeed"}}))


def fail_beside(state: dict[str, Any], input: Any = None) -> Player:
    """A branch fails while another, with this state, goes on."""
    player = Player(one(branches({"Type": "Task", "Resource": FUNCTION}, state)), input)
    player.fail(task=player.index(FUNCTION))
    return player


def run_out() -> Player:
    player = Player(one(WAIT, TimeoutSeconds=5))
    player.fire("execution")
    return player


FAIL = {"Type": "Fail", "Error": "E"}
PASS = {"Type": "Pass"}
CASES: dict[str, Callable[[], Player]] = {
    "ExecutionStarted": lambda: played(PASS),
    "ExecutionSucceeded": lambda: played(PASS),
    "ExecutionFailed": lambda: played(FAIL),
    "ExecutionAborted": lambda: played(WAIT, Player.stop),
    "ExecutionTimedOut": run_out,
    "ExecutionRedriven": lambda: task(FUNCTION, Player.fail, Player.redrive),
    "PassStateEntered": lambda: played(PASS),
    "PassStateExited": lambda: played(PASS),
    "ChoiceStateEntered": choose,
    "ChoiceStateExited": choose,
    "SucceedStateEntered": choose,
    "SucceedStateExited": choose,
    "FailStateEntered": lambda: played(FAIL),
    "WaitStateEntered": lambda: played(WAIT),
    "WaitStateExited": lambda: played(WAIT, Player.fire),
    "WaitStateAborted": lambda: fail_beside(WAIT),
    "TaskStateEntered": lambda: task(JOB),
    "TaskScheduled": lambda: task(JOB),
    "TaskStarted": lambda: task(JOB),
    "TaskSubmitted": lambda: task(JOB, submit),
    "TaskSucceeded": lambda: task(JOB, submit, Player.succeed),
    "TaskStateExited": lambda: task(JOB, submit, Player.succeed),
    "TaskFailed": lambda: task(JOB, submit, Player.fail),
    "TaskTimedOut": lambda: task(JOB, submit, Player.fire),
    "TaskStateAborted": lambda: fail_beside({"Type": "Task", "Resource": JOB}),
    "LambdaFunctionScheduled": lambda: task(FUNCTION),
    "LambdaFunctionStarted": lambda: task(FUNCTION),
    "LambdaFunctionSucceeded": lambda: task(FUNCTION, Player.succeed),
    "LambdaFunctionFailed": lambda: task(FUNCTION, Player.fail),
    "LambdaFunctionTimedOut": lambda: task(FUNCTION, Player.fire),
    "ActivityScheduled": lambda: task(REVIEW),
    "ActivityStarted": lambda: task(REVIEW, take),
    "ActivitySucceeded": lambda: task(REVIEW, take, Player.succeed),
    "ActivityFailed": lambda: task(REVIEW, take, Player.fail),
    "ActivityTimedOut": lambda: task(REVIEW, take, Player.fire),
    "ParallelStateEntered": lambda: played(branches(PASS)),
    "ParallelStateStarted": lambda: played(branches(PASS)),
    "ParallelStateSucceeded": lambda: played(branches(PASS)),
    "ParallelStateExited": lambda: played(branches(PASS)),
    "ParallelStateFailed": lambda: played(branches(FAIL)),
    "ParallelStateAborted": lambda: fail_beside(branches(WAIT)),
    "MapStateEntered": lambda: played(each(PASS), input=[1]),
    "MapStateStarted": lambda: played(each(PASS), input=[1]),
    "MapIterationStarted": lambda: played(each(PASS), input=[1]),
    "MapIterationSucceeded": lambda: played(each(PASS), input=[1]),
    "MapStateSucceeded": lambda: played(each(PASS), input=[1]),
    "MapStateExited": lambda: played(each(PASS), input=[1]),
    "MapIterationFailed": lambda: played(each(FAIL), input=[1]),
    "MapStateFailed": lambda: played(each(FAIL), input=[1]),
    "MapIterationAborted": lambda: played(each({"Type": "Task", "Resource": FUNCTION}), Player.fail, input=[1, 2]),
    "MapStateAborted": lambda: fail_beside(each(WAIT), input=[1]),
    "EvaluationFailed": lambda: Player(jsonata({"Type": "Pass", "Output": "{% $nope %}"})),
}
# What a task that could not be given its work is told as.
NOT_GIVEN = "the work of a task is handed over by a durable action, which has no failure of its own: the task fails"
NEVER = {
    "ActivityScheduleFailed": NOT_GIVEN,
    "LambdaFunctionScheduleFailed": NOT_GIVEN,
    "LambdaFunctionStartFailed": NOT_GIVEN,
    "TaskStartFailed": NOT_GIVEN,
    "TaskSubmitFailed": NOT_GIVEN,
    **{
        f"MapRun{what}": "the Distributed Map is refused by name"
        for what in ("Started", "Succeeded", "Failed", "Aborted", "Redriven")
    },
}


@pytest.mark.parametrize("type", CASES)
def test_a_history_has_it(type: str) -> None:
    assert type in CASES[type]().types


def test_every_type_of_the_api_is_written_or_it_is_said_why_not() -> None:
    shape = botocore.session.get_session().get_service_model("stepfunctions").shape_for("HistoryEventType")
    assert isinstance(shape, StringShape)
    assert sorted([*CASES, *NEVER]) == sorted(shape.enum)
