"""Looks at every answer that a client of the tests gets: against AWS's model of the operation.

A member that the model does not have, a required one that is absent, a value outside of its enumeration: the test that got it fails.
boto3 itself would pass over all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

from tests.probes import wire_of

# Statuses of stacks, which their own events tell although the model's ResourceStatus lacks them; and what an attached internet gateway is:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InternetGatewayAttachment.html
BEYOND_MODEL = (
    "available",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "REVIEW_IN_PROGRESS",
)


class WrongAnswer(AssertionError):
    """The engine answered what AWS's model does not know."""


def check_answers(client: Any) -> None:
    """From here on, each of its calls fails whose answer is not as the model has it."""

    def check(response_dict: Mapping[str, Any] | None, parsed_response: Any, event_name: str, **_: object) -> None:
        if response_dict is None or response_dict["status_code"] >= 300:
            return
        operation = client.meta.service_model.operation_model(event_name.rsplit(".", 1)[-1])
        faults = list(answer_faults(operation, response_dict, parsed_response))
        if faults:
            raise WrongAnswer(f"{operation.name} answered {'; '.join(faults)}")

    client.meta.events.register("response-received", check)


def answer_faults(operation: OperationModel, response: Mapping[str, Any], parsed: Mapping[str, Any]) -> Iterator[str]:
    shape = operation.output_shape
    if shape is None:
        return
    yield from _faults(shape, parsed, "", is_head=operation.http["method"] == "HEAD")
    if wire_of(operation) == "json" and "payload" not in shape.serialization and response["body"][:1] == b"{":
        yield from _unknown(shape, json.loads(response["body"]), "")


def _faults(shape: Shape, value: Any, path: str, is_head: bool = False) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        if not is_head:
            yield from (f"no {path}{name}" for name in shape.required_members if value.get(name) is None)
        for name, member in shape.members.items():
            if name in value:
                yield from _faults(member, value[name], f"{path}{name}.")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for item in value:
            yield from _faults(shape.member, item, path)
    elif isinstance(shape, MapShape) and isinstance(value, Mapping):
        for item in value.values():
            yield from _faults(shape.value, item, path)
    elif (
        isinstance(shape, StringShape)
        and shape.enum
        and value.lower() not in {one.lower() for one in (*shape.enum, *BEYOND_MODEL)}
    ):
        # EC2 answers some of its states in other letters than its model has.
        yield f"{path} {value!r}, which is none of {', '.join(shape.enum[:20])}"


def _unknown(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Members of a JSON body that the model does not have."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        known = {str(member.serialization.get("name", name)): member for name, member in shape.members.items()}
        yield from (f"{path}{name}, which is unknown" for name in value if name not in known)
        for name, member in known.items():
            if name in value:
                yield from _unknown(member, value[name], f"{path}{name}.")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for item in value:
            yield from _unknown(shape.member, item, path)
