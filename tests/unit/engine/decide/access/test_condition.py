"""Condition operators, by the tables of IAM's documentation."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.decide.access.condition import is_met

ARN = "arn:aws:s3:::data/train"


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "met"),
    [
        ("StringEquals", "sagemaker.amazonaws.com", "sagemaker.amazonaws.com", True),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "A", "a", False),
        ("StringEqualsIgnoreCase", "A", "a", True),
        ("StringLike", "aws/sagemaker/*", "aws/sagemaker/Endpoints", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringNotLike", "a*", "b", True),
        ("NumericLessThan", "10", "9.5", True),
        ("NumericLessThan", 10, "10", False),
        ("NumericNotEquals", "1", "2", True),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-11-29T00:00:00Z", True),
        ("DateLessThan", "2026-01-01T00:00:00Z", "1700000000", True),
        ("Bool", True, "true", True),
        ("Bool", "false", "true", False),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
        ("ArnLike", "arn:aws:s3:::data/*", ARN, True),
        ("ArnEquals", "arn:aws:*:::data/train", ARN, True),
        ("ArnLike", "arn:aws:*", ARN, False),
        ("ArnNotLike", "arn:aws:s3:::data/*", ARN, False),
    ],
)
def test_an_operator_compares_as_documented(operator: str, wanted: Any, given: str, met: bool) -> None:
    assert is_met({operator: {"Key": wanted}}, {"key": (given,)}) is met


@pytest.mark.parametrize(
    ("operator", "met"),
    [
        ("StringEquals", False),
        ("StringEqualsIfExists", True),
        ("StringNotEquals", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("Bool", False),
        ("BoolIfExists", True),
    ],
)
def test_an_absent_key_is_met_as_documented(operator: str, met: bool) -> None:
    assert is_met({operator: {"aws:Thing": "a"}}, {}) is met


@pytest.mark.parametrize(
    ("wanted", "given", "met"), [("true", {}, True), ("false", {}, False), ("false", {"k": ("v",)}, True)]
)
def test_null_asks_whether_a_key_is_absent(wanted: str, given: dict[str, tuple[str, ...]], met: bool) -> None:
    assert is_met({"Null": {"k": wanted}}, given) is met


@pytest.mark.parametrize(
    ("operator", "given", "met"),
    [
        ("ForAllValues:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "c"), False),
        ("ForAnyValue:StringEquals", ("c", "a"), True),
        ("ForAnyValue:StringEquals", ("c", "d"), False),
    ],
)
def test_a_key_with_several_values(operator: str, given: tuple[str, ...], met: bool) -> None:
    assert is_met({operator: {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": given}) is met


def test_all_operators_and_all_keys_must_be_met() -> None:
    condition = {"StringEquals": {"a": "1", "b": "2"}, "Bool": {"c": "true"}}
    context = {"a": ("1",), "b": ("2",), "c": ("true",)}
    assert is_met(condition, context)
    for key in context:
        assert not is_met(condition, {**context, key: ("x",)})
