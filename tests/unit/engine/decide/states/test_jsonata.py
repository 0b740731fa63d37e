"""JSONata in states. https://states-language.net/spec.html#jsonata-concepts

The functions that Step Functions adds: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from mlsystem.engine.decide.states import InvalidDefinition
from tests.unit.engine.decide.states.player import FUNCTION, START, Player, jsonata, machine


def evaluate(expression: str, input: Any = None) -> Any:
    return Player(jsonata({"Type": "Pass", "Output": "{% " + expression + " %}"}), input).output


def failure(expression: str, input: Any = None) -> str:
    played = Player(jsonata({"Type": "Pass", "Output": {"x": "{% " + expression + " %}"}}), input)
    assert played.error == "States.QueryEvaluationError"
    return played.cause


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 1", 2),
        ("6 / 2", 3),
        ("7 / 2", 3.5),
        ("$states.input.n", None),
        ("$states.input.list", [1, None, 3]),
        ("$states.input.big", 2**60),
        ("{'a': $states.input.n, 'b': $states.input.missing}", {"a": None}),
        ("$states.input.n = null", True),
        ("$exists($states.input.missing)", False),
        ("$states.input.list[$ = 3]", 3),
        ("[1..4]", [1, 2, 3, 4]),
        ("$map([1, 2], function($v) { $v * 2 })", [2, 4]),
        ("($product := function($x, $y) { $x * $y }; $reduce([1..5], $product))", 120),
        ("$states.input.text & '!'", "é!"),
        ("$uppercase('a') ~> $lowercase()", "a"),
        ("$contains('abc', /b./)", True),
        ("[]", []),
        ("{}", {}),
        ("''", ""),
    ],
)
def test_an_expression_gives_json(expression: str, value: Any) -> None:
    found = evaluate(expression, {"n": None, "list": [1, None, 3], "big": 2**60, "text": "é"})
    assert found == value
    assert type(found) is type(value)


def test_whole_numbers_stay_whole() -> None:
    found = evaluate("{'one': 1, 'sum': $sum([1, 2]), 'in': $states.input.i}", {"i": 5})
    assert all(type(value) is int for value in found.values())


def test_only_strings_in_braces_and_percent_signs_are_expressions() -> None:
    output = {"a": "{% 1 %}", "b": " {% 1 %}", "c": "{% 1 %} ", "d": "$states.input", "e": ["{%2%}", {"f": "{% 3 %}"}]}
    expected = {"a": 1, "b": " {% 1 %}", "c": "{% 1 %} ", "d": "$states.input", "e": [2, {"f": 3}]}
    assert Player(jsonata({"Type": "Pass", "Output": output})).output == expected


def test_states_result_is_there_for_output_and_assign_only() -> None:
    state = {
        "Type": "Task",
        "Resource": FUNCTION,
        "Arguments": {"has": "{% $exists($states.result) %}"},
        "Output": {"has": "{% $exists($states.result) %}", "error": "{% $exists($states.errorOutput) %}"},
    }
    played = Player(jsonata(state))
    assert played.task.parameters == {"has": False}
    played.succeed(1)
    assert played.output == {"has": True, "error": False}


def test_an_undefined_result_is_an_error() -> None:
    assert failure("$states.input.missing").endswith(
        "The JSONata expression '$states.input.missing' specified for the field 'Output/x' returned nothing (undefined)."
    )


def test_a_result_that_json_cannot_say_is_an_error() -> None:
    for expression in ("$sum", "function($x) { $x }", "/a/"):
        assert failure(expression).endswith("specified for the field 'Output/x' returned an unsupported result type.")


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("'a' + 1", "T2001"),
        ("$nope()", "T1006: Attempted to invoke a non-function"),
        ("$error('my words')", "my words"),
        ("1 / 0", "division by zero"),
        ("$number('x')", "could not convert"),
    ],
)
def test_an_expression_that_throws_is_an_error(expression: str, words: str) -> None:
    cause = failure(expression)
    assert "threw an error during evaluation" in cause
    assert words in cause


def test_an_expression_that_does_not_end_is_an_error() -> None:
    assert "does not end, or nests too deeply" in failure("($f := function($n) { 1 + $f($n + 1) }; $f(1))")


def test_an_error_names_its_field_in_the_history() -> None:
    played = Player(jsonata({"Type": "Pass", "Output": {"x": {"y": ["{% $states.input.missing %}"]}}}))
    details = played.events("EvaluationFailed")[0].details["evaluationFailedEventDetails"]
    assert (details["state"], details["location"]) == ("S", "Output/x/y[0]")
    assert details["error"] == "States.QueryEvaluationError"


def test_bad_syntax_is_refused_with_the_definition() -> None:
    with pytest.raises(InvalidDefinition, match=r"Invalid JSONata expression '1 \+' *: .*at /States/S/Output/x"):
        Player(jsonata({"Type": "Pass", "Output": {"x": "{% 1 + %}"}}))


def test_a_variable_inside_an_expression_is_none_of_the_state_machine() -> None:
    states = {
        "A": {"Type": "Pass", "Output": "{% ($x := 5; $x) %}", "Next": "B"},
        "B": {"Type": "Pass", "Output": "{% $exists($x) %}", "End": True},
    }
    assert Player(machine(states, QueryLanguage="JSONata")).output is False


def test_expressions_do_not_change_what_they_see() -> None:
    given = {"a": {"b": [3, 1, 2]}}
    assert evaluate("($sort($states.input.a.b); $states.input ~> |a|{'c': 1}|; $states.input)", given) == given


# ---------------------------------------------------------------------- Step Functions' own functions
def test_partition() -> None:
    assert evaluate("$partition([1, 2, 3, 4, 5], 2)") == [[1, 2], [3, 4], [5]]
    assert "positive integer" in failure("$partition([1], 0)")


def test_range() -> None:
    assert evaluate("$range(0, 10, 3)") == [0, 3, 6, 9]
    assert evaluate("$range(5, 1, -2)") == [5, 3, 1]
    assert "must not be zero" in failure("$range(1, 2, 0)")
    assert "must be an integer" in failure("$range(1, 2, 0.5)")


def test_hash() -> None:
    assert evaluate("$hash('input data', 'SHA-1')") == "aaff4a450a104cd177d28d18d74485e8cae074b7"
    assert evaluate("$hash({'a': 1}, 'MD5')") == evaluate("""$hash('{"a":1}', 'MD5')""")
    assert "must be one of" in failure("$hash('x', 'CRC')")


def test_random() -> None:
    assert 0 <= evaluate("$random()") < 1
    assert evaluate("$random(7)") == evaluate("$random(7)")
    assert evaluate("$random(7)") != evaluate("$random(8)")
    assert evaluate("$random() = $random()") is False


def test_uuid() -> None:
    assert uuid.UUID(evaluate("$uuid()")).version == 4
    assert evaluate("$uuid() = $uuid()") is False


def test_parse() -> None:
    assert evaluate("$parse($states.input)", '{"a": [1, null]}') == {"a": [1, None]}
    assert evaluate("$parse('null')") is None
    assert "threw an error" in failure("$parse('{')")
    assert "must be a string" in failure("$parse(5)")


def test_eval_is_not_supported() -> None:
    assert "$eval is not supported" in failure("$eval('1')")


def test_now_and_millis_are_the_time_of_the_event() -> None:
    assert evaluate("$millis()") == round(START * 1000)
    assert evaluate("$now()") == "2023-11-14T22:13:20.250Z"
    assert evaluate("$now('[Y0001]')") == "2023"
    states = {
        "W": {"Type": "Wait", "Seconds": 60, "Next": "P"},
        "P": {"Type": "Pass", "Output": "{% $millis() %}", "End": True},
    }
    played = Player(machine(states, QueryLanguage="JSONata"))
    played.fire()
    assert played.output == round((START + 60) * 1000)


def test_shuffle_repeats_for_the_same_execution() -> None:
    found = evaluate("$shuffle([1..20])")
    assert sorted(found) == list(range(1, 21))
    assert found != sorted(found)
    assert evaluate("$shuffle([1..20])") == found


@pytest.mark.parametrize(
    "expression",
    [
        "$pad('a', 1000000000)",
        "$pad('a', -1000000000)",
        "$join([1..1000].'a', $pad('', 10000, 'b'))",
        "$replace($pad('a', 10000, 'a'), 'a', $pad('b', 10000, 'b'))",
        "($f := function($t, $n) { $n = 0 ? $t : $f($t & $t, $n - 1) }; $length($f('ab', 60)))",
        "$count([1..5000000])",
    ],
)
def test_an_expression_cannot_fill_the_memory(expression: str) -> None:
    assert failure(expression) != ""
