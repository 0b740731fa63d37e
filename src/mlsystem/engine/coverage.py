"""Prints docs/coverage.md: what each room answers, said by the rooms themselves.

The rooms are wired as in an engine and never started. So the page names what is reachable, not what merely exists in some file, and it
cannot promise a member that the code refuses.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from botocore.model import OperationModel

from mlsystem.engine.contract import House, Operation, Room
from mlsystem.engine.dataplane.state import Door
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.durable.worker import Worker
from mlsystem.engine.front.dispatch import Dispatcher
from mlsystem.engine.front.guard import Guard
from mlsystem.engine.runtime.api_model import service_model
from mlsystem.engine.runtime.credentials import WorkloadCredentials
from mlsystem.engine.services.cloudformation.resource_type import ResourceType
from mlsystem.engine.services.cloudformation.room import TYPES
from mlsystem.engine.services.iam.role_book import RoleBook
from mlsystem.engine.settings import DEFAULT_ACCOUNT, DEFAULT_REGION, Settings
from mlsystem.engine.start import _control, _equip, _keeper, _rooms
from mlsystem.engine.store.clock import SystemClock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder

HEAD = """\
# Coverage: what the local engine answers

Made from the code by `python -m mlsystem.engine.coverage`; a test compares the two.

Whatever is not here is refused by name: an operation, a member of a request, a property of a resource type, each with the error
`NotImplemented` or, in a template, before anything is created. Members inside of the members below may be refused in
the same way. The States language has [a page of its own](coverage-states-language.md).
"""

# What clients call and no room answers, because the front door does.
AT_THE_DOOR = {
    "sagemaker-runtime": "`InvokeEndpoint` is answered by the front door, which hands body and headers to an instance of the endpoint; "
    "of the headers it heeds `TargetVariant` itself.\n"
}


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
        dispatcher = Dispatcher(database, scope, Guard(scope, RoleBook()))
        equipment = _equip(folder, settings.runtime, database, stack)
        door = Door(scope, settings.port, str(_control(folder)), settings.host)
        keeper = _keeper(folder, database, equipment.plane, door, RoleBook())
        worker, url = Worker(database, clock), "http://127.0.0.1"
        house = House(scope, clock, database, worker, folder, dispatcher, url, dispatcher.demand)
        credentials = WorkloadCredentials(house, equipment.keys, equipment.runner, settings.workload_key_seconds)
        return _rooms(house, equipment, keeper, credentials)


def page(rooms: Sequence[Room], types: Sequence[ResourceType]) -> str:
    """The whole page, as Markdown."""
    ordered = sorted(rooms, key=lambda room: room.service)
    lines = [HEAD, *_summary(ordered), *_resource_types(types)]
    for room in ordered:
        lines += _operations(room)
    return "\n".join(lines) + "\n"


def _summary(rooms: Sequence[Room]) -> Iterator[str]:
    yield "## Services\n"
    yield "| Service | Operations | Of AWS's |"
    yield "| --- | ---: | ---: |"
    for room in rooms:
        known = service_model(room.service).operation_names
        yield f"| [{room.service}](#{room.service}) | {len(room.operations)} | {len(known)} |"
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
    yield "| Operation | Members | Refused members |"
    yield "| --- | --- | --- |"
    for name, (mark, _) in sorted(room.operations.items()):
        refused = members_of(service_model(room.service).operation_model(name)) - mark.accepts
        yield f"| {name} | {_names(mark.accepts)} | {_names(refused)} |"
    yield ""


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
