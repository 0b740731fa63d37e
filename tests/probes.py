"""Requests that AWS refuses, made from botocore's models: without a required member, of another type, out of a member's constraints.

They are sent by a real client that does not check them first; what its serializer would not write is changed in the body that it wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

from mlsystem.engine.front.validation import _compiled

if TYPE_CHECKING:
    from tests.live import LiveEngine

LONGEST = 100_000
DEEPEST = 3
WHOLE_NUMBERS = ("integer", "long")
SCALARS: Mapping[str, Any] = {
    "boolean": True,
    "timestamp": datetime(2026, 5, 1, tzinfo=UTC),
    "blob": b"x",
    "float": 1.0,
    "double": 1.0,
}
# Of the first that does not match is made a value that the pattern refuses.
STRANGE = ("a b", "{}", "^", "!", "_", "-", "%", "0", "x", "X" * 300, "\u2603")
# The client itself acts by them.
OF_THE_CLIENT = {"ChecksumAlgorithm", "EndpointId"}


@dataclass(frozen=True)
class Probe:
    """`members` are what is wrong; `body` are members as they go over the wire, beside those of `request`."""

    members: tuple[str, ...]
    what: str
    request: Mapping[str, Any]
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    status: int
    code: str
    message: str


def sample(shape: Shape) -> Any:
    """A value of the right type; of a structure its required members."""
    if isinstance(shape, StructureShape):
        return {name: sample(shape.members[name]) for name in shape.required_members}
    if isinstance(shape, ListShape):
        return [sample(shape.member)] * max(int(shape.metadata.get("min", 0)), 1)
    if isinstance(shape, MapShape):
        return {sample(shape.key): sample(shape.value)}
    if isinstance(shape, StringShape):
        return shape.enum[0] if shape.enum else "x" * max(int(shape.metadata.get("min", 1)), 1)
    return SCALARS.get(shape.type_name, int(shape.metadata.get("min", 1)))


def required(operation: OperationModel) -> dict[str, Any]:
    shape = operation.input_shape
    return {} if shape is None else sample(shape)


def is_in_body(operation: OperationModel, name: str) -> bool:
    """Whether it is no part of address or headers, whose absence makes another operation of the request."""
    shape = operation.input_shape
    assert shape is not None
    return "location" not in shape.members[name].serialization


def missing(operation: OperationModel) -> Iterator[Probe]:
    """The request without each of its required members, but for tokens that the client makes up."""
    whole, made_up = required(operation), operation.idempotent_members
    for name in whole:
        if is_in_body(operation, name) and name not in made_up:
            yield Probe((name,), "missing", {other: value for other, value in whole.items() if other != name})


def out_of_constraints(operation: OperationModel) -> Iterator[Probe]:
    """The request with members beyond their constraints: all those that have a constraint of the same kind at once."""
    members = operation.input_shape.members if operation.input_shape is not None else {}
    by_kind: dict[str, dict[str, Any]] = {}
    for name, shape in members.items():
        for what, value in _bad_values(shape):
            if name not in OF_THE_CLIENT and _arrives(operation, name, value):
                by_kind.setdefault(what, {})[name] = value
    for what, bad in by_kind.items():
        yield Probe(tuple(bad), what, {**required(operation), **bad})


def _arrives(operation: OperationModel, name: str, value: Any) -> bool:
    """Not what the wire format cannot tell from nothing."""
    is_empty = value in ("", []) or (isinstance(value, list) and value[0] == {})
    return not is_empty or (is_in_body(operation, name) and wire_of(operation) == "json")


def _bad_values(shape: Shape) -> Iterator[tuple[str, Any]]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(shape, StringShape):
        yield from _bad_texts(shape, low, high)
    elif isinstance(shape, ListShape):
        if low is not None and low > 0:
            yield "too few", []
        if high is not None and high < 2000:
            yield "too many", [sample(shape.member)] * (int(high) + 1)
    elif shape.type_name in WHOLE_NUMBERS:
        if low is not None:
            yield "too small", int(low) - 1
        if high is not None and high < 2**31 - 1:
            yield "too large", int(high) + 1


def _bad_texts(shape: StringShape, low: int | None, high: int | None) -> Iterator[tuple[str, str]]:
    if shape.enum:
        yield "not of the enumeration", "NoneOfThem"
    if low is not None and low > 0:
        yield "too short", "x" * (int(low) - 1)
    if high is not None and high < LONGEST:
        yield "too long", "x" * (int(high) + 1)
    pattern = _compiled(shape.metadata.get("pattern"))
    fitting = (one * -(-int(low or 1) // len(one)) for one in STRANGE)
    strange = (one for one in fitting if len(one) <= (high or LONGEST))
    if pattern is not None and (found := next((one for one in strange if not pattern.fullmatch(one)), None)):
        yield "against the pattern", found


def hollow(operation: OperationModel) -> Iterator[Probe]:
    """JSON: the request with every structure at a depth below it empty, of those that have required members; all those above are there."""
    members = operation.input_shape.members if operation.input_shape is not None else {}
    inner = {name: shape for name, shape in members.items() if is_in_body(operation, name)}
    if wire_of(operation) != "json":
        return
    for depth in range(1, DEEPEST + 1):
        lost: set[str] = set()
        found = {name: _hollow(shape, depth, lost) for name, shape in inner.items() if _has_hollow(shape, depth)}
        if lost:
            yield Probe(tuple(sorted(lost)), f"missing {depth} below", {**required(operation), **found})


def _has_hollow(shape: Shape, depth: int) -> bool:
    if isinstance(shape, ListShape):
        return _has_hollow(shape.member, depth)
    if not isinstance(shape, StructureShape) or getattr(shape, "is_document_type", False):
        return False
    return (
        bool(shape.required_members)
        if depth == 1
        else any(_has_hollow(one, depth - 1) for one in shape.members.values())
    )


def _hollow(shape: Shape, depth: int, lost: set[str]) -> Any:
    """A value of the shape; `lost` takes the names of what it lacks."""
    if isinstance(shape, ListShape):
        return [_hollow(shape.member, depth, lost)]
    assert isinstance(shape, StructureShape)
    if depth == 1:
        lost.update(shape.required_members)
        return {}
    inner = {name: one for name, one in shape.members.items() if _has_hollow(one, depth - 1)}
    return {**sample(shape), **{name: _hollow(one, depth - 1, lost) for name, one in inner.items()}}


def of_another_type(operation: OperationModel) -> Iterator[Probe]:
    """JSON: all members of the body with values of another type. Query: each whole number as a word."""
    shape = operation.input_shape
    if shape is None or "payload" in shape.serialization:
        return
    members = {name: one for name, one in shape.members.items() if is_in_body(operation, name)}
    if wire_of(operation) == "json" and members:
        bad = {str(one.serialization.get("name", name)): _other_type(one) for name, one in members.items()}
        yield Probe(tuple(bad), "of another type", required(operation), bad)
    elif wire_of(operation) == "query":
        for name in (name for name, one in members.items() if one.type_name in WHOLE_NUMBERS):
            yield Probe((), f"{name} of another type", {**required(operation), name: "many"})


def _other_type(shape: Shape) -> Any:
    if isinstance(shape, StructureShape | MapShape):
        return "a text"
    if isinstance(shape, ListShape):
        return {"a": "member"}
    return "many" if shape.type_name in (*WHOLE_NUMBERS, "boolean", "float", "double") else {"an": "object"}


def unknown(operation: OperationModel) -> Probe:
    """The empty request, with a member that AWS does not have."""
    return Probe(("NotAMember",), "unknown", required(operation), {"NotAMember": "x"})


def wire_of(operation: OperationModel) -> str:
    """json, query or xml: what the body is written in by boto3."""
    metadata = operation.service_model.metadata
    protocols = metadata.get("protocols", [metadata["protocol"]])
    if "json" in protocols or "rest-json" in protocols:
        return "json"
    return "xml" if "rest-xml" in protocols else "query"


def send(client: Any, operation: OperationModel, probe: Probe) -> Told:
    """What the engine answers; the code is empty when it succeeds."""

    def change(params: dict[str, Any], **_: object) -> None:
        if probe.body and wire_of(operation) == "json":
            params["body"] = json.dumps({**json.loads(params["body"] or b"{}"), **probe.body}).encode()
        elif probe.body and isinstance(params["body"], dict):
            params["body"] = {**params["body"], **probe.body}
        elif probe.body:
            params["url"] += ("&" if "?" in params["url"] else "?") + urlencode(probe.body)

    event = f"before-call.{client.meta.service_model.service_id.hyphenize()}.{operation.name}"
    client.meta.events.register_last(event, change)
    try:
        answer = getattr(client, xform_name(operation.name))(**probe.request)
        return Told(answer["ResponseMetadata"]["HTTPStatusCode"], "", "")
    except ClientError as error:
        response = error.response
        told = response["Error"]
        return Told(response["ResponseMetadata"]["HTTPStatusCode"], str(told.get("Code")), str(told.get("Message")))
    finally:
        client.meta.events.unregister(event, change)


def unchecked_client(engine: LiveEngine, service: str) -> Any:
    """A client that sends what it is given."""
    root = engine.credentials()
    make_client: Any = boto3.client
    return make_client(
        service,
        endpoint_url=engine.url,
        region_name=root["region"],
        aws_access_key_id=root["access_key_id"],
        aws_secret_access_key=root["secret_access_key"],
        config=Config(
            parameter_validation=False,
            inject_host_prefix=False,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
    )
