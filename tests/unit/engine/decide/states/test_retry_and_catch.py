"""Retry and Catch. https://states-language.net/spec.html#errors"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.engine.decide.states.player import FUNCTION, Player, machine, one


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": FUNCTION, **fields}


def caught(*names: str, **fields: Any) -> dict[str, Any]:
    catcher = {"ErrorEquals": list(names), "Next": "C", **fields}
    return {"T": task(Catch=[catcher], End=True), "C": {"Type": "Pass", "End": True}}


def delays(retrier: dict[str, Any], failures: int) -> list[float]:
    """How long the state waits after each failure."""
    played = Player(one(task(Retry=[{"ErrorEquals": ["States.ALL"], **retrier}])))
    found = []
    for _ in range(failures):
        played.fail()
        if played.outcome is not None:
            break
        found.append(played.timer("retry").after_seconds or 0.0)
        played.fire("retry")
    return found


def test_a_retrier_waits_one_two_and_four_seconds_unless_told_otherwise() -> None:
    assert delays({}, 9) == [1, 2, 4]


def test_interval_attempts_and_rate_of_a_retrier() -> None:
    assert delays({"IntervalSeconds": 3, "MaxAttempts": 2, "BackoffRate": 2.0}, 9) == [3, 6]
    assert delays({"IntervalSeconds": 2, "MaxAttempts": 4, "BackoffRate": 1.5}, 9) == [2, 3, 4.5, 6.75]


def test_max_delay_seconds_bounds_the_delay() -> None:
    assert delays({"IntervalSeconds": 3, "MaxAttempts": 3, "MaxDelaySeconds": 4}, 9) == [3, 4, 4]


def test_delays_that_grow_beyond_all_bounds_stay_numbers() -> None:
    assert delays({"BackoffRate": 1e9, "MaxAttempts": 5}, 9)[-1] == 99_999_999


def test_full_jitter_takes_a_part_of_the_delay_and_always_the_same() -> None:
    retrier = {"IntervalSeconds": 100, "MaxAttempts": 3, "JitterStrategy": "FULL"}
    found = delays(retrier, 9)
    assert all(0 <= delay < bound for delay, bound in zip(found, (100, 200, 400), strict=True))
    assert len(set(found)) == 3
    assert delays(retrier, 9) == found
    assert delays({**retrier, "JitterStrategy": "NONE"}, 9) == [100, 200, 400]


def test_no_attempts_mean_no_retry() -> None:
    assert delays({"MaxAttempts": 0}, 9) == []


def test_each_retrier_counts_its_own_attempts() -> None:
    """The specification's example: A, B, C, B; the fourth failure finds its retrier used up."""
    retry = [
        {"ErrorEquals": ["A", "B"], "IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 2},
        {"ErrorEquals": ["C"], "IntervalSeconds": 5},
    ]
    states = {
        "T": task(Retry=retry, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Z"}], End=True),
        "Z": {"Type": "Pass", "End": True},
    }
    played = Player(machine(states))
    waited = []
    for name in ("A", "B", "C"):
        played.fail(name)
        waited.append(played.timer("retry").after_seconds)
        played.fire("retry")
    played.fail("B", "last")
    assert waited == [1, 2, 5]
    assert played.output == {"Error": "B", "Cause": "last"}


def test_attempts_are_counted_anew_each_time_the_state_is_entered() -> None:
    states = {
        "T": task(
            Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 1}], Catch=[{"ErrorEquals": ["E"], "Next": "W"}], Next="D"
        ),
        "W": {"Type": "Pass", "Next": "T"},
        "D": {"Type": "Succeed"},
    }
    played = Player(machine(states))
    for _ in range(2):
        played.fail("E")
        assert played.timer("retry")
        played.fire("retry")
        played.fail("E")
    assert played.visited() == ["T", "W", "T", "W", "T"]


def test_the_first_retrier_that_names_the_error_counts() -> None:
    retry = [{"ErrorEquals": ["A"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}]
    played = Player(one(task(Retry=retry)))
    played.fail("A")
    assert played.error == "A"
    played = Player(one(task(Retry=retry)))
    played.fail("B")
    assert played.outcome is None


def test_a_retry_evaluates_the_parameters_again() -> None:
    state = task(Parameters={"n.$": "$$.State.RetryCount"}, Retry=[{"ErrorEquals": ["E"]}])
    played = Player(one(state))
    seen = [played.task.parameters]
    for _ in range(2):
        played.fail("E")
        played.fire("retry")
        seen.append(played.task.parameters)
    assert seen == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_while_a_retry_waits_nothing_of_the_task_runs() -> None:
    played = Player(one(task(TimeoutSeconds=60, HeartbeatSeconds=5, Retry=[{"ErrorEquals": ["E"]}])))
    played.fail("E")
    assert [timer.key.split("-")[0] for timer in played.step.due] == ["retry"]


# ---------------------------------------------------------------------- names
def test_states_all_names_every_error() -> None:
    played = Player(machine(caught("States.ALL")))
    played.fail("Whatever", "why")
    assert played.output == {"Error": "Whatever", "Cause": "why"}


def test_states_task_failed_names_every_error_but_time_outs() -> None:
    played = Player(machine(caught("States.TaskFailed")))
    played.fail("Whatever")
    assert played.visited()[-1] == "C"
    states = caught("States.TaskFailed")
    states["T"]["TimeoutSeconds"] = 5
    # The catcher's target is reached in no other way, so the machine is the same.
    played = Player(machine(states))
    played.fire("timeout")
    assert played.error == "States.Timeout"


def test_nothing_retries_or_catches_states_runtime() -> None:
    for name in ("States.ALL", "States.Runtime", "States.TaskFailed"):
        states = caught(name)
        states["T"]["Parameters"] = {"x.$": "$.missing"}
        states["T"]["Retry"] = [{"ErrorEquals": [name]}]
        assert Player(machine(states)).error == "States.Runtime"


def test_states_all_does_not_name_states_data_limit_exceeded() -> None:
    for name in ("States.ALL", "States.TaskFailed"):
        played = Player(machine(caught(name)))
        played.succeed("x" * 262_144)
        assert played.error == "States.DataLimitExceeded"


def test_states_data_limit_exceeded_can_be_caught_by_its_name() -> None:
    played = Player(machine(caught("States.DataLimitExceeded")))
    played.succeed("x" * 262_144)
    assert played.output["Error"] == "States.DataLimitExceeded"


def test_error_names_are_compared_with_their_case() -> None:
    played = Player(machine(caught("broken")))
    played.fail("Broken")
    assert played.error == "Broken"


# ---------------------------------------------------------------------- catchers
def test_the_error_output_becomes_the_input_of_the_catchers_next() -> None:
    played = Player(machine(caught("E")), {"a": 1})
    played.fail("E", "why")
    assert played.output == {"Error": "E", "Cause": "why"}


def test_result_path_of_a_catcher_puts_the_error_output_into_the_states_input() -> None:
    played = Player(machine(caught("E", ResultPath="$.error-info")), {"a": 1})
    played.fail("E", "why")
    assert played.output == {"a": 1, "error-info": {"Error": "E", "Cause": "why"}}
    played = Player(machine(caught("E", ResultPath=None)), {"a": 1})
    played.fail("E", "why")
    assert played.output == {"a": 1}


def test_result_path_of_the_state_does_not_count_for_its_catcher() -> None:
    states = caught("E")
    states["T"]["ResultPath"] = "$.x"
    states["T"]["OutputPath"] = "$.y"
    played = Player(machine(states), {"a": 1})
    played.fail("E", "why")
    assert played.output == {"Error": "E", "Cause": "why"}


def test_output_of_a_catcher_sees_input_and_error_output() -> None:
    states = caught("E", Output="{% $merge([$states.input, {'e': $states.errorOutput.Error}]) %}")
    played = Player(machine(states, QueryLanguage="JSONata"), {"a": 1})
    played.fail("E", "why")
    assert played.output == {"a": 1, "e": "E"}


def test_a_jsonata_catcher_without_output_gives_the_error_output() -> None:
    played = Player(machine(caught("E"), QueryLanguage="JSONata"), {"a": 1})
    played.fail("E", "why")
    assert played.output == {"Error": "E", "Cause": "why"}


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_assign_of_a_catcher_counts_and_not_the_states(language: str) -> None:
    value = {"x": "{% $states.errorOutput.Cause %}"} if language == "JSONata" else {"x.$": "$.Cause"}
    states = caught("E", Assign=value)
    states["T"]["Assign"] = {"x": "from the state"}
    shown = {"Output": "{% $x %}"} if language == "JSONata" else {"Parameters": {"x.$": "$x"}, "OutputPath": "$.x"}
    states["C"] |= shown
    played = Player(machine(states, QueryLanguage=language))
    played.fail("E", "why")
    assert played.output == "why"


def test_retriers_come_before_catchers() -> None:
    states = caught("E")
    states["T"]["Retry"] = [{"ErrorEquals": ["E"], "MaxAttempts": 1}]
    played = Player(machine(states))
    played.fail("E")
    assert played.outcome is None
    played.fire("retry")
    played.fail("E")
    assert played.visited() == ["T", "C"]


def test_a_catcher_that_fails_itself_ends_the_execution() -> None:
    states = caught("States.ALL", Output="{% $states.errorOutput.missing %}")
    played = Player(machine(states, QueryLanguage="JSONata"))
    played.fail("E")
    assert played.error == "States.QueryEvaluationError"
    assert played.types[-2:] == ["EvaluationFailed", "ExecutionFailed"]


def test_a_result_that_does_not_fit_is_caught_by_the_state_itself() -> None:
    states = caught("States.ResultPathMatchFailure")
    states["T"]["ResultPath"] = "$.x"
    played = Player(machine(states), "text")
    played.succeed(1)
    assert played.output["Error"] == "States.ResultPathMatchFailure"
