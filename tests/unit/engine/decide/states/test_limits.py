"""Limits. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

from __future__ import annotations

from mlsystem.engine.decide.states import advance, begin, parse
from mlsystem.engine.decide.states.history import MOST_EVENTS
from mlsystem.engine.decide.states.protocol import Failed, TimerFired
from tests.unit.engine.decide.states.player import CONTEXT, FUNCTION, Player, jsonata, machine, one

LIMIT = 256 * 1024
BIGGEST = "x" * (LIMIT - 2)


def test_256_kib_pass_and_one_byte_more_does_not() -> None:
    assert Player(one({"Type": "Pass"}), BIGGEST).output == BIGGEST
    played = Player(one({"Type": "Pass"}), BIGGEST + "x")
    assert played.error == "States.DataLimitExceeded"
    assert "'S' returned a result with a size exceeding" in played.cause


def test_sizes_are_counted_in_bytes_of_utf_8() -> None:
    assert Player(one({"Type": "Pass"}), "é" * (LIMIT // 2)).error == "States.DataLimitExceeded"


def test_a_result_that_is_too_large_fails_its_task() -> None:
    played = Player(one({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}))
    played.succeed(BIGGEST + "x")
    assert played.error == "States.DataLimitExceeded"
    assert "The state/task 'lambda' returned" in played.cause
    assert played.types[-2:] == ["TaskFailed", "ExecutionFailed"]


def test_parameters_that_are_too_large_start_nothing() -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "Parameters": {"a.$": "$", "b.$": "$"}}
    played = Player(one(state), "x" * 200_000)
    assert played.error == "States.DataLimitExceeded"
    assert not played.tasks


def test_a_loop_ends_when_the_history_is_full() -> None:
    states = {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "C"}], "Default": "A"},
        "C": {"Type": "Succeed"},
    }
    step = begin(parse(machine(states)), {}, CONTEXT)
    assert len(step.history) == MOST_EVENTS
    assert step.history[-1].type == "ExecutionFailed"
    assert isinstance(step.outcome, Failed)
    assert step.outcome.cause == "The execution reached the maximum number of history events (25000)."


def test_a_full_history_cancels_what_runs() -> None:
    spin = {
        "W": {"Type": "Wait", "Seconds": 1, "Next": "A"},
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "C"}], "Default": "A"},
        "C": {"Type": "Succeed"},
    }
    task = {"T": {"Type": "Task", "Resource": FUNCTION, "End": True}}
    branches = [{"StartAt": "T", "States": task}, {"StartAt": "W", "States": spin}]
    definition = parse(one({"Type": "Parallel", "Branches": branches}))
    step = begin(definition, {}, CONTEXT)
    ended = advance(definition, step.state, TimerFired(step.due[0].key, CONTEXT.start_time + 1))
    assert [type(action).__name__ for action in ended.actions] == ["CancelTask"]
    assert ended.due == ()


def test_an_expression_may_be_long_but_not_endless() -> None:
    assert Player(jsonata({"Type": "Pass", "Output": "{% " + "+".join(["1"] * 300) + " %}"})).output == 300
