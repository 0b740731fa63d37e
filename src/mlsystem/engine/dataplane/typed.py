"""Envoy's configuration language: messages in JSON, some of them behind a type URL."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_PREFIX = "type.googleapis.com/envoy."


def typed(message: str, **fields: object) -> Json:
    """The message `envoy.<message>` where Envoy expects an `Any`."""
    return {"@type": _PREFIX + message, **fields}


def extension(name: str, message: str, **fields: object) -> Json:
    """A named extension with its configuration."""
    return {"name": name, "typed_config": typed(message, **fields)}


def header(name: str, value: str) -> Json:
    """A header to set, whoever set it before."""
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def pipe(path: str) -> Json:
    """The address of a Unix socket."""
    return {"pipe": {"path": path}}


def seconds(duration: float) -> str:
    """A protobuf duration."""
    return f"{duration:.3f}s"
