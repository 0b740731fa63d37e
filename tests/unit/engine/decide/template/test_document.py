"""Text into values: JSON and YAML as CloudFormation reads them."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.template import TemplateError
from mlsystem.engine.decide.template.document import read_document


def read(text: str) -> object:
    return read_document(text).body


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref Topic", {"Ref": "Topic"}),
        ("!GetAtt Endpoint.EndpointName", {"Fn::GetAtt": ["Endpoint", "EndpointName"]}),
        ("!GetAtt Stack.Outputs.Url", {"Fn::GetAtt": ["Stack", "Outputs.Url"]}),
        ("!GetAtt [Endpoint, Arn]", {"Fn::GetAtt": ["Endpoint", "Arn"]}),
        ("!Sub '${A}-b'", {"Fn::Sub": "${A}-b"}),
        ("!Sub ['${A}', {A: !Ref B}]", {"Fn::Sub": ["${A}", {"A": {"Ref": "B"}}]}),
        ("!If [HasUrl, !Ref A, 2]", {"Fn::If": ["HasUrl", {"Ref": "A"}, 2]}),
        ("!Condition HasUrl", {"Condition": "HasUrl"}),
        ("!GetAZs ''", {"Fn::GetAZs": ""}),
        ("!Base64 5", {"Fn::Base64": "5"}),
        ("!Equals [!Ref A, true]", {"Fn::Equals": [{"Ref": "A"}, True]}),
    ],
)
def test_short_intrinsics_become_long_ones(short: str, long: object) -> None:
    assert read(f"Value: {short}") == {"Value": long}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2012-10-17", "2012-10-17"),
        ("2012-10-17T10:00:00Z", "2012-10-17T10:00:00Z"),
        ("on", True),
        ("Yes", True),
        ("off", False),
        ("'on'", "on"),
        ("010", 8),
        ("012345678901", "012345678901"),
        ("0x1F", 31),
        ("1.50", 1.5),
        ("1_000", 1000),
        ("~", None),
        ("!!str 5", "5"),
    ],
)
def test_scalars_mean_what_yaml_1_1_says_but_dates_stay_text(text: str, value: object) -> None:
    assert read(f"Value: {text}") == {"Value": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A: 1\nB: 2\nA: 3\n", "the key 'A' is there twice in one mapping. (line 3)"),
        ('{"A": 1, "A": 2}', "the key 'A' is there twice in one object."),
        ("A: &x 1\nB: *x\n", "YAML aliases are not allowed in CloudFormation templates (line 2)"),
        ("A: 1\nB:\n  <<: {C: 1}\n", "YAML hash merges (<<) are not supported. (line 3)"),
        ("A: 1\nB: [1, 2\n", "YAML not well-formed. (line 3, column 1)"),
        ("A: 1\n\tB: 2\n", "YAML not well-formed. (line 2, column 1)"),
        ('{"A": 1,\n "B" 2}', "JSON not well-formed. (line 2, column 6)"),
        (f'{{"A": {"[" * 250}{"]" * 250}}}', "it is nested more than 200 levels deep."),
        ('{"A": NaN}', "JSON not well-formed: NaN is not a JSON value."),
        ("A: 1\nB: !Reff C\n", "unknown tag !Reff. (line 2)"),
        ("A: !!binary aGk=\n", "the YAML tag !!binary is not supported. (line 1)"),
        ("A: !!timestamp 2001-01-01\n", "the YAML tag !!timestamp is not supported. (line 1)"),
        ("A:\n  on: 1\n", "[/A] map keys must be strings; received boolean [on] instead (line 2). Put it in quotes."),
        ("A:\n  123: 1\n", "[/A] map keys must be strings; received numeric [123] instead (line 2). Put it in quotes."),
        ("A: .inf\n", "'.inf' is not a number. (line 1)"),
        ("just text", "unsupported structure."),
        ("[1]", "unsupported structure."),
        ("", "unsupported structure."),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        read(text)
    assert refusal.value.code == "ValidationError"
    assert refusal.value.message == f"Template format error: {message}"


def test_the_line_of_a_value_is_known() -> None:
    document = read_document("A:\n  B:\n    - 1\n    - !Sub\n      - x\n      - C: 2\n")
    assert document.line(("A", "B")) == 2
    assert document.line(("A", "B", 1)) == 4
    assert document.line(("A", "B", 1, "Fn::Sub", 1, "C")) == 6
    assert document.line(("A", "B", 0, "unknown")) == 3


def test_json_needs_no_particular_indentation() -> None:
    assert read('\n{\t"A":\n\t\t[1, {"B": null}]}') == {"A": [1, {"B": None}]}


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 25_000,
        "a: " + "[" * 100_000 + "]" * 100_000,
        "".join(f"{' ' * level}a:\n" for level in range(400)),
        '{"a": "\ud800"}',
        "a: \udfff",
        '{"a": ' + "1" * 5000 + "}",
    ],
)
def test_what_would_end_the_reader_is_refused(text: str) -> None:
    """libyaml's loader would take the whole process with it."""
    with pytest.raises(TemplateError):
        read(text)
