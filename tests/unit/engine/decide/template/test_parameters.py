"""Parameters: declarations, values and constraints."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.template import (
    Parameter,
    TemplateError,
    displayed_parameters,
    load,
    parameter_values,
    resolve_parameters,
)

RESOURCES = "\nResources: {T: {Type: 'AWS::SNS::Topic'}}"


def declared(text: str) -> dict[str, Parameter]:
    return dict(load(f"Parameters:\n  P: {text}{RESOURCES}").parameters)


@pytest.mark.parametrize(
    ("declaration", "text", "value"),
    [
        ("{Type: String}", "a", "a"),
        ("{Type: Number}", "5", "5"),
        ("{Type: CommaDelimitedList}", "a, b ,c", ["a", "b", "c"]),
        ("{Type: CommaDelimitedList}", "", []),
        ("{Type: List<Number>}", "1,2.5", ["1", "2.5"]),
        ("{Type: 'AWS::EC2::VPC::Id'}", "vpc-1", "vpc-1"),
        ("{Type: 'List<AWS::EC2::Subnet::Id>'}", "s-1,s-2", ["s-1", "s-2"]),
        ("{Type: 'AWS::SSM::Parameter::Name'}", "/a", "/a"),
    ],
)
def test_a_value_is_text_or_a_list(declaration: str, text: str, value: object) -> None:
    parameters = declared(declaration)
    assert parameter_values(parameters, resolve_parameters(parameters, {"P": text})) == {"P": value}


@pytest.mark.parametrize(
    ("declaration", "text", "message"),
    [
        ("{Type: Number}", "five", "Parameter 'P' must be a number."),
        ("{Type: List<Number>}", "1,x", "Parameter 'P' must be a number."),
        ("{Type: String, AllowedValues: [a, b]}", "c", "Parameter 'P' must be one of AllowedValues"),
        ("{Type: String, AllowedPattern: '[a-z]+'}", "a1", "Parameter 'P' must match pattern [a-z]+"),
        ("{Type: String, MinLength: 3}", "ab", "Parameter 'P' must contain at least 3 characters"),
        ("{Type: String, MaxLength: '3'}", "abcd", "Parameter 'P' must contain at most 3 characters"),
        ("{Type: Number, MinValue: 2}", "1.5", "Parameter 'P' must be a number not less than 2"),
        ("{Type: Number, MaxValue: 2}", "3", "Parameter 'P' must be a number not greater than 2"),
        (
            "{Type: String, AllowedPattern: x, ConstraintDescription: must be x.}",
            "y",
            "Parameter 'P' failed to satisfy constraint: must be x.",
        ),
    ],
)
def test_a_broken_constraint_is_named(declaration: str, text: str, message: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        resolve_parameters(declared(declaration), {"P": text})
    assert refusal.value.message == message


def test_a_pattern_must_match_the_whole_value() -> None:
    parameters = declared("{Type: String, AllowedPattern: 'ab?'}")
    assert resolve_parameters(parameters, {"P": "a"}) == {"P": "a"}
    with pytest.raises(TemplateError):
        resolve_parameters(parameters, {"P": "abc"})


def test_defaults_are_taken_and_previous_values_kept_before_them() -> None:
    parameters = declared("{Type: Number, Default: 4}")
    assert resolve_parameters(parameters, {}) == {"P": "4"}
    assert resolve_parameters(parameters, {}, {"P": "7"}) == {"P": "7"}
    assert resolve_parameters(parameters, {"P": "9"}, {"P": "7"}) == {"P": "9"}


def test_a_default_that_breaks_a_constraint_is_refused_with_its_line() -> None:
    with pytest.raises(TemplateError, match=r"Parameter 'P' must contain at least 3 characters \(line 2\)"):
        declared("{Type: String, Default: ab, MinLength: 3}")


def test_missing_and_unknown_parameters_are_listed() -> None:
    parameters = load(f"Parameters: {{A: {{Type: String}}, B: {{Type: String}}}}{RESOURCES}").parameters
    with pytest.raises(TemplateError, match=r"^ValidationError: Parameters: \[A, B\] must have values$"):
        resolve_parameters(parameters, {})
    with pytest.raises(TemplateError, match=r"Parameters: \[C, D\] do not exist in the template"):
        resolve_parameters(parameters, {"A": "1", "B": "2", "C": "3", "D": "4"})


def test_a_no_echo_value_is_not_shown() -> None:
    parameters = declared("{Type: String, NoEcho: true}")
    assert displayed_parameters(parameters, {"P": "secret"}) == {"P": "****"}


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ("{Default: a}", "Every Parameters object must contain a Type member. (line 2)"),
        ("{Type: Text}", "Unrecognized parameter type: Text (line 2)"),
        ("{Type: String, Size: 3}", "Invalid template parameter property 'Size' (line 2)"),
        ("{Type: String, AllowedPattern: '['}", "the AllowedPattern of P cannot be read"),
        ("{Type: String, Default: [a]}", "Every Default member must be a string. (line 2)"),
        ("{Type: String, MinValue: 3}", "MinValue is only for parameters of type Number. (line 2)"),
        ("{Type: String, MinLength: x}", "MinLength must be a whole number. (line 2)"),
        ("text", "Any Parameters member must be an object. (line 2)"),
    ],
)
def test_a_wrong_declaration_is_refused(declaration: str, message: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        declared(declaration)
    assert message in refusal.value.message


def test_parameters_out_of_the_parameter_store_are_refused_by_name() -> None:
    with pytest.raises(NotImplementedHere, match=r"AWS::SSM::Parameter::Value<String> \(P\)"):
        declared("{Type: 'AWS::SSM::Parameter::Value<String>'}")
