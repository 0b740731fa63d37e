"""Finds what a value mentions: resources, parameters, conditions and mappings, in every branch, without evaluating anything.

That is what can be checked of a template before its parameters are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from pydantic import JsonValue as Json

from mlsystem.engine.decide.template.errors import Path
from mlsystem.engine.decide.template.evaluation import get_att_arguments
from mlsystem.engine.decide.template.intrinsic import function_of
from mlsystem.engine.decide.template.substitution import Variable, sub_arguments


class What(Enum):
    """The kinds of names in a template."""

    REF = auto()  # a parameter, a pseudo parameter or a resource
    ATTRIBUTE = auto()  # a resource
    CONDITION = auto()
    MAPPING = auto()


@dataclass(frozen=True)
class Mention:
    """A name, and where it stands. `is_conditional`: inside a branch of Fn::If, so perhaps never looked at."""

    what: What
    name: str
    path: Path
    is_conditional: bool = False


def mentions(value: Json, path: Path, *, is_conditional: bool = False) -> Iterator[Mention]:
    """Raises TemplateError for a malformed call."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from mentions(item, (*path, index), is_conditional=is_conditional)
    if not isinstance(value, dict):
        return
    call = function_of(value)
    if call is None:
        for key, member in value.items():
            yield from mentions(member, (*path, key), is_conditional=is_conditional)
        return
    name, argument = call
    yield from _of_call(name, argument, (*path, name), is_conditional)


def _of_call(name: str, argument: Json, path: Path, is_conditional: bool) -> Iterator[Mention]:
    if name == "Ref":
        yield Mention(What.REF, str(argument), path, is_conditional)
    elif name == "Fn::GetAtt":
        logical_id, attribute = get_att_arguments(argument)
        yield Mention(What.ATTRIBUTE, logical_id, path, is_conditional)
        yield from mentions(attribute, path, is_conditional=is_conditional)
    elif name == "Fn::Sub":
        yield from _of_sub(argument, path, is_conditional)
    elif name == "Fn::If" and isinstance(argument, list) and argument:
        yield Mention(What.CONDITION, str(argument[0]), path, is_conditional)
        yield from mentions(argument[1:], path, is_conditional=True)
    else:
        if name == "Fn::FindInMap" and isinstance(argument, list) and argument and isinstance(argument[0], str):
            yield Mention(What.MAPPING, argument[0], path, is_conditional)
        yield from mentions(argument, path, is_conditional=is_conditional)


def _of_sub(argument: Json, path: Path, is_conditional: bool) -> Iterator[Mention]:
    parts, mapping = sub_arguments(argument)
    for part in parts:
        if isinstance(part, Variable) and part.name not in mapping:
            yield from mentions(part.expression(), path, is_conditional=is_conditional)
    yield from mentions(dict(mapping), path, is_conditional=is_conditional)
