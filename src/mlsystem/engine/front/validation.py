"""Checks a request against botocore's model of its operation, before any room sees it.

botocore checks types, required members and ranges; enums, patterns and maximum lengths, which AWS's servers check, are walked here.
Requests of rooms to rooms and of templates pass through it too, so a wrong template fails here as it would on AWS.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from mlsystem.engine.decide.errors import AwsError

# Services whose validation error is not ValidationException.
VALIDATION_CODES = {
    "s3": "InvalidArgument",
    "ec2": "InvalidParameterValue",
    "cloudformation": "ValidationError",
    "cloudwatch": "ValidationError",
    "iam": "ValidationError",
    "sts": "ValidationError",
    "sns": "InvalidParameter",
    "lambda": "InvalidParameterValueException",
    "ecr": "InvalidParameterException",
    "logs": "InvalidParameterException",
    "codebuild": "InvalidInputException",
    "efs": "BadRequest",
    "apigateway": "BadRequestException",
    "secretsmanager": "InvalidParameterException",
}


def validate(operation: OperationModel, request: Mapping[str, Any]) -> None:
    """Raises AwsError with the code that this service gives to invalid requests, naming every fault found."""
    shape = operation.input_shape
    if shape is None:
        return
    report = ParamValidator().validate(dict(request), shape)
    faults = [report.generate_report()] if report.has_errors() else list(_faults(shape, request, ""))
    if faults:
        service = operation.service_model.service_name
        raise AwsError(VALIDATION_CODES.get(service, "ValidationException"), f"{operation.name}: {'; '.join(faults)}")


def _faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if isinstance(value, Mapping) and value.get(name) is not None:
                yield from _faults(member, value[name], f"{path}.{name}" if path else name)
    elif isinstance(shape, ListShape):
        yield from _length_faults(shape, value, path)
        for index, item in enumerate(value):
            yield from _faults(shape.member, item, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        yield from _length_faults(shape, value, path)
        for key, item in value.items():
            yield from _faults(shape.key, key, f"{path} (key {key})")
            yield from _faults(shape.value, item, f"{path}.{key}")
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _string_faults(shape, value, path)


def _length_faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    longest = shape.metadata.get("max")
    if longest is not None and len(value) > longest:
        yield f"{path} has {len(value)} elements or characters, at most {longest} are allowed"


def _string_faults(shape: StringShape, value: str, path: str) -> Iterator[str]:
    yield from _length_faults(shape, value, path)
    if shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}, which is none of {', '.join(shape.enum)}"
    pattern = _compiled(shape.metadata.get("pattern"))
    if pattern is not None and not pattern.fullmatch(value):
        yield f"{path} is {value!r}, which does not match {shape.metadata['pattern']}"


@functools.cache
def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """None for no pattern, and for one of Java's that Python's `re` cannot read (possessive quantifiers, \\p classes)."""
    if pattern is None:
        return None
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None
