"""From a template's values to an API's: numbers and booleans that are written as text, member names that differ in case only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from mlsystem.engine.runtime.api_model import service_model


def coerced(service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Members that the model does not have stay as they are, so that the API names them in its refusal."""
    shape = service_model(service).operation_model(operation).input_shape
    return dict(_value(shape, dict(request))) if shape is not None else dict(request)


def _value(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return _structure(shape, value)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_value(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {str(key): _value(shape.value, item) for key, item in value.items()}
    return _scalar(shape.type_name, value)


def _structure(shape: StructureShape, value: Mapping[str, Any]) -> dict[str, Any]:
    names = {name.casefold(): name for name in shape.members}
    result = {}
    for given, item in value.items():
        name = names.get(given.casefold(), given)
        result[name] = _value(shape.members[name], item) if name in shape.members else item
    return result


def _scalar(kind: str, value: Any) -> Any:
    try:
        if kind in ("integer", "long"):
            return int(value)
        if kind in ("float", "double"):
            return float(value)
    except (TypeError, ValueError):
        return value
    if kind == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if kind == "string":
        return _text(value)
    return value


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    # A policy is an object in a template and text in the API.
    return json.dumps(value) if isinstance(value, dict | list) else value
