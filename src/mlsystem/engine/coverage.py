"""Prints docs/coverage.md: what each room answers, said by the rooms themselves.

The rooms are wired as in an engine and never started. So the page names what is reachable, not what merely exists in some file, and it
cannot promise a member that the code refuses.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from botocore.model import OperationModel

from mlsystem.engine.contract import Operation, Room
from mlsystem.engine.dataplane.state import Door
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.runtime.api_model import service_model
from mlsystem.engine.services.cloudformation.resource_type import ResourceType
from mlsystem.engine.services.cloudformation.room import TYPES
from mlsystem.engine.settings import DEFAULT_ACCOUNT, DEFAULT_REGION, Settings
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder
from mlsystem.engine.wiring import control_socket, equip, wire

HEAD = """\
# Coverage: what the local engine answers

Made from the code by `python -m mlsystem.engine.coverage`; a test compares the two.

Whatever is not here is refused by name: an operation, a member of a request, a property of a resource type, each with the error
`NotImplemented` or, in a template, before anything is created. Members inside of the members below may be refused in
the same way. An operation is *supported* with all of its members, or *partly*, without those that are named. Of the operations that are
refused those are named that concern what the room knows otherwise. Pages of their own have
[the States language](coverage-states-language.md) and [what the commands and the console call](calls.md).

A request that AWS's model does not allow (a required member missing, a value of another type or beyond its limits) is refused with AWS's
code before a room sees it; a member that AWS does not have is ignored. A page of a list begins behind the last item of the one before,
whatever was made or deleted meanwhile, and a page token is good for the operation alone that gave it out.
"""

_VERB = re.compile(r"^(BatchGet|BatchDelete|[A-Z][a-z0-9]+)")

# What clients call and no room answers, because the front door does.
AT_THE_DOOR = {
    "sagemaker-runtime": "`InvokeEndpoint` is answered by the front door, which hands body and headers to an instance of the endpoint; "
    "of the headers it heeds `TargetVariant` itself.\n"
}

DOOR_OPERATIONS = {"sagemaker-runtime": {"InvokeEndpoint"}}
FEW = 12  # that are worth naming, whatever they are about


def wired_rooms() -> tuple[Room, ...]:
    """All rooms of an engine, on an empty folder that is gone again; only their marks can be read."""
    with ExitStack() as stack:
        folder = DataFolder(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coverage-"))))
        folder.prepare()
        settings = Settings(folder.root)
        clock = SystemClock(1.0)
        database = Database(folder.database, clock)
        stack.callback(database.close)
        scope = Scope(DEFAULT_ACCOUNT, DEFAULT_REGION)
        equipment = equip(folder, settings.runtime, database, stack)
        door = Door(scope, settings.port, str(control_socket(folder)), settings.host)
        return wire(settings, folder, database, clock, door, "http://127.0.0.1", equipment, stack).rooms


def page(rooms: Sequence[Room], types: Sequence[ResourceType]) -> str:
    """The whole page, as Markdown."""
    ordered = sorted(rooms, key=lambda room: room.service)
    lines = [HEAD, *_summary(ordered), *_resource_types(types)]
    for room in ordered:
        lines += _operations(room)
    return "\n".join(lines) + "\n"


def _summary(rooms: Sequence[Room]) -> Iterator[str]:
    yield "## Services\n"
    yield "| Service | Supported | Partly | Refused |"
    yield "| --- | ---: | ---: | ---: |"
    for room in rooms:
        incomplete = sum(bool(refused_members(room, name)) for name in room.operations)
        partly = incomplete + len(DOOR_OPERATIONS.get(room.service, ()))
        refused = len(refused_operations(room))
        yield f"| [{room.service}](#{room.service}) | {len(room.operations) - incomplete} | {partly} | {refused} |"
    yield ""


def _resource_types(types: Sequence[ResourceType]) -> Iterator[str]:
    yield "## Resource types of CloudFormation\n"
    yield (
        "A change of a property in *italics* makes a new resource. Custom resources (`AWS::CloudFormation::CustomResource` and "
        "`Custom::*`, with a function or a topic as their ServiceToken) and what the SAM transform makes come on top.\n"
    )
    yield "| Type | Properties | Attributes |"
    yield "| --- | --- | --- |"
    for kind in sorted(types, key=lambda kind: kind.name):
        properties = (f"*{name}*" if name in kind.immutable else name for name in sorted(kind.properties))
        attributes = "any" if kind.attributes is None else _names(kind.attributes)
        yield f"| {kind.name} | {', '.join(properties) or '—'} | {attributes} |"
    yield ""


def _operations(room: Room) -> Iterator[str]:
    yield f"## {room.service}\n"
    if room.service in AT_THE_DOOR:
        yield AT_THE_DOOR[room.service]
    if not room.operations:
        return
    yield "| Operation | State | Members | Refused members |"
    yield "| --- | --- | --- | --- |"
    for name, (mark, _) in sorted(room.operations.items()):
        refused = refused_members(room, name)
        yield f"| {name} | {'partly' if refused else 'supported'} | {_names(mark.accepts)} | {_names(refused)} |"
    yield ""
    yield _refused(room)


def _refused(room: Room) -> str:
    """How many there are, and those that somebody who has what the room knows will look for; all of them where they are few."""
    others = refused_operations(room)
    named = others if len(others) <= FEW else _akin(others, room.operations)
    among = f", among them {_names(named)}" if named and named != others else f": {_names(named)}" if named else ""
    return f"Refused are {len(others)} others of AWS's operations{among}.\n"


def refused_members(room: Room, name: str) -> frozenset[str]:
    """Of an operation that it answers."""
    mark, _ = room.operations[name]
    return members_of(service_model(room.service).operation_model(name)) - mark.accepts


def refused_operations(room: Room) -> frozenset[str]:
    """Of AWS's; those that the front door answers are none of the room's, and not refused."""
    return (
        frozenset(service_model(room.service).operation_names)
        - room.operations.keys()
        - DOOR_OPERATIONS.get(room.service, set())
    )


def _akin(names: Iterable[str], answered: Iterable[str]) -> frozenset[str]:
    """Those about a thing that the room answers something about: who has it will look for them first."""
    things = {_thing(name) for name in answered}
    return frozenset(name for name in names if _thing(name) in things)


def _thing(operation: str) -> str:
    """What it is about: its name without the verb, in the singular."""
    noun = _VERB.sub("", operation, count=1)
    return noun.removesuffix("s")


def faults(rooms: Sequence[Room]) -> Iterator[str]:
    """What a room claims and AWS does not know, or AWS demands and the room refuses."""
    for room in rooms:
        model = service_model(room.service)
        for name, (mark, _) in room.operations.items():
            if name not in model.operation_names:
                yield f"{room.service} has no operation {name}"
            else:
                yield from _member_faults(room.service, mark, model.operation_model(name))


def _member_faults(service: str, mark: Operation, model: OperationModel) -> Iterator[str]:
    required = set(model.input_shape.required_members) if model.input_shape is not None else set()
    for member in sorted(mark.accepts - members_of(model)):
        yield f"{service}:{mark.name} has no member {member}"
    for member in sorted(required - mark.accepts):
        yield f"{service}:{mark.name} refuses the required member {member}"


def members_of(operation: OperationModel) -> frozenset[str]:
    """Top-level members of its request in AWS's model."""
    shape = operation.input_shape
    return frozenset(shape.members) if shape is not None else frozenset()


def _names(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "—"


def main() -> None:
    sys.stdout.write(page(wired_rooms(), TYPES))


if __name__ == "__main__":
    main()
