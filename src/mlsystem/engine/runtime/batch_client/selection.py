"""The part of JSONPath that SageMaker documents for InputFilter and OutputFilter.

Children by name, wildcards, several names or indices, negative indices and slices.
https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html#data-processing-operators
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Pick = Callable[[Any], Any]

_STEP = re.compile(r"\.?\[(?P<bracket>[^\]]+)\]|\.(?P<name>[^.\[\]*'\s]+)|\.(?P<wildcard>\*)")
_QUOTED = re.compile(r"'(?P<single>[^']+)'|\"(?P<double>[^\"]+)\"")
_INDEX = re.compile(r"-?\d+")
_SLICE = re.compile(r"(-?\d+)?:(-?\d+)?")


class SelectionError(ValueError):
    """A path that is none, or that leads to nothing in a record."""


def selection(path: str) -> Pick | None:
    """What picks the path's part of a value; None for `$`, which is all of it. Raises SelectionError."""
    if not path.startswith("$"):
        raise SelectionError(f"the JSONPath {path!r} does not begin with $")
    steps: list[Pick] = []
    position = 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise SelectionError(f"the JSONPath {path!r} cannot be read from {path[position:]!r} on")
        steps.append(_step(path, match))
        position = match.end()
    return _in_turn(path, steps) if steps else None


def _in_turn(path: str, steps: list[Pick]) -> Pick:
    def pick(value: Any) -> Any:
        try:
            for step in steps:
                value = step(value)
        except (KeyError, IndexError, TypeError) as error:
            raise SelectionError(f"the JSONPath {path} leads to nothing in a record ({error})") from error
        return value

    return pick


def _step(path: str, match: re.Match[str]) -> Pick:
    if match["name"] is not None:
        return _child(match["name"])
    text = "*" if match["wildcard"] else match["bracket"].strip()
    if text == "*":
        return lambda value: list(value.values() if isinstance(value, dict) else _array(value))
    names = [found["single"] or found["double"] for found in _QUOTED.finditer(text)]
    if names:
        if _QUOTED.sub("", text).replace(" ", "") != "," * (len(names) - 1):
            raise SelectionError(f"the JSONPath {path!r} has more than names in [{text}]")
        return _child(names[0]) if len(names) == 1 else lambda value: {name: _object(value)[name] for name in names}
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 1 and _INDEX.fullmatch(text):
        return lambda value: _array(value)[int(text)]
    slices = [_positions(path, part) for part in parts]
    return lambda value: [item for positions in slices for item in positions(_array(value))]


def _child(name: str) -> Pick:
    return lambda value: _object(value)[name]


def _positions(path: str, part: str) -> Callable[[list[Any]], list[Any]]:
    """The items of an array that one index or slice stands for."""
    if _INDEX.fullmatch(part):
        return lambda items: [items[int(part)]]
    match = _SLICE.fullmatch(part)
    if match is None:
        raise SelectionError(f"the JSONPath {path!r} has {part!r} where an index, a slice or a name in quotes must be")
    start, end = (int(bound) if bound else None for bound in match.groups())
    return lambda items: items[start:end]


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"a {type(value).__name__} is no array")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"a {type(value).__name__} is no object")
    return value
