"""A CloudFormation template as the client reads it: short forms of functions written out, and names resolved that are known before."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mlsystem.client.errors import ClientFailure

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html: of a template in a request.
MOST_BYTES = 51_200


class _Loader(yaml.CSafeLoader):
    """Knows `!Ref` and its like. Without the C library a template takes half a second, eight times as long."""


def _construct(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if tag == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _construct)


def read(path: Path) -> dict[str, Any]:
    """Raises ClientFailure for a file that is no template."""
    try:
        found = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506 - a safe loader
    except (OSError, yaml.YAMLError) as error:
        raise ClientFailure(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("Resources"), dict):
        raise ClientFailure(f"{path} is no template: it has no Resources")
    return found


def compact(template: Mapping[str, Any]) -> str:
    """As JSON without white space, and without the words for readers of the parameters: more of it goes into a request."""
    words = ("Description", "ConstraintDescription")
    parameters = {
        name: {key: value for key, value in parameter.items() if key not in words}
        for name, parameter in template.get("Parameters", {}).items()
    }
    return json.dumps({**template, "Parameters": parameters}, separators=(",", ":"), default=str)


def holds(template: Mapping[str, Any], name: str, known: Mapping[str, str]) -> bool:
    """Whether a condition of the template is true; `known` are parameters and pseudo parameters. KeyError for what is not there."""
    return _is_true(template["Conditions"][name], template, known)


def _is_true(condition: Any, template: Mapping[str, Any], known: Mapping[str, str]) -> bool:
    match condition:
        case {"Condition": name}:
            return holds(template, name, known)
        case {"Fn::Equals": [one, other]}:
            return str(text(one, known)) == str(text(other, known))
        case {"Fn::Not": [inner]}:
            return not _is_true(inner, template, known)
        case {"Fn::And": inner}:
            return all(_is_true(item, template, known) for item in inner)
        case {"Fn::Or": inner}:
            return any(_is_true(item, template, known) for item in inner)
        case _:
            raise ClientFailure(f"the condition {condition} cannot be read")


def values_of(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """All parameters: what is given, and the defaults of the others."""
    parameters = template.get("Parameters", {})
    defaults = {name: str(item["Default"]) for name, item in parameters.items() if "Default" in item}
    return {**defaults, **given}


def text(value: Any, known: Mapping[str, str]) -> str | None:
    """A plain text, a `Ref` or a `Sub` of what is known by name; None for what is known only later."""
    match value:
        case str():
            return value
        case {"Ref": name}:
            return known.get(name)
        case {"Fn::Sub": str(pattern)}:
            names = re.findall(r"\$\{([^!}]+)\}", pattern)
            if any(name not in known for name in names):
                return None
            return re.sub(r"\$\{([^!}]+)\}", lambda match: known[match.group(1)], pattern)
        case _:
            return None
