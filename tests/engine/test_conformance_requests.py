"""Every operation of every room, asked wrongly in every way that AWS's model tells: a client error with AWS's code, never a 500.

One test is one operation, so that a failure names it; all of them ask one engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import pytest
from botocore.model import OperationModel

from mlsystem.engine.coverage import wired_rooms
from mlsystem.engine.runtime.api_model import service_model
from tests import probes
from tests.live import LiveEngine
from tests.probes import Probe, Told, send, unchecked_client

# What AWS answers, by service, to a value that it refuses before it looks at what it is about.
INVALID = {
    "s3": {"InvalidArgument", "MalformedXML", "MissingRequestBodyError"},
    "ec2": {"InvalidParameterValue", "MissingParameter"},
    "cloudformation": {"ValidationError"},
    "cloudwatch": {"ValidationError"},
    "iam": {"ValidationError"},
    "sts": {"ValidationError"},
    "sns": {"InvalidParameter"},
    "ecr": {"InvalidParameterException"},
    "logs": {"InvalidParameterException"},
    "codebuild": {"InvalidInputException"},
    "efs": {"BadRequest"},
    "apigateway": {"BadRequestException"},
    "secretsmanager": {"InvalidParameterException"},
}
UNREADABLE = {"json": "SerializationException", "query": "MalformedInput"}

OPERATIONS = [(room.service, name) for room in wired_rooms() for name in sorted(room.operations)]


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEngine]:
    """An engine of their own: some requests that are barely right make something."""
    live = LiveEngine(tmp_path_factory.mktemp("probed"))
    try:
        live.start()
        yield live
    finally:
        live.stop()


@pytest.fixture(scope="module")
def client(probed: LiveEngine) -> Callable[[str], Any]:
    return cache(lambda service: unchecked_client(probed, service))


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=[f"{service}:{name}" for service, name in OPERATIONS])
def test_what_is_asked_wrongly_is_a_clients_error(client: Callable[[str], Any], service: str, name: str) -> None:
    operation = service_model(service).operation_model(name)
    invalid = [*probes.missing(operation), *probes.hollow(operation), *probes.out_of_constraints(operation)]
    faults = _faults(client(service), operation, invalid, _invalid_codes(operation))
    faults += _faults(client(service), operation, probes.of_another_type(operation), _unreadable_codes(operation))
    assert faults == []


def _faults(client: Any, operation: OperationModel, asked: Iterable[Probe], codes: set[str]) -> list[str]:
    found = [(probe, send(client, operation, probe)) for probe in asked]
    return [
        f"{', '.join(probe.members)} {probe.what}: {told}"
        for probe, told in found
        if not (400 <= told.status < 500 and _is_named(operation, told, codes, probe.members))
    ]


def _is_named(operation: OperationModel, told: Told, codes: set[str], members: tuple[str, ...]) -> bool:
    if operation.http["method"] == "HEAD":
        return True  # its answer has no body
    capitals = [f"{member[0].upper()}{member[1:]}" for member in members]
    own = {f"{name}RequiredException" for name in capitals} | {f"Invalid{name}Exception" for name in capitals}
    return told.code in codes | own and all(member.lower() in told.message.lower() for member in members)


def _invalid_codes(operation: OperationModel) -> set[str]:
    return INVALID.get(operation.service_model.service_name, {"ValidationException"})


def _unreadable_codes(operation: OperationModel) -> set[str]:
    service = operation.service_model.service_name
    return INVALID["ec2"] if service == "ec2" else {UNREADABLE.get(probes.wire_of(operation), "MalformedXML")}


@pytest.mark.parametrize("service", sorted({service for service, _ in OPERATIONS}))
def test_what_is_barely_right_is_no_fault_of_the_engine(client: Callable[[str], Any], service: str) -> None:
    """Required members alone, whose values are of the right type and length, and mean nothing."""
    models = [service_model(service).operation_model(name) for known, name in OPERATIONS if known == service]
    told = {one.name: send(client(service), one, Probe((), "", probes.required(one))) for one in models}
    assert {name: one for name, one in told.items() if one.status >= 500 and one.code != "NotImplemented"} == {}


@pytest.mark.parametrize("service", sorted({service for service, _ in OPERATIONS}))
def test_members_that_aws_does_not_have_are_ignored(client: Callable[[str], Any], service: str) -> None:
    """As AWS's servers do: clients may be newer. The reading operations alone are asked, which change nothing."""
    names = [name for known, name in OPERATIONS if known == service and name.startswith(("Describe", "List", "Get"))]
    for operation in [service_model(service).operation_model(name) for name in names]:
        probe = probes.unknown(operation)
        plain = send(client(service), operation, Probe((), "", probe.request))
        told = send(client(service), operation, probe)
        assert (told.status, told.code) == (plain.status, plain.code), operation.name
