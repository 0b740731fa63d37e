"""The intrinsic functions. https://states-language.net/spec.html#appendix-b"""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from mlsystem.engine.decide.states.intrinsics import FUNCTIONS
from tests.unit.engine.decide.states.player import Player, one


def call(text: str, input: Any = None) -> Any:
    return Player(one({"Type": "Pass", "Parameters": {"r.$": text}}), input).output["r"]


def failure(text: str, input: Any = None) -> str:
    """What goes wrong: AWS reports States.IntrinsicFailure as States.Runtime."""
    played = Player(one({"Type": "Pass", "Parameters": {"r.$": text}}), input)
    assert played.error == "States.Runtime"
    return played.cause


def test_there_are_eighteen() -> None:
    assert len(FUNCTIONS) == 18


def test_states_format() -> None:
    assert call("States.Format('Hello {}, it is {}', $.name, 2020)", {"name": "Foo"}) == "Hello Foo, it is 2020"
    assert call("States.Format($.t, true, null)", {"t": "{}-{}"}) == "true-null"
    assert call("States.Format('{} {}', 1.5, 'x')") == "1.5 x"
    assert call("States.Format('none')") == "none"


def test_states_format_leaves_escaped_braces_alone() -> None:
    assert call(r"States.Format('\{\} {} \'\\', 1)") == "{} 1 '\\"


def test_states_format_writes_objects_as_aws_does() -> None:
    assert call("States.Format('{}', $.o)", {"o": {"a": 1, "b": []}}) == "{a=1, b=[]}"


def test_states_format_counts_its_arguments() -> None:
    assert "1 times '{}' for 2 further arguments" in failure("States.Format('{}', 1, 2)")
    assert "must be a string" in failure("States.Format(5, 1)")


def test_states_string_to_json() -> None:
    assert call("States.StringToJson($.s)", {"s": '{"number": 20}'}) == {"number": 20}
    assert call("""States.StringToJson('{"a": [1, null]}')""") == {"a": [1, None]}
    assert call("States.StringToJson('')") is None
    assert "is not a JSON text" in failure("States.StringToJson('{')")


def test_states_json_to_string() -> None:
    assert call("States.JsonToString($.j)", {"j": {"name": "Foo", "year": 2020}}) == '{"name":"Foo","year":2020}'
    assert call("States.JsonToString($.j)", {"j": "é"}) == '"é"'


def test_states_array() -> None:
    assert call("States.Array('Foo', 2020, $.j, null)", {"j": {"k": 1}}) == ["Foo", 2020, {"k": 1}, None]
    assert call("States.Array()") == []


def test_states_array_partition() -> None:
    assert call("States.ArrayPartition($.a,4)", {"a": [1, 2, 3, 4, 5, 6, 7, 8, 9]}) == [[1, 2, 3, 4], [5, 6, 7, 8], [9]]
    assert call("States.ArrayPartition($.a, 4)", {"a": []}) == []
    assert "positive" in failure("States.ArrayPartition($.a, 0)", {"a": [1]})
    assert "must be an array" in failure("States.ArrayPartition($.a, 1)", {"a": 1})


def test_states_array_contains() -> None:
    assert call("States.ArrayContains($.a, $.x)", {"a": [1, 2], "x": 2}) is True
    assert call("States.ArrayContains($.a, $.x)", {"a": [[1], {"k": 1}], "x": {"k": 1.0}}) is True
    assert call("States.ArrayContains($.a, $.x)", {"a": [1], "x": True}) is False


def test_states_array_range() -> None:
    assert call("States.ArrayRange(1, 9, 2)") == [1, 3, 5, 7, 9]
    assert call("States.ArrayRange(9, 1, -4)") == [9, 5, 1]
    assert call("States.ArrayRange(1, 9, 9)") == [1]
    assert "must not be zero" in failure("States.ArrayRange(1, 9, 0)")
    assert "1001 items, more than 1000" in failure("States.ArrayRange(0, 1000, 1)")


def test_states_array_get_item() -> None:
    assert call("States.ArrayGetItem($.a, 5)", {"a": [1, 2, 3, 4, 5, 6]}) == 6
    assert "no item 6" in failure("States.ArrayGetItem($.a, 6)", {"a": [1, 2, 3, 4, 5, 6]})


def test_states_array_length() -> None:
    assert call("States.ArrayLength($.a)", {"a": [1, 2, 3]}) == 3


def test_states_array_unique() -> None:
    given = [1, 2, 3, 3, 1.0, True, [1], [1], {"a": 1}, {"a": 1}, None, None]
    assert call("States.ArrayUnique($.a)", {"a": given}) == [1, 2, 3, True, [1], {"a": 1}, None]


def test_states_base64_encode() -> None:
    assert call("States.Base64Encode('Data to encode')") == "RGF0YSB0byBlbmNvZGU="
    assert "10001 characters, more than 10000" in failure("States.Base64Encode($.s)", {"s": "x" * 10_001})


def test_states_base64_decode() -> None:
    assert call("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')") == "Data to encode"
    assert "not text in Base64" in failure("States.Base64Decode('***')")


@pytest.mark.parametrize(
    ("algorithm", "start"),
    [
        ("MD5", "812f4584"),
        ("SHA-1", "aaff4a45"),
        ("SHA-256", "b4a697a0"),
        ("SHA-384", "d28a7d5c"),
        ("SHA-512", "6ce4adb3"),
    ],
)
def test_states_hash(algorithm: str, start: str) -> None:
    assert call("States.Hash('input data', $.a)", {"a": algorithm}).startswith(start)


def test_states_hash_takes_the_text_of_anything_else() -> None:
    assert call("States.Hash($.o, 'MD5')", {"o": {"a": 1}}) == call("""States.Hash('{"a":1}', 'MD5')""")
    assert "must be one of MD5, SHA-1" in failure("States.Hash('x', 'CRC')")


def test_states_json_merge() -> None:
    given = {"a": {"x": {"a1": 1, "a2": 2}, "b": 2}, "b": {"x": {"a3": 1}, "c": 3}}
    assert call("States.JsonMerge($.a, $.b, false)", given) == {"x": {"a3": 1}, "b": 2, "c": 3}
    assert call("States.JsonMerge($.a, $.b, true)", given) == {"x": {"a1": 1, "a2": 2, "a3": 1}, "b": 2, "c": 3}
    assert "must be objects" in failure("States.JsonMerge(1, $.b, false)", given)
    assert "third argument" in failure("States.JsonMerge($.a, $.b, 1)", given)


def test_states_math_random() -> None:
    found = [call(f"States.MathRandom(1, 999, {seed})") for seed in range(20)]
    assert all(1 <= number < 999 for number in found)
    assert len(set(found)) > 10
    assert call("States.MathRandom(1, 999, 7)") == call("States.MathRandom(1, 999, 7)") == found[7]
    assert call("States.MathRandom(5, 6)") == 5
    assert "must be below" in failure("States.MathRandom(6, 5)")


def test_states_math_random_without_seed_differs_from_call_to_call() -> None:
    found = call("States.Array(States.MathRandom(0, 1000000), States.MathRandom(0, 1000000))")
    assert found[0] != found[1]


def test_states_math_add() -> None:
    assert call("States.MathAdd($.v, -1)", {"v": 111}) == 110
    assert [call("States.MathAdd($, 0)", value) for value in (1.49, 1.5, -1.5, -1.51, 2.5)] == [1, 2, -1, -2, 3]
    assert "must be a number" in failure("States.MathAdd('1', 1)")


def test_states_string_split() -> None:
    assert call("States.StringSplit('1,2,3', ',')") == ["1", "2", "3"]
    assert call("States.StringSplit('This.is+a,test=string', '.+,=')") == ["This", "is", "a", "test", "string"]
    assert call("States.StringSplit(',,a,,', ',')") == ["a"]


def test_states_uuid() -> None:
    found = call("States.Array(States.UUID(), States.UUID())")
    assert [uuid.UUID(one).version for one in found] == [4, 4]
    assert found[0] != found[1]
    assert call("States.UUID()") == call("States.UUID()"), "the same execution draws the same"


def test_calls_nest() -> None:
    assert call("States.ArrayGetItem(States.StringSplit($.arn, ':/'), 1)", {"arn": "a:b/c"}) == "b"


def test_arguments_may_be_paths_with_filters_and_commas() -> None:
    given = {"l": [{"n": "a,b)", "v": 1}, {"n": "c", "v": 2}]}
    assert call("States.ArrayGetItem($.l[?(@.n == 'a,b)')].v, 0)", given) == 1
    assert call("States.ArrayLength( $.l[*] )", given) == 2


def test_arguments_may_be_in_the_context_object() -> None:
    assert call("States.Format('{}', $$.Execution.Name)") == "run-1"


def test_a_path_in_a_call_that_finds_nothing_is_a_runtime_error() -> None:
    assert "The JSONPath '$.x' specified for the field 'r.$' could not be found" in failure("States.Array($.x)")


@pytest.mark.parametrize(
    "text",
    [
        "States.Nope()",
        "States.ArrayLength()",
        "States.ArrayLength($.a, 1)",
        "States.Array('a'",
        "States.Array('a',)",
        "States.Array('a' 'b')",
        "States.Array(a)",
        r"States.Array('\n')",
        "States.Array() and more",
        "States.UUID",
        "Other.Function()",
        "States.Array(" * 11 + ")" * 11,
    ],
)
def test_what_is_no_call_is_refused_with_the_definition(text: str) -> None:
    from mlsystem.engine.decide.states import InvalidDefinition

    with pytest.raises(
        InvalidDefinition, match="must be a valid JSONPath or a valid intrinsic function call"
    ) as caught:
        call(text)
    assert re.search(r"at /States/S/Parameters$", str(caught.value.faults[0]))


def test_ten_calls_may_nest() -> None:
    assert call("States.Array(" * 10 + ")" * 10) == [[[[[[[[[[]]]]]]]]]]
