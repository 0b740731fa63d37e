"""Every operation of every room: requests made of botocore's models, half of them about things that exist, some spoilt on the wire."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from random import Random
from typing import Any

from botocore.exceptions import ClientError
from botocore.model import OperationModel
from botocore.parsers import ResponseParserError, create_parser

from mlsystem.engine.runtime.api_model import service_model
from tests.fuzz.inside import Answer, InsideEngine, inside_engine
from tests.fuzz.kind import Finding, Kind, Session
from tests.fuzz.requests import SPOILT, Sent, protocol_of, sent, spoilt
from tests.fuzz.shapes import Known, Values
from tests.fuzz.things import make_world

# They answer at once where there is work, and wait for as long as a client may wait for some.
WAITING = {("stepfunctions", "GetActivityTask")}
# What is told where no program can be started, and tried again: that is this harness's doing.
EXPECTED = ("_await_ready", "keeper.py:settle", "did not become ready")


class Operations:
    """`learns` from answers what exists."""

    def __init__(self, engine: InsideEngine, known: Known):
        self._engine, self._known = engine, known
        self._operations = [
            (room.service, name)
            for room in engine.rooms
            for name in sorted(room.operations)
            if (room.service, name) not in WAITING
        ]
        self._accepted = {
            (room.service, name): mark.accepts for room in engine.rooms for name, (mark, _) in room.operations.items()
        }

    def make(self, chance: Random) -> Sent:
        return make_request(chance, self._operations, self._accepted, self._known)

    def run(self, given: Sent) -> str:
        answer = self._engine.ask(given.method, given.path, given.query, given.headers, given.body)
        for signature, told in self._engine.tracebacks.take():
            if not any(word in signature for word in EXPECTED):
                raise Finding(signature, told)
        if answer.status >= 500 and answer.status != 501 and b"did not become ready" not in answer.body:
            raise Finding(
                f"{answer.status} of {given.service}:{given.operation}", f"{answer.status} {answer.body[:500]!r}"
            )
        check_answer(given, answer)
        return f"{answer.status // 100}xx"


Accepted = Mapping[tuple[str, str], frozenset[str]]


def make_request(chance: Random, operations: Sequence[tuple[str, str]], accepted: Accepted, known: Known) -> Sent:
    """Of one of the operations, which have the members that are accepted."""
    while True:
        service, name = chance.choice(operations)
        operation = service_model(service).operation_model(name)
        try:
            made = _sent(operation, _request(operation, accepted[service, name], known, chance), chance)
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
            continue  # botocore's serializer has no words for it
        return spoilt(made, chance) if chance.random() < SPOILT else made


def _request(operation: OperationModel, accepted: frozenset[str], known: Known, chance: Random) -> dict[str, Any]:
    shape = operation.input_shape
    if shape is None:
        return {}
    values = Values(chance, known, chance.choice((0.0, 0.02, 0.1, 0.3)))
    seeds = known.requests.get((operation.service_model.service_name, operation.name))
    if seeds and chance.random() < 0.5:
        share = chance.choice((0.03, 0.1, 0.3))
        return dict(values.varied(shape, chance.choice(seeds), operation.name, share))
    return values.request(shape, accepted)


def _sent(operation: OperationModel, request: dict[str, Any], chance: Random) -> Sent:
    protocol = protocol_of(operation)
    if protocol == "json" and operation.service_model.service_name == "cloudwatch" and chance.random() < 0.3:
        protocol = "query"
    return sent(operation, request, protocol)


def check_answer(given: Sent, answer: Answer) -> None:
    """Raises Finding for one that boto3 does not understand."""
    operation = service_model(given.service).operation_model(given.operation)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if answer.status < 400 or given.method == "HEAD" or answer.status == 501:
        return
    protocol = (
        "rest-json"
        if headers.get("content-type", "").startswith(("application/json", "application/x-amz-json"))
        else protocol_of(operation)
    )
    if (
        headers.get("content-type", "").startswith(("text/xml", "application/xml"))
        and "xml" not in protocol
        and protocol != "ec2"
    ):
        protocol = "query"
    try:
        parser: Any = create_parser(protocol)
        parsed = parser.parse({"headers": headers, "body": answer.body, "status_code": answer.status}, None)
    except ResponseParserError as error:
        raise Finding(f"unreadable answer of {given.service}", f"{answer}: {error}") from error
    if not ClientError(parsed, given.operation).response["Error"].get("Code"):
        raise Finding(f"an answer of {given.service} without a code", repr(answer))


@contextmanager
def _session() -> Iterator[Session]:
    logging.getLogger().setLevel(logging.ERROR)
    with inside_engine() as engine:
        known = make_world(engine)
        with suppress(Finding):
            engine.tracebacks.take()
        yield Operations(engine, known)


OPERATIONS = Kind("operations", _session, share=40)
