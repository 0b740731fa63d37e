"""Choice states. https://states-language.net/spec.html#choice-state"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.engine.decide.states.player import Player, machine

NO_NEXT = "Failed to transition out of the state. The state does not point to a next state."


def choice(*rules: dict[str, Any], default: str | None = "No", **fields: Any) -> dict[str, Any]:
    ends = {"Yes": {"Type": "Pass", "End": True}, "No": {"Type": "Pass", "End": True}}
    listed = [{"Next": "Yes", **rule} for rule in rules]
    state = {"Type": "Choice", "Choices": listed, **({"Default": default} if default else {}), **fields}
    names = {rule["Next"] for rule in listed} | ({default} if default else set())
    return {"C": state, **{name: end for name, end in ends.items() if name in names}}


def decides(rule: dict[str, Any], input: Any) -> bool:
    played = Player(machine(choice(rule)), input)
    return played.visited()[-1] == "Yes"


@pytest.mark.parametrize(
    ("operator", "value", "matching", "other"),
    [
        ("StringEquals", "b", ["b"], ["B", "", 1, None, True]),
        ("StringLessThan", "b", ["a", "B", ""], ["b", "c", 1]),
        ("StringGreaterThan", "b", ["c", "ba"], ["b", "a", None]),
        ("StringLessThanEquals", "b", ["b", "a"], ["c", 1]),
        ("StringGreaterThanEquals", "b", ["b", "c"], ["a", ["b"]]),
        ("NumericEquals", 3, [3, 3.0], [4, "3", True, None]),
        ("NumericLessThan", 3, [2, -1.5], [3, 4, "2", False]),
        ("NumericGreaterThan", 3, [3.1, 4], [3, 2, "4"]),
        ("NumericLessThanEquals", 3, [3, 2], [3.1, "3"]),
        ("NumericGreaterThanEquals", 3, [3, 4], [2, True]),
        ("BooleanEquals", False, [False], [True, 0, "false", None]),
        ("TimestampEquals", "2016-03-14T01:59:00Z", ["2016-03-14T02:59:00+01:00"], ["2016-03-14T01:59:01Z", "x", 1]),
        ("TimestampLessThan", "2016-03-14T01:59:00Z", ["2016-03-14T01:58:59.999Z"], ["2016-03-14T01:59:00Z", "a"]),
        ("TimestampGreaterThan", "2016-03-14T01:59:00Z", ["2016-03-14T01:59:00.5Z"], ["2016-03-14T01:59:00Z"]),
        ("TimestampLessThanEquals", "2016-03-14T01:59:00Z", ["2016-03-14T01:59:00Z"], ["2017-03-14T01:59:00Z"]),
        ("TimestampGreaterThanEquals", "2016-03-14T01:59:00Z", ["2016-03-14T01:59:00Z"], ["2015-03-14T01:59:00Z"]),
    ],
)
def test_a_comparison_matches_values_of_its_type_only(
    operator: str, value: Any, matching: list[Any], other: list[Any]
) -> None:
    for found, expected in [(one, True) for one in matching] + [(one, False) for one in other]:
        assert decides({"Variable": "$.v", operator: value}, {"v": found}) is expected, found
        by_path = {"Variable": "$.v", f"{operator}Path": "$.w"}
        assert decides(by_path, {"v": found, "w": value}) is expected, found


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("foo*.log", ["foo23.log", "foo.log"], ["foo.log1", "zfoo.log", 5]),
        ("*.log", ["zebra.log", ".log"], ["log"]),
        ("foo*.*", ["foobar.zebra"], ["foobar"]),
        ("a.c", ["a.c"], ["abc"]),
        (r"a\*c", ["a*c"], ["abc"]),
        (r"a\\c", [r"a\c"], ["ac"]),
        ("*", ["", "two\nlines"], [None]),
    ],
)
def test_string_matches_knows_only_the_star(pattern: str, matching: list[Any], other: list[Any]) -> None:
    for found, expected in [(one, True) for one in matching] + [(one, False) for one in other]:
        assert decides({"Variable": "$.v", "StringMatches": pattern}, {"v": found}) is expected, found


@pytest.mark.parametrize(
    ("operator", "matching", "other"),
    [
        ("IsNull", [None], [0, "", False]),
        ("IsNumeric", [0, -1.5], ["1", True, None]),
        ("IsString", ["", "x"], [1, None, ["x"]]),
        ("IsBoolean", [True, False], [0, "true", None]),
        ("IsTimestamp", ["2016-03-14T01:59:00Z"], ["2016-03-14", "2016-03-14 01:59:00Z", "2016-03-14T01:59:00", 5]),
    ],
)
def test_is_operators_look_at_the_type(operator: str, matching: list[Any], other: list[Any]) -> None:
    for found, expected in [(one, True) for one in matching] + [(one, False) for one in other]:
        assert decides({"Variable": "$.v", operator: True}, {"v": found}) is expected, found
        assert decides({"Variable": "$.v", operator: False}, {"v": found}) is not expected, found


def test_is_present_asks_whether_the_path_finds_anything() -> None:
    assert decides({"Variable": "$.v", "IsPresent": True}, {"v": None})
    assert not decides({"Variable": "$.v.w", "IsPresent": True}, {"v": 1})
    assert decides({"Variable": "$.v", "IsPresent": False}, {})
    assert not decides({"Variable": "$.v[*]", "IsPresent": True}, {"v": []})


def test_any_other_operator_needs_its_variable() -> None:
    played = Player(machine(choice({"Variable": "$.v", "IsNull": True})), {})
    assert played.error == "States.Runtime"
    assert played.cause.endswith("Invalid path '$.v': The choice state's condition path references an invalid value.")
    by_path = {"Variable": "$.v", "NumericEqualsPath": "$.w"}
    assert Player(machine(choice(by_path)), {"v": 1}).error == "States.Runtime"


def test_and_or_and_not_combine_rules() -> None:
    number = {"Variable": "$.v", "IsNumeric": True}
    large = {"Variable": "$.v", "NumericGreaterThan": 10}
    assert decides({"And": [number, large]}, {"v": 11})
    assert not decides({"And": [number, large]}, {"v": 10})
    assert decides({"Or": [large, {"Variable": "$.v", "NumericEquals": 1}]}, {"v": 1})
    assert decides({"Not": number}, {"v": "x"})
    assert decides({"Not": {"And": [number, {"Not": large}]}}, {"v": 11})


def test_and_and_or_look_no_further_than_they_must() -> None:
    there = {"Variable": "$.v", "IsPresent": True}
    missing = {"Variable": "$.v", "NumericEquals": 1}
    assert not decides({"And": [there, missing]}, {})
    assert decides({"Or": [{"Variable": "$.v", "IsPresent": False}, missing]}, {})


def test_the_first_rule_that_matches_counts() -> None:
    both = choice(
        {"Variable": "$.v", "IsNumeric": True, "Next": "No"}, {"Variable": "$.v", "NumericEquals": 1, "Next": "Yes"}
    )
    assert Player(machine(both), {"v": 1}).visited()[-1] == "No"


def test_without_a_match_the_default_is_next() -> None:
    assert Player(machine(choice({"Variable": "$.v", "NumericEquals": 1})), {"v": 2}).visited() == ["C", "No"]


def test_no_choice_matched_is_reported_as_a_runtime_error() -> None:
    played = Player(machine(choice({"Variable": "$.v", "NumericEquals": 1}, default=None)), {"v": 2})
    assert played.error == "States.Runtime"
    assert played.cause == f"An error occurred while executing the state 'C' (entered at the event id #2). {NO_NEXT}"


def test_input_path_and_output_path_of_a_choice() -> None:
    states = choice({"Variable": "$.v", "NumericEquals": 1}, InputPath="$.in", OutputPath="$.x")
    played = Player(machine(states), {"in": {"v": 1, "x": [5]}})
    assert played.visited()[-1] == "Yes"
    assert played.output == [5]


def test_the_variable_of_a_rule_may_be_in_the_context_object() -> None:
    assert decides({"Variable": "$$.StateMachine.Name", "StringEquals": "train"}, {})


# ---------------------------------------------------------------------- JSONata
def test_the_first_condition_that_is_true_counts() -> None:
    states = choice({"Condition": "{% $states.input.v > 5 %}", "Next": "Yes"}, {"Condition": True, "Next": "No"})
    assert Player(machine(states, QueryLanguage="JSONata"), {"v": 6}).visited()[-1] == "Yes"
    assert Player(machine(states, QueryLanguage="JSONata"), {"v": 5}).visited()[-1] == "No"


def test_a_condition_must_be_a_boolean() -> None:
    states = choice({"Condition": "{% $states.input.v %}"})
    played = Player(machine(states, QueryLanguage="JSONata"), {"v": "yes"})
    assert played.error == "States.QueryEvaluationError"
    assert "Expected 'boolean', but was 'string' for value: \"yes\"" in played.cause


def test_output_and_assign_of_the_chosen_rule_count_and_not_the_states() -> None:
    states = choice(
        {"Condition": "{% $states.input.v = 1 %}", "Output": {"from": "rule"}, "Assign": {"x": "rule"}},
        Output={"from": "state"},
        Assign={"x": "state"},
    )
    states["Yes"]["Output"] = states["No"]["Output"] = "{% {'in': $states.input.from, 'x': $x} %}"
    definition = machine(states, QueryLanguage="JSONata")
    assert Player(definition, {"v": 1}).output == {"in": "rule", "x": "rule"}
    assert Player(definition, {"v": 2}).output == {"in": "state", "x": "state"}


def test_a_rule_without_output_hands_the_input_on() -> None:
    states = choice({"Condition": True}, Output={"from": "state"})
    assert Player(
        machine(
            states,
            QueryLanguage="JSONata",
        ),
        {"v": 1},
    ).output == {"v": 1}


def test_assign_of_a_jsonpath_rule_counts_and_not_the_states() -> None:
    states = choice({"Variable": "$.v", "NumericEquals": 1, "Assign": {"x.$": "$.v"}}, Assign={"x": "state"})
    states["Yes"]["Parameters"] = states["No"]["Parameters"] = {"x.$": "$x"}
    assert Player(machine(states), {"v": 1}).output == {"x": 1}
    assert Player(machine(states), {"v": 2}).output == {"x": "state"}
