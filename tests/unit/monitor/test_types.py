"""Types of text columns: the patterns, and how they combine."""

import re

import pytest

from mlsystem.monitor.types import (
    FRACTIONAL_PATTERN,
    INTEGRAL_PATTERN,
    NON_INTEGRAL_MARKS,
    NUMBER_PATTERN,
    InferredType,
    TypeCounts,
)

FRACTIONAL = ["1.5", "-0.25", "+3.0", "- 3.0", " 1.5", "1e5", "1E-5", "1.5e+10", "007.10"]
INTEGRAL = ["0", "-5", "+5", "- 5", " 5", "007", "123456789012345678901234567890"]
NEITHER = ["", ".5", "1.", "NaN", "inf", "1_000", "0x1F", "1,5", "5 ", "--5", "e5", "1e", "٣"]


@pytest.mark.parametrize("text", FRACTIONAL)
def test_a_fractional_text_matches_its_pattern_alone(text: str) -> None:
    assert re.fullmatch(FRACTIONAL_PATTERN, text)
    assert not re.fullmatch(INTEGRAL_PATTERN, text)


@pytest.mark.parametrize("text", INTEGRAL)
def test_an_integral_text_matches_its_pattern_alone(text: str) -> None:
    assert re.fullmatch(INTEGRAL_PATTERN, text)
    assert not re.fullmatch(FRACTIONAL_PATTERN, text)


@pytest.mark.parametrize("text", NEITHER)
def test_anything_else_is_no_number(text: str) -> None:
    assert not re.fullmatch(f"{FRACTIONAL_PATTERN}|{INTEGRAL_PATTERN}", text)


@pytest.mark.parametrize("text", FRACTIONAL + INTEGRAL + NEITHER)
def test_the_number_pattern_and_the_marks_decide_as_the_two_patterns_do(text: str) -> None:
    is_number = re.fullmatch(NUMBER_PATTERN, text) is not None
    is_marked = any(mark in text for mark in NON_INTEGRAL_MARKS)
    assert (is_number and is_marked) == bool(re.fullmatch(FRACTIONAL_PATTERN, text))
    assert (is_number and not is_marked) == bool(re.fullmatch(INTEGRAL_PATTERN, text))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (TypeCounts(), InferredType.UNKNOWN),
        (TypeCounts(integral=3), InferredType.INTEGRAL),
        (TypeCounts(integral=3, fractional=1), InferredType.FRACTIONAL),
        (TypeCounts(boolean=2), InferredType.BOOLEAN),
        (TypeCounts(boolean=2, integral=1), InferredType.STRING),
        (TypeCounts(integral=999, string=1), InferredType.STRING),
    ],
)
def test_a_column_takes_the_widest_type_of_its_values(counts: TypeCounts, expected: InferredType) -> None:
    assert counts.infer() is expected


def test_a_whole_number_is_a_valid_fractional_and_not_the_reverse() -> None:
    counts = TypeCounts(fractional=1, integral=3)
    assert counts.match(InferredType.FRACTIONAL) == 1.0
    assert counts.match(InferredType.INTEGRAL) == 0.75


def test_any_text_is_a_valid_string_unless_the_whole_column_is_something_else() -> None:
    assert TypeCounts(integral=9, string=1).match(InferredType.STRING) == 1.0
    assert TypeCounts(integral=10).match(InferredType.STRING) == 0.0


def test_nothing_present_contradicts_no_type() -> None:
    assert TypeCounts().match(InferredType.INTEGRAL) == 1.0
