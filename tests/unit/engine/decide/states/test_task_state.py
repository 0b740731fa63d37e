"""Task states. https://states-language.net/spec.html#task-state"""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.states import (
    ActivityStarted,
    CancelTask,
    SetTimer,
    StartTask,
    TaskFailed,
    TaskHeartbeat,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
)
from tests.unit.engine.decide.states.player import FUNCTION, Player, jsonata, machine, one

SERVICE = "arn:aws:states:::sagemaker:createTrainingJob.sync"


def test_a_task_is_started_with_the_input_and_its_output_goes_on() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION}), {"a": 1})
    assert (played.task.resource, played.task.parameters) == (FUNCTION, {"a": 1})
    played.succeed({"b": 2})
    assert played.output == {"b": 2}


def test_parameters_make_what_the_task_is_given() -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "InputPath": "$.in", "Parameters": {"x.$": "$.a", "y": 1}}
    assert Player(one(state), {"in": {"a": 5}}).task.parameters == {"x": 5, "y": 1}


def test_arguments_make_what_a_jsonata_task_is_given() -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "Arguments": {"x": "{% $states.input.a %}", "n": [1, "{% 2 %}"]}}
    assert Player(jsonata(state), {"a": 5}).task.parameters == {"x": 5, "n": [1, 2]}


def test_arguments_may_be_one_expression() -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "Arguments": "{% $states.input.a %}"}
    assert Player(jsonata(state), {"a": [5]}).task.parameters == [5]


def test_result_selector_path_and_output_path_apply_in_this_order() -> None:
    state = {
        "Type": "Task",
        "Resource": FUNCTION,
        "ResultSelector": {"id.$": "$.JobId", "static": True},
        "ResultPath": "$.job",
        "OutputPath": "$.job",
    }
    played = Player(one(state), {"a": 1})
    played.succeed({"JobId": "j-1", "other": 0})
    assert played.output == {"id": "j-1", "static": True}


def test_output_of_a_jsonata_task_sees_input_and_result() -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "Output": "{% $merge([$states.input, $states.result]) %}"}
    played = Player(jsonata(state), {"a": 1})
    played.succeed({"b": 2})
    assert played.output == {"a": 1, "b": 2}


def test_a_jsonata_task_without_output_gives_its_result() -> None:
    played = Player(jsonata({"Type": "Task", "Resource": FUNCTION}), {"a": 1})
    played.succeed(7)
    assert played.output == 7


def test_the_resource_pattern_stays_in_the_resource() -> None:
    assert Player(one({"Type": "Task", "Resource": SERVICE})).task.resource == SERVICE


def test_credentials_are_evaluated() -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "Credentials": {"RoleArn.$": "$.role"}}
    assert Player(one(state), {"role": "arn:aws:iam::1:role/x"}).task.credentials == {
        "RoleArn": "arn:aws:iam::1:role/x"
    }
    state = {"Type": "Task", "Resource": FUNCTION, "Credentials": {"RoleArn": "{% $states.input.role %}"}}
    assert Player(jsonata(state), {"role": "r"}).task.credentials == {"RoleArn": "r"}


def test_a_task_without_timeout_has_no_timer() -> None:
    assert not Player(one({"Type": "Task", "Resource": FUNCTION})).timers


def test_a_task_that_takes_too_long_fails_with_states_timeout_and_is_cancelled() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 300}))
    token = played.task.token
    assert played.timer("timeout").after_seconds == 300
    assert played.task.timeout_seconds == 300
    played.fire("timeout")
    assert played.error == "States.Timeout"
    assert played.cancelled == [token]
    assert played.types[-2:] == ["LambdaFunctionTimedOut", "ExecutionFailed"]


def test_timeout_seconds_path_and_expression_give_the_timeout() -> None:
    by_path = {"Type": "Task", "Resource": FUNCTION, "TimeoutSecondsPath": "$.limit"}
    assert Player(one(by_path), {"limit": 9}).timer("timeout").after_seconds == 9
    by_expression = {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": "{% $states.input.limit * 2 %}"}
    assert Player(jsonata(by_expression), {"limit": 9}).timer("timeout").after_seconds == 18


def test_a_timeout_that_is_no_number_is_an_error() -> None:
    by_path = {"Type": "Task", "Resource": FUNCTION, "TimeoutSecondsPath": "$.limit"}
    played = Player(one(by_path), {"limit": "soon"})
    assert played.error == "States.Runtime"
    assert 'refers to value "soon" which is not a valid integer: $.limit' in played.cause
    by_expression = {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": "{% 'soon' %}"}
    played = Player(jsonata(by_expression))
    assert played.error == "States.QueryEvaluationError"
    assert "Expected 'number', but was 'string' for value: \"soon\"" in played.cause


@pytest.mark.parametrize("value", [0, -1, 1.5])
def test_a_timeout_must_be_a_positive_integer(value: float) -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": "{% $states.input.t %}"}
    assert Player(jsonata(state), {"t": value}).error == "States.QueryEvaluationError"


def test_a_missed_heartbeat_fails_the_task() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 60, "HeartbeatSeconds": 5}))
    assert played.task.heartbeat_seconds == 5
    played.fire("heartbeat")
    assert played.error == "States.Timeout"


def test_a_heartbeat_starts_the_heartbeat_timer_again_and_not_the_timeout() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 60, "HeartbeatSeconds": 5}))
    key = played.timer("heartbeat").key
    step = played.heartbeat()
    assert step.actions == (SetTimer(key, after_seconds=5),)
    assert step.history == ()


def test_heartbeat_seconds_path_and_expression_give_the_heartbeat() -> None:
    by_path = {"Type": "Task", "Resource": FUNCTION, "HeartbeatSecondsPath": "$.h"}
    assert Player(one(by_path), {"h": 3}).timer("heartbeat").after_seconds == 3
    by_expression = {"Type": "Task", "Resource": FUNCTION, "HeartbeatSeconds": "{% 4 %}"}
    assert Player(jsonata(by_expression)).timer("heartbeat").after_seconds == 4


def test_states_heartbeat_timeout_and_states_timeout_both_name_a_missed_heartbeat() -> None:
    for name in ("States.HeartbeatTimeout", "States.Timeout"):
        states = {
            "T": {
                "Type": "Task",
                "Resource": FUNCTION,
                "HeartbeatSeconds": 5,
                "Catch": [{"ErrorEquals": [name], "Next": "C"}],
                "End": True,
            },
            "C": {"Type": "Pass", "End": True},
        }
        played = Player(machine(states))
        played.fire("heartbeat")
        assert played.output == {"Error": "States.Timeout", "Cause": ""}


def test_states_heartbeat_timeout_does_not_name_a_task_that_took_too_long() -> None:
    state = {
        "Type": "Task",
        "Resource": FUNCTION,
        "TimeoutSeconds": 9,
        "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "C"}],
        "End": True,
    }
    played = Player(machine({"T": state, "C": {"Type": "Succeed"}}))
    played.fire("timeout")
    assert played.error == "States.Timeout"


def test_a_task_may_fail_without_error_and_cause() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION}))
    played.fail(None, None)
    assert (played.error, played.cause) == (None, "")


def test_states_permissions_is_reported_as_the_room_says_it() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION}))
    played.fail("States.Permissions", "The role is not authorized")
    assert played.error == "States.Permissions"


def test_events_for_an_unknown_token_change_nothing() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION, "HeartbeatSeconds": 5}))
    before = played.step.state
    for event in (
        TaskSucceeded("nobody's", 1, played.now),
        TaskFailed("nobody's", "E", None, played.now),
        TaskHeartbeat("nobody's", played.now),
        TaskSubmitted("nobody's", 1, played.now),
        ActivityStarted("nobody's", played.now),
        TimerFired("nobody's", played.now),
    ):
        step = played.send(event)
        assert (step.state, step.actions, step.history, step.outcome) == (before, (), (), None)


def test_the_answer_of_a_task_that_is_given_twice_counts_once() -> None:
    states = {
        "A": {"Type": "Task", "Resource": FUNCTION, "Next": "B"},
        "B": {"Type": "Task", "Resource": FUNCTION, "End": True},
    }
    played = Player(machine(states))
    token = played.task.token
    played.succeed(1)
    step = played.send(TaskSucceeded(token, 1, played.tick()))
    assert step.actions == () and step.history == ()
    assert played.task.parameters == 1


def test_a_result_that_is_too_late_changes_nothing() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 1}))
    token = played.task.token
    played.fire("timeout")
    step = played.send(TaskSucceeded(token, 1, played.tick()))
    assert step.actions == () and step.history == () and step.outcome is None


def test_a_time_out_after_the_result_changes_nothing() -> None:
    states = {
        "A": {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 5, "Next": "B"},
        "B": {"Type": "Task", "Resource": FUNCTION, "End": True},
    }
    played = Player(machine(states))
    key = played.timer("timeout").key
    played.succeed(1)
    assert played.timers == {}
    assert played.send(TimerFired(key, played.tick())).history == ()


def test_every_attempt_and_every_task_has_a_token_of_its_own() -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "Retry": [{"ErrorEquals": ["States.ALL"]}], "Next": "B"}
    played = Player(machine({"A": state, "B": {"Type": "Task", "Resource": FUNCTION, "End": True}}))
    tokens = [played.task.token]
    played.fail()
    played.fire("retry")
    tokens.append(played.task.token)
    played.succeed(1)
    tokens.append(played.task.token)
    assert len(set(tokens)) == 3


def test_stopping_the_execution_cancels_its_task() -> None:
    played = Player(one({"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 9}))
    task = played.task
    step = played.stop()
    assert CancelTask(task.token) in step.actions
    assert isinstance(task, StartTask)


def test_the_error_of_an_argument_is_caught_by_the_task_itself() -> None:
    state = {
        "Type": "Task",
        "Resource": FUNCTION,
        "Arguments": {"x": "{% $states.input.missing %}"},
        "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "C"}],
        "End": True,
    }
    played = Player(machine({"T": state, "C": {"Type": "Pass", "End": True}}, QueryLanguage="JSONata"))
    assert played.output["Error"] == "States.QueryEvaluationError"
    assert not played.tasks
