"""Checks a request against botocore's model of its operation, before any room sees it.

botocore checks types, required members and minima; enums, patterns and maxima, which AWS's servers check, are walked here. The code of a
fault is the one that AWS's model of the operation has for it (CodeDeploy: ApplicationNameRequiredException), else its service's own.
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
    "ecr": "InvalidParameterException",
    "logs": "InvalidParameterException",
    "codebuild": "InvalidInputException",
    "efs": "BadRequest",
    "apigateway": "BadRequestException",
    "secretsmanager": "InvalidParameterException",
}


# Of AWS's whole numbers, beside the sign.
BITS = {"integer": 31, "long": 63}
# One half of a pair, which a JSON escape can say and nothing can be written with.
SURROGATE = re.compile("[\ud800-\udfff]")
# Of services that have a code of their own for what is missing.
MISSING_CODES = {"ec2": "MissingParameter"}


def validate(operation: OperationModel, request: Mapping[str, Any]) -> None:
    """Raises AwsError with the code that this service gives to invalid requests, naming every fault found."""
    shape = operation.input_shape
    if shape is None:
        return
    missing = [name for name in shape.required_members if request.get(name) is None]
    report = ParamValidator().validate(dict(request), shape)
    faults = [report.generate_report()] if report.has_errors() else list(_faults(shape, request, ""))
    if faults:
        code = _missing_code(operation, missing[0]) if missing else _invalid_code(operation, faults[0])
        raise AwsError(code, f"{operation.name}: {'; '.join(faults)}")


def too_deep(operation: OperationModel) -> AwsError:
    """For a request, or a document in it, that is nested deeper than anybody writes: what reads it would run out of its stack."""
    return AwsError(
        _code(operation), f"{operation.name}: the request, or a document in it, is nested too deeply.", status=400
    )


class Given(dict[str, Any]):
    """A request as a room sees it, or a structure in it: a member that the room cannot do without, and that the model leaves open, is
    missed by name. `path` is the structure's."""

    def __init__(
        self, operation: OperationModel, members: Mapping[str, Any], shape: Shape | None = None, path: str = ""
    ):
        shapes = getattr(shape or operation.input_shape, "members", {})
        super().__init__(
            {name: _structures(operation, value, shapes.get(name), f"{path}{name}") for name, value in members.items()}
        )
        self._operation = operation
        self._path = path

    def __missing__(self, member: str) -> Any:
        """Raises AwsError."""
        code = _missing_code(self._operation, member)
        raise AwsError(code, f"{self._operation.name}: {self._path}{member} is required.")

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        """A copy is what it holds."""
        return dict, (dict(self),)


def _structures(operation: OperationModel, value: Any, shape: Shape | None, path: str) -> Any:
    """The value with its structures as they are given to a room."""
    if isinstance(shape, StructureShape) and isinstance(value, dict) and not shape.is_document_type:
        return Given(operation, value, shape, f"{path}.")
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_structures(operation, item, shape.member, f"{path}[{place}]") for place, item in enumerate(value)]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _structures(operation, item, shape.value, f"{path}.{key}") for key, item in value.items()}
    return value


def _missing_code(operation: OperationModel, member: str) -> str:
    service, shape = operation.service_model.service_name, operation.input_shape
    if service == "s3" and shape is not None and shape.serialization.get("payload") == member:
        return "MissingRequestBodyError"
    own = f"{member[0].upper()}{member[1:]}RequiredException"
    return own if _has_error(operation, own) else MISSING_CODES.get(service, _code(operation))


def _invalid_code(operation: OperationModel, fault: str) -> str:
    """A fault begins with the path of its member."""
    member = re.split(r"[ .\[]", fault, maxsplit=1)[0]
    own = f"Invalid{member[:1].upper()}{member[1:]}Exception"
    return own if _has_error(operation, own) else _code(operation)


def _code(operation: OperationModel) -> str:
    return VALIDATION_CODES.get(operation.service_model.service_name, "ValidationException")


def _has_error(operation: OperationModel, name: str) -> bool:
    return any(shape.name == name for shape in operation.error_shapes)


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
    else:
        yield from _scalar_faults(shape, value, path)


def _scalar_faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StringShape) and isinstance(value, str):
        yield from _string_faults(shape, value, path)
    elif shape.type_name == "blob" and isinstance(value, bytes):
        yield from _length_faults(shape, value, path)
    elif isinstance(value, int | float) and value > shape.metadata.get("max", value):
        yield f"{path} is {value}, which is more than {shape.metadata['max']}"
    elif (
        shape.type_name in BITS
        and isinstance(value, int)
        and not -(2 ** BITS[shape.type_name]) <= value < 2 ** BITS[shape.type_name]
    ):
        yield f"{path} is no whole number of {BITS[shape.type_name] + 1} bits"


def _length_faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    longest = shape.metadata.get("max")
    if longest is not None and len(value) > longest:
        yield f"{path} has {len(value)} elements or characters, at most {longest} are allowed"


def _string_faults(shape: StringShape, value: str, path: str) -> Iterator[str]:
    yield from _length_faults(shape, value, path)
    if SURROGATE.search(value):
        yield f"{path} is no Unicode text"
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
