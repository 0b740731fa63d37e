"""Checks a request against AWS's own model of the operation: types, required members, enums, patterns and lengths.

botocore checks the first two before it sends a request, and leaves the rest to the service, which is not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator


@cache
def _input_shape(service: str, operation: str) -> StructureShape:
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    assert shape is not None
    return shape


def faults(service: str, operation: str, request: dict[str, Any]) -> list[str]:
    """Everything that AWS would refuse in the request, as far as its model says."""
    shape = _input_shape(service, operation)
    report = ParamValidator().validate(request, shape)
    return [*report.generate_report().splitlines(), *_walk(shape, request, operation)]


def _walk(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in value.items():
            if name in shape.members:
                yield from _walk(shape.members[name], member, f"{path}.{name}")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        yield from _too_long(shape, value, path)
        for place, member in enumerate(value):
            yield from _walk(shape.member, member, f"{path}[{place}]")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        yield from _too_long(shape, value, path)
        for name, member in value.items():
            yield from _walk(shape.key, name, f"{path}.{name} (key)")
            yield from _walk(shape.value, member, f"{path}.{name}")
    elif isinstance(value, str):
        yield from _text(shape, value, path)
    elif isinstance(value, int | float) and value > shape.metadata.get("max", value):
        yield f"{path}: {value} is more than {shape.metadata['max']}"


def _text(shape: Shape, value: str, path: str) -> Iterator[str]:
    yield from _too_long(shape, value, path)
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        yield f"{path}: {value!r} is not one of {', '.join(enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(_python_pattern(pattern), value):
        yield f"{path}: {value!r} does not match {pattern}"


def _too_long(shape: Shape, value: str | list[Any] | dict[str, Any], path: str) -> Iterator[str]:
    limit = shape.metadata.get("max")
    if limit is not None and len(value) > limit:
        yield f"{path}: {len(value)} is longer than {limit}"


def _python_pattern(pattern: str) -> str:
    r"""AWS's patterns are Java's; of their classes, only \p{...} has no Python equal, and any character stands for it."""
    return re.sub(r"\\p\{\w+\}", r"\\w\\s", pattern)
