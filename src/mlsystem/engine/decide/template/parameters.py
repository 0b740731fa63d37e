"""Parameters: their declarations, and the values that a person gives them.

A list parameter's value is a list; every other value stays text, a Number too, as CloudFormation passes it on.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import JsonValue as Json

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.decide.template.errors import Path, TemplateError
from mlsystem.engine.decide.template.intrinsic import text_of
from mlsystem.engine.decide.template.model import Parameter

MEMBERS = frozenset(
    {"Type", "Default", "Description", "NoEcho", "AllowedValues", "AllowedPattern", "ConstraintDescription"}
    | {"MinLength", "MaxLength", "MinValue", "MaxValue"}
)
BASIC_TYPES = frozenset({"String", "Number", "List<Number>", "CommaDelimitedList", "AWS::SSM::Parameter::Name"})
# Ids of things that exist in the account; they are text here, and whether they exist is not checked.
ID_TYPES = frozenset(
    "AWS::" + name
    for name in (
        "EC2::AvailabilityZone::Name",
        "EC2::Image::Id",
        "EC2::Instance::Id",
        "EC2::KeyPair::KeyName",
        "EC2::SecurityGroup::GroupName",
        "EC2::SecurityGroup::Id",
        "EC2::Subnet::Id",
        "EC2::Volume::Id",
        "EC2::VPC::Id",
        "Route53::HostedZone::Id",
    )
)
HIDDEN = "****"
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")

Value = str | list[str]


def read_parameter(name: str, member: dict[str, Json]) -> Parameter:
    """Raises TemplateError, or NotImplementedHere for a type that needs the parameter store."""
    path = ("Parameters", name)
    unknown = [key for key in member if key not in MEMBERS]
    if unknown:
        raise TemplateError(f"Invalid template parameter property '{unknown[0]}'", (*path, unknown[0]))
    parameter = Parameter(
        name=name,
        type=_type(member, path),
        default=_text(member, "Default", path),
        description=_text(member, "Description", path) or "",
        no_echo=_text(member, "NoEcho", path) == "true",
        allowed_values=_allowed_values(member, path),
        allowed_pattern=_text(member, "AllowedPattern", path),
        constraint_description=_text(member, "ConstraintDescription", path),
        min_length=_length(member, "MinLength", path),
        max_length=_length(member, "MaxLength", path),
        min_value=_number(member, "MinValue", path),
        max_value=_number(member, "MaxValue", path),
    )
    if parameter.default is not None:
        check_value(parameter, parameter.default)
    return parameter


def resolve_parameters(
    parameters: Mapping[str, Parameter], given: Mapping[str, str], previous: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The text of every parameter: given, else (`previous`, where UsePreviousValue was said) kept, else its default.

    Raises TemplateError for unknown names, missing values, and values that break a constraint.
    """
    texts = {**(previous or {}), **given}
    unknown = [name for name in texts if name not in parameters]
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for name, parameter in parameters.items():
        if name not in texts and parameter.default is not None:
            texts[name] = parameter.default
    missing = [name for name in parameters if name not in texts]
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, parameter in parameters.items():
        check_value(parameter, texts[name])
    return {name: texts[name] for name in parameters}


def parameter_values(parameters: Mapping[str, Parameter], texts: Mapping[str, str]) -> dict[str, Value]:
    """What `Ref` gives for each: the text, or the trimmed items of a list."""
    return {name: _items(texts[name]) if parameter.is_list else texts[name] for name, parameter in parameters.items()}


def displayed_parameters(parameters: Mapping[str, Parameter], texts: Mapping[str, str]) -> dict[str, str]:
    """As DescribeStacks shows them: NoEcho values hidden."""
    return {name: HIDDEN if parameters[name].no_echo else text for name, text in texts.items()}


def check_value(parameter: Parameter, text: str) -> None:
    """Raises TemplateError if `text` breaks one of the parameter's constraints."""
    for item in _items(text) if parameter.is_list else [text]:
        problem = _kind_problem(parameter, item) or _pattern_problem(parameter, item) or _size_problem(parameter, item)
        if problem is None:
            continue
        said = parameter.constraint_description
        words = f"Parameter '{parameter.name}' failed to satisfy constraint: {said}" if said else problem
        raise TemplateError(words, ("Parameters", parameter.name))


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")] if text else []


def _kind_problem(parameter: Parameter, item: str) -> str | None:
    name = f"Parameter '{parameter.name}'"
    if "Number" in parameter.type and not NUMBER.fullmatch(item):
        return f"{name} must be a number."
    if parameter.allowed_values and item not in parameter.allowed_values:
        return f"{name} must be one of AllowedValues"
    return None


def _pattern_problem(parameter: Parameter, item: str) -> str | None:
    pattern = parameter.allowed_pattern
    if pattern is None or re.fullmatch(pattern, item):
        return None
    return f"Parameter '{parameter.name}' must match pattern {pattern}"


def _size_problem(parameter: Parameter, item: str) -> str | None:
    name = f"Parameter '{parameter.name}'"
    if parameter.min_length is not None and len(item) < parameter.min_length:
        return f"{name} must contain at least {parameter.min_length} characters"
    if parameter.max_length is not None and len(item) > parameter.max_length:
        return f"{name} must contain at most {parameter.max_length} characters"
    if parameter.min_value is not None and float(item) < parameter.min_value:
        return f"{name} must be a number not less than {parameter.min_value:g}"
    if parameter.max_value is not None and float(item) > parameter.max_value:
        return f"{name} must be a number not greater than {parameter.max_value:g}"
    return None


def _type(member: dict[str, Json], path: Path) -> str:
    value = member.get("Type")
    if not isinstance(value, str):
        raise TemplateError("Template format error: Every Parameters object must contain a Type member.", path)
    if value.startswith("AWS::SSM::Parameter::Value<"):
        raise NotImplementedHere(f"the parameter type {value} ({path[-1]})", "give the value itself")
    inner = value.removeprefix("List<").removesuffix(">") if value.startswith("List<") else value
    if value not in BASIC_TYPES and inner not in ID_TYPES:
        raise TemplateError(f"Template format error: Unrecognized parameter type: {value}", (*path, "Type"))
    return value


def _text(member: dict[str, Json], key: str, path: Path) -> str | None:
    if key not in member:
        return None
    text = text_of(member[key])
    if text is None:
        raise TemplateError(f"Template format error: Every {key} member must be a string.", (*path, key))
    if key == "AllowedPattern":
        _check_pattern(text, path)
    return text


def _check_pattern(pattern: str, path: Path) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise TemplateError(
            f"Template format error: the AllowedPattern of {path[-1]} cannot be read: {error}.",
            (*path, "AllowedPattern"),
        ) from error


def _allowed_values(member: dict[str, Json], path: Path) -> tuple[str, ...]:
    values = member.get("AllowedValues", [])
    texts = [text_of(value) for value in values] if isinstance(values, list) else [None]
    if any(text is None for text in texts):
        raise TemplateError("Template format error: AllowedValues must be a list of strings.", (*path, "AllowedValues"))
    return tuple(text for text in texts if text is not None)


def _number(member: dict[str, Json], key: str, path: Path) -> float | None:
    text = _text(member, key, path)
    if text is None:
        return None
    if not NUMBER.fullmatch(text):
        raise TemplateError(f"Template format error: {key} must be a number.", (*path, key))
    if "Number" not in str(member.get("Type")):
        raise TemplateError(f"Template format error: {key} is only for parameters of type Number.", (*path, key))
    return float(text)


def _length(member: dict[str, Json], key: str, path: Path) -> int | None:
    text = _text(member, key, path)
    if text is None:
        return None
    if not text.isdecimal():
        raise TemplateError(f"Template format error: {key} must be a whole number.", (*path, key))
    return int(text)
