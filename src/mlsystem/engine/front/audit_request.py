"""What the audit trail says of a request's members: short, and no secret and no body.

Hidden is what AWS's model marks as sensitive, what carries a body or a message, and what is called like a secret.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"  # CloudTrail's words
LONGEST_TEXT = 512
MOST_ITEMS = 16
MOST_CHARACTERS = 4096
"""Of one request, in all."""

# What AWS's models leave open, and CloudTrail does not show: contents, templates and their parameters' values, values of environments.
HIDDEN_MEMBERS = frozenset(
    {
        *("ParameterValue", "TemplateBody", "Message", "message", "Subject", "Detail", "Input", "input", "body"),
        *("logEvents", "fileContent", "content", "buildspecOverride", "clientRequestToken", "ClientToken"),
    }
)
HIDDEN_SHAPE = re.compile(r"Environment(Map|Variables)?|\w*EnvironmentMap|ProvisioningParameter\w*Value|ParameterValue")
SECRET_NAME = re.compile(r"(?i)password|passwd|secret|token|credential|authorization|private_?key|api_?key")
NO_SECRET = re.compile(r"\w*(Id|Arn|ARN|Name|id|arn)|(next|Next|Continuation)Token")


class _Kind(Enum):
    """What becomes of a member."""

    BODY = auto()  # not named
    SECRET = auto()  # named, and hidden
    STRUCTURE = auto()
    VARIABLE = auto()  # of an environment: its name is told
    LIST = auto()
    MAP = auto()
    SCALAR = auto()


_Member = tuple[str, _Kind, Shape]


class Told:
    """What is said of the members of one request; `hidden` are the texts that are not."""

    def __init__(self, model: OperationModel, given: Mapping[str, Any]):
        self.hidden: list[str] = []
        self._left = MOST_CHARACTERS
        self.members = self._structure(_members(model.input_shape), given)

    def is_given_away(self, words: str) -> bool:
        """Whether something hidden is quoted there."""
        return any(text in words or repr(text)[1:-1] in words for text in self.hidden)

    def _structure(self, known: Mapping[str, _Member], value: Mapping[str, Any]) -> dict[str, Any]:
        told = {}
        for name, item in value.items():
            member = known.get(name)
            if member is not None and item is not None and member[1] is not _Kind.BODY:
                label, kind, shape = member
                told[label] = self._scalar(item) if kind is _Kind.SCALAR else self._of(kind, shape, item)
        return told

    def _of(self, kind: _Kind, shape: Shape, value: Any) -> Any:
        if kind is _Kind.SECRET:
            return self._hide(value)
        if kind is _Kind.SCALAR or self._left <= 0:
            return self._scalar(value)
        if isinstance(value, Mapping):
            if kind is _Kind.STRUCTURE:
                return self._structure(_members(shape), value)
            if kind is _Kind.VARIABLE:
                return {"name": value.get("name"), "value": self._hide(value.get("value"))}
            if isinstance(shape, MapShape):
                return dict(self._entries(shape.value, value))
        if isinstance(value, list | tuple) and isinstance(shape, ListShape):
            inner = _kind(shape.member)
            told = [self._of(inner, shape.member, item) for item in value[:MOST_ITEMS]]
            return told if len(value) <= MOST_ITEMS else [*told, f"… ({len(value)} in all)"]
        # Of another type than the model wants: what it would be hidden for is not known.
        return self._hide(value)

    def _entries(self, shape: Shape, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        kind = _kind(shape)
        for number, (name, item) in enumerate(value.items()):
            if number == MOST_ITEMS:
                yield "…", f"({len(value)} in all)"
                return
            is_hidden = _has_hidden_name(str(name))
            yield str(name)[:LONGEST_TEXT], self._hide(item) if is_hidden else self._of(kind, shape, item)

    def _scalar(self, value: Any) -> Any:
        if self._left <= 0 or isinstance(value, dict | list | tuple):
            self.hidden += _texts(value)
            return "…"
        self._left -= 8
        if isinstance(value, bool | int | float):
            return value
        text = value if isinstance(value, str) else str(value)
        if len(text) > LONGEST_TEXT:
            text = f"{text[:LONGEST_TEXT]}… ({len(text)} characters)"
        self._left -= len(text)
        return text

    def _hide(self, value: Any) -> str:
        self.hidden += _texts(value)
        return HIDDEN


def told_answer(model: OperationModel, result: Mapping[str, Any]) -> dict[str, str] | None:
    """What was made, by its names, and nothing else of an answer."""
    shape = model.output_shape
    if not isinstance(shape, StructureShape):
        return None
    told = {
        _lowered(name): value
        for name, value in result.items()
        if isinstance(value, str) and _names_something(name) and len(value) <= LONGEST_TEXT and name in shape.members
    }
    return told or None


@functools.cache
def _lowered(name: str) -> str:
    """As CloudTrail writes members."""
    return name[:1].lower() + name[1:]


@functools.cache
def _names_something(name: str) -> bool:
    return name.lower().endswith(("arn", "id", "name")) and not SECRET_NAME.search(name)


@functools.cache
def _members(shape: Shape | None) -> Mapping[str, _Member]:
    """By the name that boto3 has for it: the name that is told, and what becomes of it."""
    if not isinstance(shape, StructureShape):
        return {}
    return {
        name: (_lowered(name), _Kind.SECRET if _has_hidden_name(name) else _kind(member), member)
        for name, member in shape.members.items()
    }


@functools.cache
def _kind(shape: Shape) -> _Kind:
    if shape.type_name == "blob" or shape.serialization.get("streaming"):
        return _Kind.BODY
    if shape.metadata.get("sensitive") or HIDDEN_SHAPE.fullmatch(shape.name):
        return _Kind.SECRET
    if isinstance(shape, StructureShape):
        return _Kind.VARIABLE if shape.name == "EnvironmentVariable" else _Kind.STRUCTURE
    return _Kind.LIST if isinstance(shape, ListShape) else _Kind.MAP if isinstance(shape, MapShape) else _Kind.SCALAR


@functools.lru_cache(maxsize=4096)
def _has_hidden_name(name: str) -> bool:
    return name in HIDDEN_MEMBERS or (SECRET_NAME.search(name) is not None and NO_SECRET.fullmatch(name) is None)


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return [str(value)] if value not in (None, "") else []
