"""Pass states. https://states-language.net/spec.html#pass-state and #filters"""

from __future__ import annotations

from tests.unit.engine.decide.states.player import Player, jsonata, machine, one


def test_a_pass_state_hands_its_input_on() -> None:
    assert Player(one({"Type": "Pass"}), {"a": [1, None]}).output == {"a": [1, None]}


def test_the_result_of_a_pass_state_replaces_the_input() -> None:
    assert Player(one({"Type": "Pass", "Result": {"x": 1}}), {"a": 1}).output == {"x": 1}


def test_a_null_result_is_a_result() -> None:
    assert Player(one({"Type": "Pass", "Result": None}), {"a": 1}).output is None


def test_paths_in_a_result_stay_text() -> None:
    assert Player(one({"Type": "Pass", "Result": {"p.$": "$.a"}}), {"a": 1}).output == {"p.$": "$.a"}


def test_result_path_puts_the_result_into_the_input() -> None:
    played = Player(one({"Type": "Pass", "Result": 6, "ResultPath": "$.master.result.sum"}), {"master": {"d": [1]}})
    assert played.output == {"master": {"d": [1], "result": {"sum": 6}}}


def test_result_path_overwrites_what_is_there() -> None:
    played = Player(one({"Type": "Pass", "Result": 6, "ResultPath": "$.master.d"}), {"master": {"d": [1, 2]}})
    assert played.output == {"master": {"d": 6}}


def test_result_path_replaces_an_item_of_an_array() -> None:
    assert Player(one({"Type": "Pass", "Result": 9, "ResultPath": "$.a[1]"}), {"a": [1, 2, 3]}).output == {
        "a": [1, 9, 3]
    }


def test_a_null_result_path_drops_the_result() -> None:
    assert Player(one({"Type": "Pass", "Result": 6, "ResultPath": None}), {"a": 1}).output == {"a": 1}


def test_a_result_path_that_does_not_fit_the_input_is_a_result_path_match_failure() -> None:
    played = Player(one({"Type": "Pass", "Result": 6, "ResultPath": "$.x"}), "foo")
    assert played.error == "States.ResultPathMatchFailure"
    assert "Unable to apply Reference Path $.x to input" in played.cause


def test_input_path_selects_what_the_state_sees() -> None:
    assert Player(one({"Type": "Pass", "InputPath": "$.a.b"}), {"a": {"b": [1]}}).output == [1]


def test_a_null_input_path_is_an_empty_object() -> None:
    assert Player(one({"Type": "Pass", "InputPath": None}), {"a": 1}).output == {}


def test_output_path_selects_what_the_state_gives() -> None:
    assert Player(one({"Type": "Pass", "OutputPath": "$.a"}), {"a": 1, "b": 2}).output == 1


def test_a_null_output_path_is_an_empty_object() -> None:
    assert Player(one({"Type": "Pass", "OutputPath": None}), {"a": 1}).output == {}


def test_output_path_applies_after_result_path() -> None:
    state = {"Type": "Pass", "Result": 6, "ResultPath": "$.sum", "OutputPath": "$.sum"}
    assert Player(one(state), {"a": 1}).output == 6


def test_parameters_of_a_pass_state_become_its_result() -> None:
    state = {
        "Type": "Pass",
        "InputPath": "$.numbers",
        "Parameters": {"first.$": "$.vals[0]", "last.$": "$.vals[-2:]", "fixed": {"deep.$": "$.name"}, "flag": True},
    }
    played = Player(one(state), {"numbers": {"vals": [0, 10, 20], "name": "n"}})
    assert played.output == {"first": 0, "last": [10, 20], "fixed": {"deep": "n"}, "flag": True}


def test_templates_are_filled_inside_arrays_too() -> None:
    state = {"Type": "Pass", "Parameters": {"list": [{"x.$": "$.a"}, "$.a", 1]}}
    assert Player(one(state), {"a": 5}).output == {"list": [{"x": 5}, "$.a", 1]}


def test_an_indefinite_path_gives_an_array_even_if_nothing_matches() -> None:
    state = {"Type": "Pass", "Parameters": {"none.$": "$.items[*].x", "two.$": "$.a[0,1]"}}
    assert Player(one(state), {"a": [1, 2, 3]}).output == {"none": [], "two": [1, 2]}


def test_a_parameter_path_that_finds_nothing_is_reported_as_a_runtime_error() -> None:
    played = Player(one({"Type": "Pass", "Parameters": {"x.$": "$.missing"}}), {"a": 1})
    assert played.error == "States.Runtime"
    assert played.cause == (
        "An error occurred while executing the state 'S' (entered at the event id #2). The JSONPath '$.missing' "
        "specified for the field 'x.$' could not be found in the input '{\"a\":1}'"
    )


def test_an_output_path_that_finds_nothing_is_a_runtime_error() -> None:
    played = Player(one({"Type": "Pass", "OutputPath": "$.no.such"}), {})
    assert played.cause.endswith("Invalid path '$.no.such' : Missing property in path $['no']")


def test_output_of_a_jsonata_pass_state_replaces_the_input() -> None:
    played = Player(jsonata({"Type": "Pass", "Output": {"sum": "{% $states.input.a + 1 %}", "k": [1, "x"]}}), {"a": 2})
    assert played.output == {"sum": 3, "k": [1, "x"]}


def test_a_jsonata_pass_state_without_output_hands_its_input_on() -> None:
    assert Player(jsonata({"Type": "Pass"}), {"a": 2}).output == {"a": 2}


def test_states_follow_each_other_with_the_output_of_one_as_the_input_of_the_next() -> None:
    states = {"A": {"Type": "Pass", "Result": 1, "Next": "B"}, "B": {"Type": "Pass", "End": True}}
    played = Player(machine(states))
    assert played.output == 1
    assert played.visited() == ["A", "B"]
