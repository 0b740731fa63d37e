"""What a definition may be. https://states-language.net/spec.html"""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.states import Fault, InvalidDefinition, parse
from tests.unit.engine.decide.states.player import FUNCTION, machine, one

TASK = {"Type": "Task", "Resource": FUNCTION, "End": True}
ENDS = {"Type": "Succeed"}
INNER = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}


def faults(definition: Any) -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        parse(definition)
    return [str(fault) for fault in caught.value.faults]


def fault(definition: Any) -> str:
    (only,) = faults(definition)
    return only


def state_fault(state: dict[str, Any], language: str = "JSONPath") -> str:
    return fault(one(state, QueryLanguage=language))


# ---------------------------------------------------------------------- the answer
def test_an_invalid_definition_is_awss_answer() -> None:
    with pytest.raises(AwsError) as caught:
        parse(machine({"A": {"Type": "Pass", "Next": "B"}}))
    assert caught.value.code == "InvalidDefinition"
    assert caught.value.message.startswith(
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next"
    )


def test_all_faults_are_listed_with_their_places() -> None:
    states = {
        "A": {"Type": "Pass", "Next": "Nowhere", "Foo": 1},
        "B": {"Type": "Wait", "Seconds": -1, "End": True},
        "C": {"Type": "Task", "End": True},
    }
    found = faults(machine(states))
    assert "SCHEMA_VALIDATION_FAILED: Field 'Foo' is not supported at /States/A" in found
    assert "SCHEMA_VALIDATION_FAILED: Value must be at least 0 at /States/B/Seconds" in found
    assert "SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/C" in found
    assert "MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/A/Next" in found
    assert 'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B' in found


def test_a_fault_is_data_too() -> None:
    with pytest.raises(InvalidDefinition) as caught:
        parse({})
    assert caught.value.faults[0] == Fault(
        "SCHEMA_VALIDATION_FAILED", "These fields are required: [States, StartAt]", "/"
    )


# ---------------------------------------------------------------------- the text
def test_a_definition_may_be_text() -> None:
    assert parse(json.dumps(one({"Type": "Pass"}))).flow.start_at == "S"


@pytest.mark.parametrize("text", ["", "not a definition", "{"])
def test_a_text_that_is_no_json_is_refused(text: str) -> None:
    assert fault(text).startswith("INVALID_JSON_DESCRIPTION")


@pytest.mark.parametrize("text", ["[]", '"x"', "5", "null"])
def test_a_definition_must_be_an_object(text: str) -> None:
    assert fault(text) == "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at /"


def test_a_field_that_is_there_twice_is_refused() -> None:
    text = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "A": {"Type": "Succeed"}}}'
    assert "Field 'A' is there more than once" in fault(text)


# ---------------------------------------------------------------------- the machine
def test_top_level_fields() -> None:
    definition = one({"Type": "Pass"}, Comment="c", Version="1.0", TimeoutSeconds=5, QueryLanguage="JSONPath")
    assert parse(definition).timeout_seconds == 5


@pytest.mark.parametrize(
    ("top", "words"),
    [
        ({"Foo": 1}, "Field 'Foo' is not supported"),
        ({"Comment": 1}, "Expected value of type String at /Comment"),
        ({"Version": "2.0"}, "Version must be '1.0'"),
        ({"TimeoutSeconds": 0}, "Value must be at least 1 at /TimeoutSeconds"),
        ({"TimeoutSeconds": "5"}, "Expected value of type Integer at /TimeoutSeconds"),
        ({"QueryLanguage": "XPath"}, "QueryLanguage should have one of these values: [JSONPath, JSONata]"),
    ],
)
def test_bad_top_level_fields(top: dict[str, Any], words: str) -> None:
    assert words in fault(one({"Type": "Pass"}, **top))


def test_a_jsonata_machine_has_no_jsonpath_states() -> None:
    found = fault(one({"Type": "Pass", "QueryLanguage": "JSONPath"}, QueryLanguage="JSONata"))
    assert found.endswith(
        "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/S"
    )


def test_a_jsonpath_machine_may_have_jsonata_states() -> None:
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 %}"}
    assert parse(one(state)).flow.states["S"].language == "JSONata"


# ---------------------------------------------------------------------- transitions
def test_start_at_must_name_a_state() -> None:
    assert (
        fault({"StartAt": "X", "States": {"A": ENDS}})
        == "MISSING_TRANSITION_TARGET: Missing 'StartAt' target: X at /StartAt"
    )


def test_targets_of_choices_defaults_and_catchers_must_exist() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "X"}], "Default": "Y"}
    found = faults(machine({"C": choice}))
    assert "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/C/Choices[0]/Next" in found
    assert "MISSING_TRANSITION_TARGET: Missing 'Default' target: Y at /States/C/Default" in found
    task = {**TASK, "Catch": [{"ErrorEquals": ["E"], "Next": "X"}]}
    assert "at /States/T/Catch[0]/Next" in fault(machine({"T": task}))


def test_a_state_that_cannot_be_reached_is_refused() -> None:
    assert 'State "B" is not reachable.' in fault(machine({"A": ENDS, "B": ENDS}))


def test_states_reached_by_catchers_and_rules_count() -> None:
    task = {**TASK, "Catch": [{"ErrorEquals": ["E"], "Next": "C"}]}
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "D"}], "Default": "E"}
    parse(machine({"T": task, "C": choice, "D": ENDS, "E": ENDS}))


def test_a_machine_without_an_end_is_refused() -> None:
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}
    assert fault(machine(states)) == "MISSING_END_STATE: No terminal state can be reached at /"


def test_inner_flows_lead_only_to_their_own_states() -> None:
    branch = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Next": "Out"}}}
    states = {"P": {"Type": "Parallel", "Branches": [branch], "Next": "Out"}, "Out": ENDS}
    found = faults(machine(states))
    assert "MISSING_TRANSITION_TARGET: Missing 'Next' target: Out at /States/P/Branches[0]/States/I/Next" in found


def test_names_of_states_are_unique_in_the_whole_machine() -> None:
    states = {"I": {"Type": "Parallel", "Branches": [INNER], "End": True}}
    assert fault(machine(states)) == "DUPLICATE_STATE_NAME: Duplicate state name: I at /States/I/Branches[0]/States/I"


def test_names_of_states_have_at_most_80_characters() -> None:
    parse(machine({"x" * 80: ENDS}))
    assert "1 to 80 characters" in fault(machine({"x" * 81: ENDS}))


# ---------------------------------------------------------------------- states
def test_the_type_must_be_known() -> None:
    found = fault(machine({"A": {"Type": "Foo", "Next": "E"}, "E": ENDS}))
    known = "[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]"
    assert f"The field 'Type' should have one of these values: {known} at /States/A/Type" in found


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"Type": "Pass"}, "These fields are required: one of [Next, End]"),
        ({"Type": "Pass", "End": False}, "These fields are required: one of [Next, End]"),
        ({"Type": "Pass", "Next": "S", "End": True}, "Only one of [Next, End] may be there"),
        ({"Type": "Choice", "End": True, "Choices": [{"Variable": "$", "IsNull": True, "Next": "S"}]}, "Field 'End'"),
        ({"Type": "Succeed", "Next": "S"}, "Field 'Next' is not supported"),
        ({"Type": "Fail", "InputPath": "$"}, "Field 'InputPath' is not supported"),
        ({"Type": "Wait", "End": True}, "one of [Seconds, SecondsPath, Timestamp, TimestampPath]"),
        ({"Type": "Wait", "Seconds": 1, "SecondsPath": "$.s", "End": True}, "Only one of [Seconds, SecondsPath]"),
        ({"Type": "Parallel", "End": True}, "These fields are required: [Branches]"),
        ({"Type": "Parallel", "Branches": [], "End": True}, "Value cannot be empty at /States/S/Branches"),
        ({"Type": "Map", "End": True}, "one of [ItemProcessor, Iterator]"),
        ({"Type": "Choice"}, "These fields are required: [Choices]"),
        ({"Type": "Choice", "Choices": []}, "Choices must be a non-empty array of Choice Rules"),
    ],
)
def test_fields_that_must_or_must_not_be_there(state: dict[str, Any], words: str) -> None:
    assert any(words in found for found in faults(machine({"S": state})))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"Type": "Pass", "InputPath": "a.b"}, "Value is not a valid JSONPath"),
        ({"Type": "Pass", "InputPath": 5}, "Expected value of type String"),
        ({"Type": "Pass", "ResultPath": "$.a[*]"}, "Value is not a Reference Path"),
        ({"Type": "Pass", "ResultPath": "$$.a"}, "ResultPath must begin with '$.'"),
        ({"Type": "Pass", "ResultPath": "$x.a"}, "ResultPath must begin with '$.'"),
        ({"Type": "Pass", "Parameters": 5}, "Expected value of type Object"),
        ({"Type": "Pass", "Parameters": {"a.$": "x"}}, "must be a valid JSONPath or a valid intrinsic function call"),
        ({"Type": "Pass", "Parameters": {"a.$": 5}}, "must be a valid JSONPath or a valid intrinsic function call"),
        ({"Type": "Pass", "Parameters": {"a.$": "$.x", "a": 1}}, "Field 'a' is there twice"),
        ({"Type": "Pass", "Assign": [1]}, "Expected value of type Object"),
        ({"Type": "Wait", "Timestamp": "tomorrow"}, "String does not match RFC3339 timestamp at /States/S/Timestamp"),
        ({"Type": "Wait", "SecondsPath": "$..x"}, "Value is not a Reference Path"),
        ({"Type": "Fail", "Error": 5}, "Expected value of type String"),
        ({"Type": "Fail", "Error": "E", "ErrorPath": "$.e"}, "Only one of [Error, ErrorPath]"),
        ({"Type": "Fail", "CausePath": "States.Nope()"}, "must be a valid JSONPath or a valid intrinsic"),
        ({**TASK, "TimeoutSeconds": 0}, "Value must be at least 1"),
        ({**TASK, "TimeoutSeconds": 100_000_000}, "Value must be at most 99999999"),
        ({**TASK, "TimeoutSeconds": 5, "HeartbeatSeconds": 5}, "HeartbeatSeconds must be smaller than TimeoutSeconds"),
        (
            {**TASK, "TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t"},
            "Only one of [TimeoutSeconds, TimeoutSecondsPath]",
        ),
        ({**TASK, "Credentials": {}}, "The field 'RoleArn' is required but was missing at /States/S/Credentials"),
    ],
)
def test_bad_values_of_fields(state: dict[str, Any], words: str) -> None:
    assert words in state_fault(state)


# ---------------------------------------------------------------------- query languages
@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "Parameters": {}},
        {"Type": "Pass", "Result": 1},
        {"Type": "Pass", "InputPath": "$"},
        {"Type": "Pass", "ResultPath": "$"},
        {"Type": "Succeed", "OutputPath": "$"},
        {**TASK, "ResultSelector": {}},
        {**TASK, "TimeoutSecondsPath": "$.t"},
        {"Type": "Fail", "ErrorPath": "$.e"},
        {"Type": "Map", "ItemProcessor": INNER, "ItemsPath": "$.a"},
        {"Type": "Map", "ItemProcessor": INNER, "MaxConcurrencyPath": "$.a"},
    ],
)
def test_fields_of_jsonpath_are_refused_in_jsonata_states(state: dict[str, Any]) -> None:
    assert "is not supported when the QueryLanguage is JSONata, only with JSONPath" in state_fault(state, "JSONata")


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "Output": 1},
        {"Type": "Succeed", "Output": 1},
        {**TASK, "Arguments": {}},
        {"Type": "Map", "ItemProcessor": INNER, "Items": []},
    ],
)
def test_fields_of_jsonata_are_refused_in_jsonpath_states(state: dict[str, Any]) -> None:
    assert "is not supported when the QueryLanguage is JSONPath, only with JSONata" in state_fault(state)


def test_expressions_are_no_values_in_jsonpath_states() -> None:
    assert "Expected value of type Integer" in state_fault({**TASK, "TimeoutSeconds": "{% 5 %}"})


@pytest.mark.parametrize(
    ("state", "location"),
    [
        ({"Type": "Pass", "Output": {"a": ["{% ( %}"]}}, "/States/S/Output/a[0]"),
        ({"Type": "Pass", "Assign": {"x": "{% ( %}"}}, "/States/S/Assign/x"),
        ({**TASK, "Arguments": "{% ( %}"}, "/States/S/Arguments"),
        ({**TASK, "TimeoutSeconds": "{% ( %}"}, "/States/S/TimeoutSeconds"),
        ({**TASK, "Catch": [{"ErrorEquals": ["E"], "Next": "S", "Output": "{% ( %}"}]}, "/States/S/Catch[0]/Output"),
        ({"Type": "Wait", "Seconds": "{% ( %}"}, "/States/S/Seconds"),
        ({"Type": "Fail", "Error": "{% ( %}"}, "/States/S/Error"),
        ({"Type": "Map", "ItemProcessor": INNER, "Items": "{% ( %}"}, "/States/S/Items"),
    ],
)
def test_bad_jsonata_is_found_wherever_it_is(state: dict[str, Any], location: str) -> None:
    found = state_fault(state, "JSONata")
    assert "Invalid JSONata expression '('" in found
    assert found.endswith(f"at {location}")


def test_items_must_be_an_array_or_an_expression() -> None:
    state = {"Type": "Map", "ItemProcessor": INNER, "Items": {"a": 1}}
    assert "Items must be an array or a JSONata expression" in state_fault(state, "JSONata")


# ---------------------------------------------------------------------- Choice
@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"Variable": "$.a", "NumericEquals": 1}, "These fields are required: [Next]"),
        ({"NumericEquals": 1, "Next": "E"}, "These fields are required: [Variable]"),
        ({"Variable": "$.a", "Next": "E"}, "exactly one comparison operator, not 0"),
        ({"Variable": "$.a", "IsNull": True, "IsString": True, "Next": "E"}, "exactly one comparison operator, not 2"),
        ({"Variable": "$.a", "NumericEquals": "1", "Next": "E"}, "Expected value of type Number"),
        ({"Variable": "$.a", "StringEquals": 1, "Next": "E"}, "Expected value of type String"),
        ({"Variable": "$.a", "BooleanEquals": "x", "Next": "E"}, "Expected value of type Boolean"),
        ({"Variable": "$.a", "IsPresent": 1, "Next": "E"}, "Expected value of type Boolean"),
        ({"Variable": "$.a", "TimestampEquals": "x", "Next": "E"}, "String does not match RFC3339 timestamp"),
        ({"Variable": "$.a", "StringMatches": "a\\b", "Next": "E"}, "A backslash must stand before"),
        ({"Variable": "$.a", "NumericEqualsPath": "b", "Next": "E"}, "Value is not a valid JSONPath"),
        ({"Variable": "$.a", "Foo": 1, "IsNull": True, "Next": "E"}, "Field 'Foo' is not supported"),
        ({"And": [], "Next": "E"}, "And must be a non-empty array of Choice Rules"),
        ({"Not": [], "Next": "E"}, "A Choice Rule must be an object"),
        ({"Or": [{"Variable": "$.a", "IsNull": True, "Next": "E"}], "Next": "E"}, "Field 'Next' is not supported"),
        ({"Condition": True, "Next": "E"}, "Field 'Condition' is not supported"),
        (5, "A Choice Rule must be an object"),
    ],
)
def test_bad_rules_of_a_jsonpath_choice(rule: Any, words: str) -> None:
    definition = machine({"C": {"Type": "Choice", "Choices": [rule], "Default": "E"}, "E": ENDS})
    assert any(words in found and "/States/C/Choices[0]" in found for found in faults(definition))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"Next": "E"}, "These fields are required: [Condition]"),
        ({"Condition": "yes", "Next": "E"}, "Expected value of type Boolean"),
        ({"Condition": "{% ( %}", "Next": "E"}, "Invalid JSONata expression"),
        ({"Condition": True, "Variable": "$.a", "Next": "E"}, "Field 'Variable' is not supported"),
    ],
)
def test_bad_rules_of_a_jsonata_choice(rule: Any, words: str) -> None:
    states = {"C": {"Type": "Choice", "Choices": [rule], "Default": "E"}, "E": ENDS}
    assert words in fault(machine(states, QueryLanguage="JSONata"))


# ---------------------------------------------------------------------- Retry and Catch
@pytest.mark.parametrize(
    ("retry", "words"),
    [
        ({}, "Expected value of type Array"),
        ([5], "Expected value of type Object"),
        ([{}], "ErrorEquals must be a non-empty array of strings"),
        ([{"ErrorEquals": []}], "ErrorEquals must be a non-empty array of strings"),
        ([{"ErrorEquals": [1]}], "ErrorEquals must be a non-empty array of strings"),
        ([{"ErrorEquals": ["States.ALL", "E"]}], "'States.ALL' must stand alone, and in the last entry"),
        ([{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}], "'States.ALL' must stand alone"),
        ([{"ErrorEquals": ["E"], "IntervalSeconds": 0}], "Value must be at least 1"),
        ([{"ErrorEquals": ["E"], "MaxAttempts": -1}], "Value must be at least 0"),
        ([{"ErrorEquals": ["E"], "MaxAttempts": 1.5}], "Expected value of type Integer"),
        ([{"ErrorEquals": ["E"], "BackoffRate": 0.9}], "Value must be at least 1"),
        ([{"ErrorEquals": ["E"], "MaxDelaySeconds": 1, "IntervalSeconds": 1}], "greater than IntervalSeconds"),
        ([{"ErrorEquals": ["E"], "JitterStrategy": "SOME"}], "JitterStrategy must be one of ['FULL', 'NONE']"),
        ([{"ErrorEquals": ["E"], "Next": "S"}], "Field 'Next' is not supported"),
    ],
)
def test_bad_retriers(retry: Any, words: str) -> None:
    assert words in state_fault({**TASK, "Retry": retry})


@pytest.mark.parametrize(
    ("catch", "words"),
    [
        ({}, "Expected value of type Array"),
        ([{"Next": "S"}], "ErrorEquals must be a non-empty array of strings"),
        ([{"ErrorEquals": ["E"]}], "These fields are required: [Next]"),
        ([{"ErrorEquals": ["E"], "Next": "S", "Output": 1}], "Field 'Output' is not supported"),
        ([{"ErrorEquals": ["E"], "Next": "S", "ResultPath": "$.a[*]"}], "Value is not a Reference Path"),
        ([{"ErrorEquals": ["States.ALL"], "Next": "S"}, {"ErrorEquals": ["E"], "Next": "S"}], "must stand alone"),
    ],
)
def test_bad_catchers(catch: Any, words: str) -> None:
    assert words in state_fault({**TASK, "Catch": catch})


def test_retry_and_catch_may_be_empty() -> None:
    parse(one({**TASK, "Retry": [], "Catch": []}))


# ---------------------------------------------------------------------- Map
@pytest.mark.parametrize("field", ["ItemReader", "ResultWriter", "Label"])
def test_fields_of_the_distributed_map_are_refused_by_name(field: str) -> None:
    found = state_fault({"Type": "Map", "ItemProcessor": INNER, field: {}})
    assert found.startswith(
        f"NOT_IMPLEMENTED: {field} (a field of the Distributed Map) is not implemented by the local engine"
    )


def test_the_distributed_map_is_refused_by_name() -> None:
    processor = {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    found = state_fault({"Type": "Map", "ItemProcessor": processor})
    assert found == (
        "NOT_IMPLEMENTED: Map with ProcessorConfig.Mode DISTRIBUTED is not implemented by the local engine "
        "at /States/S/ItemProcessor/ProcessorConfig/Mode"
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"Iterator": INNER}, "Only one of [ItemProcessor, Iterator]"),
        ({"ItemSelector": {}, "Parameters": {}}, "Only one of [ItemSelector, Parameters]"),
        ({"MaxConcurrency": -1}, "Value must be at least 0"),
        ({"ToleratedFailurePercentage": 101}, "Value must be at most 100"),
        ({"ItemBatcher": {}}, "one of [MaxItemsPerBatch, MaxInputBytesPerBatch]"),
        ({"ItemBatcher": {"MaxItemsPerBatch": 0}}, "Value must be at least 1"),
        ({"ItemBatcher": {"MaxItemsPerBatch": 1, "MaxItemsPerBatchPath": "$.n"}}, "Only one of [MaxItemsPerBatch"),
        ({"ItemBatcher": {"MaxItemsPerBatch": 1, "Foo": 1}}, "Field 'Foo' is not supported"),
        ({"ItemProcessor": {**INNER, "ProcessorConfig": {"Mode": "X"}}}, "Mode should have one of these values"),
        ({"ItemProcessor": {**INNER, "ProcessorConfig": {"ExecutionType": "EXPRESS"}}}, "Field 'ExecutionType'"),
        ({"ItemProcessor": {**INNER, "Foo": 1}}, "Field 'Foo' is not supported"),
        ({"ItemProcessor": {"StartAt": "I"}}, "These fields are required: [States]"),
    ],
)
def test_bad_fields_of_a_map(fields: dict[str, Any], words: str) -> None:
    found = faults(one({"Type": "Map", "ItemProcessor": INNER, **fields}))
    assert any(words in one for one in found)


@pytest.mark.parametrize("value", ["NaN", "1e999", "-Infinity", '"\\ud800"', "1" * 5000, "[" * 300 + "]" * 300])
def test_what_python_takes_for_json_and_nobody_else(value: str) -> None:
    state = f'{{"Type": "Pass", "Result": {value}, "End": true}}'
    assert fault(f'{{"StartAt": "P", "States": {{"P": {state}}}}}').startswith("INVALID_JSON_DESCRIPTION")


def test_a_start_that_is_no_name_is_named() -> None:
    assert "StartAt" in " ".join(faults({"StartAt": [["a"]], "States": {"A": ENDS}}))
