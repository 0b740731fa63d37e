"""Event patterns: what matches, what does not, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.pattern import read_pattern

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "1",
    "source": "aws.s3",
    "detail-type": "Object Created",
    "time": "2026-03-01T12:00:00Z",
    "resources": ["arn:aws:s3:::artefacts", "arn:aws:s3:::other"],
    "detail": {
        "bucket": {"name": "artefacts"},
        "object": {"key": "pipe/data-source.zip", "size": 300, "version": None},
        "ratio": 300.0,
        "ready": True,
        "ip": "10.0.0.7",
        "tags": [],
        "empty": "",
        "parts": [{"name": "a", "size": 1}, {"name": "b", "size": 2}],
        "grid": [[1, 2], [3]],
        "dotted.name": {"inner": "x"},
    },
}


def matches(detail: dict[str, Any], **more: Any) -> bool:
    return read_pattern(json.dumps({"detail": detail, **more})).matches(EVENT)


@pytest.mark.parametrize(
    ("field", "does"),
    [
        # Exact values
        ({"bucket": {"name": ["artefacts"]}}, True),
        ({"bucket": {"name": ["Artefacts"]}}, False),
        ({"bucket": {"name": ["x", "artefacts"]}}, True),
        ({"Bucket": {"name": ["artefacts"]}}, False),
        ({"object": {"size": [300]}}, True),
        ({"object": {"size": [300.0]}}, True),
        ({"ratio": [300]}, True),
        ({"object": {"size": ["300"]}}, False),
        ({"object": {"size": [True]}}, False),
        ({"ready": [True]}, True),
        ({"ready": [1]}, False),
        ({"object": {"version": [None]}}, True),
        ({"empty": [None]}, False),
        ({"empty": [""]}, True),
        ({"tags": [None]}, False),
        # prefix, suffix, equals-ignore-case, wildcard
        ({"object": {"key": [{"prefix": "pipe/"}]}}, True),
        ({"object": {"key": [{"prefix": "Pipe/"}]}}, False),
        ({"object": {"key": [{"prefix": {"equals-ignore-case": "PIPE/"}}]}}, True),
        ({"object": {"key": [{"prefix": ""}]}}, True),
        ({"object": {"size": [{"prefix": "3"}]}}, False),
        ({"object": {"key": [{"suffix": ".zip"}]}}, True),
        ({"object": {"key": [{"suffix": {"equals-ignore-case": ".ZIP"}}]}}, True),
        ({"object": {"key": [{"suffix": ".tar"}]}}, False),
        ({"bucket": {"name": [{"equals-ignore-case": "ARTEFACTS"}]}}, True),
        ({"bucket": {"name": [{"equals-ignore-case": "artefact"}]}}, False),
        ({"object": {"key": [{"wildcard": "pipe/*.zip"}]}}, True),
        ({"object": {"key": [{"wildcard": "*/data-*"}]}}, True),
        ({"object": {"key": [{"wildcard": "*.tar"}]}}, False),
        ({"object": {"key": [{"wildcard": "pipe/data-source\\*zip"}]}}, False),
        ({"object": {"key": [{"wildcard": ""}]}}, False),
        # anything-but
        ({"bucket": {"name": [{"anything-but": "other"}]}}, True),
        ({"bucket": {"name": [{"anything-but": ["other", "artefacts"]}]}}, False),
        ({"object": {"size": [{"anything-but": [1, 2]}]}}, True),
        ({"object": {"size": [{"anything-but": 300}]}}, False),
        ({"object": {"version": [{"anything-but": "x"}]}}, True),
        ({"object": {"missing": [{"anything-but": "x"}]}}, False),
        ({"object": {"key": [{"anything-but": {"prefix": "pipe/"}}]}}, False),
        ({"object": {"key": [{"anything-but": {"prefix": ["x", "y"]}}]}}, True),
        ({"object": {"size": [{"anything-but": {"prefix": "pipe/"}}]}}, True),
        ({"object": {"key": [{"anything-but": {"suffix": [".zip", ".tar"]}}]}}, False),
        ({"bucket": {"name": [{"anything-but": {"equals-ignore-case": ["ARTEFACTS"]}}]}}, False),
        ({"object": {"key": [{"anything-but": {"wildcard": "*/x/*"}}]}}, True),
        # numeric
        ({"object": {"size": [{"numeric": ["=", 300]}]}}, True),
        ({"object": {"size": [{"numeric": [">", 0, "<=", 300]}]}}, True),
        ({"object": {"size": [{"numeric": [">", 300]}]}}, False),
        ({"ratio": [{"numeric": [">=", 300, "<", 300.5]}]}, True),
        ({"object": {"key": [{"numeric": [">", 0]}]}}, False),
        ({"ready": [{"numeric": ["=", 1]}]}, False),
        ({"object": {"version": [{"numeric": ["<", 5]}]}}, False),
        # cidr
        ({"ip": [{"cidr": "10.0.0.0/24"}]}, True),
        ({"ip": [{"cidr": "10.0.1.0/24"}]}, False),
        ({"object": {"size": [{"cidr": "10.0.0.0/24"}]}}, False),
        ({"ip": [{"cidr": "2001:db8::/32"}]}, False),
        # exists
        ({"bucket": {"name": [{"exists": True}]}}, True),
        ({"bucket": [{"exists": True}]}, False),
        ({"object": {"version": [{"exists": True}]}}, True),
        ({"object": {"missing": [{"exists": True}]}}, False),
        ({"tags": [{"exists": True}]}, False),
        ({"tags": [{"exists": False}]}, True),
        ({"object": {"missing": [{"exists": False}]}}, True),
        ({"nowhere": {"below": [{"exists": False}]}}, True),
        ({"bucket": {"name": [{"exists": False}]}}, False),
        ({"object": {"missing": [{"exists": False}, "x"]}}, True),
        ({"bucket": {"name": [{"exists": False}, "x"]}}, False),
        ({"bucket": {"name": [{"exists": True}, {"prefix": "never"}]}}, True),
        # Arrays
        ({"parts": {"name": ["b"]}}, True),
        ({"parts": {"name": ["a"], "size": [1]}}, True),
        ({"parts": {"name": ["a"], "size": [2]}}, False),
        ({"grid": [3]}, True),
        ({"grid": [4]}, False),
        # Dots
        ({"bucket.name": ["artefacts"]}, True),
        ({"dotted": {"name": {"inner": ["x"]}}}, True),
        ({"dotted.name.inner": ["x"]}, True),
        ({"bucket.name": {"name": ["artefacts"]}}, False),
        # $or
        ({"$or": [{"ratio": [1]}, {"object": {"size": [300]}}]}, True),
        ({"$or": [{"ratio": [1]}, {"object": {"size": [1]}}]}, False),
        ({"ready": [False], "$or": [{"ratio": [300]}, {"empty": [""]}]}, False),
        ({"$or": [{"ratio": [1], "empty": [""]}, {"$or": [{"empty": ["x"]}, {"ready": [True]}]}]}, True),
    ],
)
def test_a_field_matches_or_not(field: dict[str, Any], does: bool) -> None:
    assert matches(field) is does


def test_all_fields_must_match() -> None:
    assert matches({"ready": [True]}, source=["aws.s3"], **{"detail-type": ["Object Created"]})
    assert not matches({"ready": [True]}, source=["aws.ec2"])


def test_an_array_matches_by_any_of_its_elements() -> None:
    assert read_pattern('{"resources": ["arn:aws:s3:::other", "x"]}').matches(EVENT)
    assert read_pattern('{"resources": [{"suffix": ":other"}]}').matches(EVENT)
    assert not read_pattern('{"resources": ["x"]}').matches(EVENT)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"int": 42}', '"int" must be an object or an array'),
        ('{"string": "x"}', '"string" must be an object or an array'),
        ('{"resources": []}', "Empty arrays are not allowed"),
        ('{"detail": {}}', "Empty objects are not allowed"),
        ('{"a": [["b"]]}', "Match value must be String, number, true, false, or null"),
        ('{"a": [{"EXISTS": true}]}', "Unrecognized match type EXISTS"),
        ('{"a": [{"exists": "yes"}]}', "exists match pattern must be either true or false."),
        ('{"a": [{"prefix": "a", "suffix": "b"}]}', "Only one key allowed in match expression"),
        ('{"a": [{"prefix": 1}]}', "prefix match pattern must be a string"),
        ('{"a": [{"suffix": ["x"]}]}', "suffix match pattern must be a string"),
        ('{"a": [{"equals-ignore-case": ["x"]}]}', "equals-ignore-case match pattern must be a string"),
        ('{"a": [{"wildcard": 1}]}', "wildcard match pattern must be a string"),
        ('{"a": [{"wildcard": "a**b"}]}', "Consecutive wildcard characters at pos 1"),
        ('{"a": [{"wildcard": "a\\\\b"}]}', "Invalid escape character at pos 1"),
        (
            '{"a": [{"anything-but": null}]}',
            "Value of anything-but must be an array or single string/number value.",
        ),
        (
            '{"a": [{"anything-but": ["x", null]}]}',
            "Inside anything but list, start|null|boolean is not supported.",
        ),
        ('{"a": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed"),
        ('{"a": [{"anything-but": {"suffix": [1]}}]}', "prefix/suffix match pattern must be a string"),
        (
            '{"a": [{"anything-but": {"prefix": {"equals-ignore-case": "x"}}}]}',
            "Value of anything-but must be an array or single string/number value.",
        ),
        (
            '{"a": [{"anything-but": {"equals-ignore-case": 5}}]}',
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        ),
        ('{"a": [{"anything-but": {"numeric": ["=", 1]}}]}', "Unsupported anything-but pattern: numeric"),
        ('{"a": [{"numeric": 10}]}', "Value of numeric must be an array."),
        ('{"a": [{"numeric": [">", 0, "<"]}]}', "Value of < must be numeric"),
        ('{"a": [{"numeric": [">", 0, ">", 1]}]}', "Bad numeric range operator: >"),
        ('{"a": [{"numeric": [">", 5, "<", 5]}]}', "Bottom must be less than top"),
        ('{"a": [{"numeric": ["~", 5]}]}', "Unrecognized numeric range operator: ~"),
        ('{"a": [{"numeric": [">", 6000000000]}]}', "Value of > must be between -5e9 and +5e9"),
        ('{"a": [{"cidr": "bad"}]}', "Malformed CIDR, one '/' required"),
        ('{"a": [{"cidr": "10.0.0.0/x"}]}', "Malformed CIDR, mask bits must be an integer"),
        ('{"a": [{"cidr": "xx.11.xx/8"}]}', "Nonstandard IP address: xx.11.xx"),
        ('{"$or": [{"a": ["b"]}]}', "There must have at least 2 Objects in $or relationship"),
        ('{"a": ["b"], "a": ["c"]}', "Path `a` cannot be allowed multiple times"),
        ('["a"]', "Filter is not an object"),
        ("{", "Expecting property name enclosed in double quotes (line 1, column 2)"),
    ],
)
def test_a_wrong_pattern_is_refused_in_eventbridge_s_words(text: str, reason: str) -> None:
    with pytest.raises(AwsError) as refusal:
        read_pattern(text)
    assert refusal.value.code == "InvalidEventPatternException"
    assert refusal.value.message == f"Event pattern is not valid. Reason: {reason}"


@pytest.mark.parametrize(
    "text",
    ['{"a": [{"numeric": [[], 1]}]}', '{"a": [{"numeric": [{}, 1]}]}', '{"a": [' + "1" * 5000 + "]}", '{"a": [1'],
)
def test_what_nobody_writes_is_refused_too(text: str) -> None:
    with pytest.raises(AwsError) as caught:
        read_pattern(text)
    assert caught.value.code == "InvalidEventPatternException"


def test_combinations_of_or_have_a_bound() -> None:
    choice = [{"a": [1]}, {"b": [2]}]
    nested: dict[str, Any] = {"x": [1]}
    for number in range(12):
        nested = {f"n{number}": nested, "$or": choice}
    with pytest.raises(AwsError, match="too complex"):
        read_pattern(json.dumps(nested))
