"""JSON byte for byte as Jackson's pretty printer and Java's Double.toString have it."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsystem.monitor.jackson import double, write

JSON_VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (100.0, "100.0"),
        (0.1, "0.1"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (1e-5, "1.0E-5"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (12345678.9, "1.23456789E7"),
        (-199694126.50000283, "-1.9969412650000283E8"),
        (1e22, "1.0E22"),
        (123456.0, "123456.0"),
        (0.06015037593984962, "0.06015037593984962"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (5e-324, "5.0E-324"),  # JDK 19 and later print the shortest digits, older ones 4.9E-324
    ],
)
def test_doubles_are_printed_as_java_prints_them(number: float, text: str) -> None:
    assert double(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(deadline=None, database=None)
def test_a_printed_double_reads_back_as_the_same_double(number: float) -> None:
    assert float(double(number)) == number
    assert math.copysign(1.0, float(double(number))) == math.copysign(1.0, number)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_what_json_has_no_number_for_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="no number"):
        double(number)


def test_objects_indent_and_arrays_stay_on_their_line() -> None:
    document = {"version": 0.0, "features": [{"name": "a", "data": [[1.0, 2.0], [3.0]]}, {"name": "b"}], "none": []}
    assert write(document) == (
        "{\n"
        '  "version" : 0.0,\n'
        '  "features" : [ {\n'
        '    "name" : "a",\n'
        '    "data" : [ [ 1.0, 2.0 ], [ 3.0 ] ]\n'
        "  }, {\n"
        '    "name" : "b"\n'
        "  } ],\n"
        '  "none" : [ ]\n'
        "}"
    )


def test_empty_containers_keep_a_space() -> None:
    assert write({"a": {}, "b": []}) == '{\n  "a" : { },\n  "b" : [ ]\n}'


def test_text_escapes_quotes_and_controls_and_nothing_else() -> None:
    assert write('a"b\\c\n\t\x1f/é') == '"a\\"b\\\\c\\n\\t\\u001F/é"'


@given(JSON_VALUES)
@settings(deadline=None, database=None)
def test_what_is_written_is_json_of_the_same_value(value: object) -> None:
    assert json.loads(write(value)) == value


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="no place"):
        write({"a": object()})
