"""Variables and their scopes. https://states-language.net/spec.html#state-machine-variables"""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.states import InvalidDefinition, parse
from tests.unit.engine.decide.states.player import FUNCTION, Player, machine

SHOW: dict[str, Any] = {
    "Type": "Pass",
    "Output": {"x": "{% $x %}", "y": "{% $exists($y) ? $y : 'none' %}"},
    "End": True,
}


def play(states: dict[str, Any], input: Any = None) -> Player:
    return Player(machine(states, QueryLanguage="JSONata"), input)


def test_a_variable_is_there_for_all_later_states() -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"x": {"a": "{% $states.input.v %}", "b": [1, "{% 2 %}"]}}, "Next": "B"},
        "B": {"Type": "Pass", "Output": None, "Next": "C"},
        "C": SHOW,
    }
    assert play(states, {"v": 5}).output == {"x": {"a": 5, "b": [1, 2]}, "y": "none"}


def test_all_of_an_assign_sees_the_values_from_before() -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"x": 5}, "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"x": 42, "y": "{% $x %}"}, "Output": "{% $x %}", "Next": "C"},
        "C": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $x %}", "{% $y %}"], "End": True},
    }
    assert play(states).output == [5, 42, 5]


def test_a_task_assigns_from_its_result() -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "Assign": {"x": "{% $states.result.id %}"}, "Next": "C"}
    played = play({"A": state, "C": SHOW})
    played.succeed({"id": 7})
    assert played.output["x"] == 7


def test_a_wait_state_assigns_when_it_is_left() -> None:
    played = play({"A": {"Type": "Wait", "Seconds": 1, "Assign": {"x": 3}, "Next": "C"}, "C": SHOW})
    played.fire()
    assert played.output["x"] == 3


def test_what_dollar_means_in_a_jsonpath_assign() -> None:
    """The result in Task and Pass states, the input after InputPath in Wait states."""
    states = {
        "A": {"Type": "Pass", "Result": {"v": 1}, "Assign": {"a.$": "$.v"}, "Next": "B"},
        "B": {
            "Type": "Task",
            "Resource": FUNCTION,
            "Assign": {"b.$": "$.v", "fixed": 1},
            "ResultSelector": {"other.$": "$.v"},
            "Next": "W",
        },
        "W": {"Type": "Wait", "Seconds": 0, "InputPath": "$.other", "Assign": {"c.$": "$"}, "Next": "C"},
        "C": {"Type": "Pass", "Parameters": {"a.$": "$a", "b.$": "$b", "c.$": "$c", "f.$": "$fixed"}, "End": True},
    }
    played = Player(machine(states))
    played.succeed({"v": 2})
    assert played.output == {"a": 1, "b": 2, "c": 2, "f": 1}


def test_jsonpath_states_use_variables_in_paths_and_calls() -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"x": {"list": [5, 6]}, "n": 1}, "Next": "B"},
        "B": {
            "Type": "Pass",
            "InputPath": "$x.list",
            "Parameters": {"item.$": "States.ArrayGetItem($, $n)", "all.$": "$x.list[*]", "in.$": "$[0]"},
            "Next": "C",
        },
        "C": {"Type": "Choice", "Choices": [{"Variable": "$x.list[0]", "NumericEquals": 5, "Next": "D"}]},
        "D": {"Type": "Succeed"},
    }
    assert Player(machine(states)).output == {"item": 6, "all": [5, 6], "in": 5}


def test_a_variable_that_was_never_assigned_is_an_error() -> None:
    played = Player(machine({"A": {"Type": "Pass", "Parameters": {"v.$": "$nope.a"}, "End": True}}))
    assert played.error == "States.Runtime"
    assert "'$nope'" in played.cause
    assert play({"A": SHOW}).error == "States.QueryEvaluationError"


def test_both_query_languages_share_variables() -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"x.$": "$.v"}, "Next": "B"},
        "B": {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"y": "{% $x + 1 %}"}, "Next": "C"},
        "C": {"Type": "Pass", "Parameters": {"y.$": "$y"}, "End": True},
    }
    assert Player(machine(states), {"v": 1}).output == {"y": 2}


# ---------------------------------------------------------------------- scopes
def inside(kind: str, states: dict[str, Any]) -> dict[str, Any]:
    flow = {"StartAt": next(iter(states)), "States": states}
    return (
        {"Type": kind, "Branches": [flow]}
        if kind == "Parallel"
        else {"Type": kind, "ItemProcessor": flow, "Items": [0]}
    )


@pytest.mark.parametrize("kind", ["Parallel", "Map"])
def test_inner_states_see_outer_variables_and_outer_states_not_inner_ones(kind: str) -> None:
    inner = {
        "I": {"Type": "Pass", "Assign": {"inner": "world", "hi": "{% $x %}"}, "Next": "E"},
        "E": {"Type": "Succeed", "Output": "{% $hi & $inner %}"},
    }
    states = {
        "A": {"Type": "Pass", "Assign": {"x": "hello"}, "Next": "P"},
        "P": {**inside(kind, inner), "Assign": {"x": 2}, "Next": "C"},
        "C": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $x %}", "{% $exists($inner) %}"], "End": True},
    }
    assert play(states).output == [["helloworld"], 2, False]


@pytest.mark.parametrize("kind", ["Parallel", "Map"])
def test_inner_states_cannot_assign_to_outer_variables(kind: str) -> None:
    inner = {"I": {"Type": "Pass", "Assign": {"x": 1}, "End": True}}
    states = {"A": {"Type": "Pass", "Assign": {"x": 0}, "Next": "P"}, "P": {**inside(kind, inner), "End": True}}
    played = play(states)
    assert played.error == "States.Runtime"
    assert played.cause.endswith("The variable 'x' belongs to an outer scope and cannot be assigned here.")


def test_branches_do_not_see_each_others_variables() -> None:
    first = {
        "StartAt": "I",
        "States": {
            "I": {"Type": "Pass", "Assign": {"v": 1}, "Next": "W"},
            "W": {"Type": "Wait", "Seconds": 9, "End": True},
        },
    }
    second = {
        "StartAt": "J",
        "States": {
            "J": {"Type": "Wait", "Seconds": 1, "Next": "K"},
            "K": {"Type": "Pass", "Output": "{% $exists($v) %}", "End": True},
        },
    }
    played = play(
        {"P": {"Type": "Parallel", "Branches": [first, second], "Output": "{% $states.result[1] %}", "End": True}}
    )
    played.fire()
    played.fire()
    assert played.output is False


def test_each_iteration_has_variables_of_its_own() -> None:
    inner = {
        "I": {"Type": "Pass", "Assign": {"v": "{% $states.input %}"}, "Next": "J"},
        "J": {"Type": "Pass", "Output": "{% $v * 10 %}", "End": True},
    }
    flow = {"StartAt": "I", "States": inner}
    assert play({"M": {"Type": "Map", "ItemProcessor": flow, "End": True}}, [1, 2]).output == [10, 20]


# ---------------------------------------------------------------------- names and sizes
@pytest.mark.parametrize("name", ["states", "1x", "a-b", "", "_x", "x" * 81, "a b"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidDefinition):
        parse(machine({"A": {"Type": "Pass", "Assign": {name: 1}, "End": True}}))


def test_names_may_use_any_alphabet() -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"größe_1": 1}, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"v.$": "$größe_1"}, "End": True},
    }
    assert Player(machine(states)).output == {"v": 1}


def test_one_assign_holds_at_most_256_kib() -> None:
    big = "x" * 200_000
    states = {"A": {"Type": "Pass", "Assign": {"x": "{% $states.input %}", "y": "{% $states.input %}"}, "End": True}}
    assert play(states, big).error == "States.DataLimitExceeded"


def test_assigned_variables_are_in_the_history() -> None:
    played = play({"A": {"Type": "Pass", "Assign": {"x": {"a": 1}}, "End": True}})
    details = played.events("PassStateExited")[0].details["stateExitedEventDetails"]
    assert details["assignedVariables"] == {"x": '{"a":1}'}
    assert details["assignedVariablesDetails"] == {"truncated": False}
