"""Succeed and Fail states, and the ends of an execution. https://states-language.net/spec.html#succeed-state and
#fail-state"""

from __future__ import annotations

from mlsystem.engine.decide.states import Aborted, CancelTask, Failed, Succeeded, TimedOut, TimerFired
from tests.unit.engine.decide.states.player import FUNCTION, Player, jsonata, machine, one


def test_a_succeed_state_ends_the_execution_with_its_input() -> None:
    played = Player(one({"Type": "Succeed"}), {"a": 1})
    assert played.outcome == Succeeded({"a": 1})
    assert played.types == ["ExecutionStarted", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"]


def test_paths_of_a_succeed_state() -> None:
    assert Player(one({"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b"}), {"a": {"b": 5}}).output == 5


def test_output_of_a_jsonata_succeed_state() -> None:
    assert Player(jsonata({"Type": "Succeed", "Output": "{% $states.input.a %}"}), {"a": 5}).output == 5


def test_a_fail_state_ends_the_execution_with_its_error_and_cause() -> None:
    played = Player(one({"Type": "Fail", "Error": "ErrorA", "Cause": "Kaiju attack"}))
    assert played.outcome == Failed("ErrorA", "Kaiju attack")
    assert played.types == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]


def test_a_fail_state_needs_neither_error_nor_cause() -> None:
    played = Player(one({"Type": "Fail"}))
    assert played.outcome == Failed(None, None)
    assert played.history[-1].details == {"executionFailedEventDetails": {}}


def test_error_path_and_cause_path_take_them_from_the_input() -> None:
    state = {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{} broke', $.what)"}
    assert Player(one(state), {"e": "E1", "what": "it"}).outcome == Failed("E1", "it broke")


def test_an_error_path_that_finds_nothing_is_a_runtime_error() -> None:
    played = Player(one({"Type": "Fail", "ErrorPath": "$.e"}))
    assert played.error == "States.Runtime"
    assert "The JSONPath '$.e' specified for the field 'ErrorPath' could not be found in the input '{}'" in played.cause


def test_expressions_give_error_and_cause() -> None:
    state = {"Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "{% 'since ' & $states.input.w %}"}
    assert Player(jsonata(state), {"e": "E1", "w": "w"}).outcome == Failed("E1", "since w")


def test_an_error_must_be_a_string() -> None:
    assert Player(jsonata({"Type": "Fail", "Error": "{% 5 %}"})).error == "States.QueryEvaluationError"
    assert Player(one({"Type": "Fail", "ErrorPath": "$.e"}), {"e": 5}).error == "States.Runtime"


def test_the_machines_timeout_ends_the_execution() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION}, TimeoutSeconds=100))
    token = played.task.token
    assert played.timer("execution").after_seconds == 100
    played.fire("execution")
    assert played.outcome == TimedOut()
    assert played.cancelled == [token]
    assert played.types[-1] == "ExecutionTimedOut"


def test_an_execution_that_ends_in_time_cancels_its_timeout() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION}, TimeoutSeconds=100))
    played.succeed(1)
    assert played.timers == {}


def test_stopping_aborts_with_the_callers_error_and_cause() -> None:
    states = {"W": {"Type": "Wait", "Seconds": 99, "End": True}}
    played = Player(machine(states))
    played.stop("MyError", "my cause")
    assert played.outcome == Aborted("MyError", "my cause")
    assert played.timers == {}
    assert played.history[-1].type == "ExecutionAborted"
    assert played.history[-1].previous_event_id == 0
    assert played.history[-1].details == {"executionAbortedEventDetails": {"error": "MyError", "cause": "my cause"}}


def test_nothing_changes_an_execution_that_has_ended() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 5}))
    task, timer = played.task, played.timer()
    assert CancelTask(task.token) in played.stop().actions
    before = played.step.state
    for _ in range(2):
        played.stop()
        assert (played.step.state, played.step.actions, played.step.history) == (before, (), ())
    step = played.send(TimerFired(timer.key, played.tick()))
    assert (step.state, step.history, step.outcome) == (before, (), None)
