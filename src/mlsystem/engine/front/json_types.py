"""Whether the values of a JSON body have the types of AWS's model, which is asked before the body is parsed.

AWS's servers answer SerializationException to a text where a number belongs. A parser that is lenient would make something of it, or fail
somewhere inside. Members that the model does not have are ignored, as AWS's servers do: clients may be newer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

NUMBERS = {"integer", "long", "short", "byte"}
FRACTIONS = {"float", "double", "bigdecimal"}
SPECIAL = ("NaN", "Infinity", "-Infinity")


def type_faults(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """One line for each value that has another type; null is an absent one."""
    if value is None or getattr(shape, "is_document_type", False):
        return
    if isinstance(shape, StructureShape | MapShape):
        if not isinstance(value, dict):
            yield _fault(path, value, "an object")
            return
        for name, member in _members(shape, value):
            yield from type_faults(member, value[name], f"{path}.{name}" if path else name)
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield _fault(path, value, "a list")
            return
        for index, item in enumerate(value):
            yield from type_faults(shape.member, item, f"{path}[{index}]")
    elif not _is_scalar(shape.type_name, value):
        yield _fault(path, value, f"a value of type {shape.type_name}")


def _members(shape: StructureShape | MapShape, value: dict[str, Any]) -> Iterator[tuple[str, Shape]]:
    """Names on the wire, and their shapes; what travels outside of the body is not in it."""
    if isinstance(shape, MapShape):
        yield from ((name, shape.value) for name in value)
        return
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        if wire_name in value and "location" not in member.serialization:
            yield wire_name, member


def _is_scalar(kind: str, value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in NUMBERS:
        return is_number and math.isfinite(value) and value == int(value)
    if kind in FRACTIONS:
        return is_number or value in SPECIAL
    if kind == "timestamp":
        return is_number or isinstance(value, str)
    return isinstance(value, str)


def _fault(path: str, value: Any, wanted: str) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean"}
    return f"{path or 'the body'} is {names.get(type(value), 'a number')}, not {wanted}"
