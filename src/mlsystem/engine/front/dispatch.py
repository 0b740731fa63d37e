"""Hands each request to the room that answers it: the `call` that rooms, workloads and clients share.

Order of the checks is AWS's: is the operation known, may this principal do it, is the request well formed, is every member of it
implemented. Only then does the room see it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.model import OperationNotFoundError

from mlsystem.engine.contract import Call, Handler, Operation, Principal, Room
from mlsystem.engine.decide.errors import AwsError, EngineError, NotImplementedHere
from mlsystem.engine.front.validation import validate
from mlsystem.engine.runtime.api_model import service_model
from mlsystem.engine.store.bodies import Body
from mlsystem.engine.store.database import Database


class Dispatcher:
    """The directory of rooms. Implements `contract.Caller`."""

    def __init__(self, database: Database, root: Principal):
        self._database = database
        self._root = root
        self._rooms: dict[str, Room] = {}

    def open(self, rooms: Sequence[Room]) -> None:
        self._rooms.update({room.service: room for room in rooms})

    def __call__(
        self, service: str, operation: str, request: Mapping[str, Any], principal: Principal | None = None
    ) -> dict[str, Any]:
        mark, handler = self._find(service, operation)
        given = {name: value for name, value in request.items() if value is not None}
        self._check(service, mark, given)
        return dict(self._run(mark, handler, given, principal or self._root))

    def _find(self, service: str, operation: str) -> tuple[Operation, Handler]:
        room = self._rooms.get(service)
        if room is None or operation not in room.operations:
            raise NotImplementedHere(f"{service}:{operation}")
        return room.operations[operation]

    def _check(self, service: str, mark: Operation, request: Mapping[str, Any]) -> None:
        try:
            model = service_model(service).operation_model(mark.name)
        except OperationNotFoundError as error:
            raise AwsError("UnknownOperationException", f"{service} has no operation {mark.name}.") from error
        # botocore's validator knows bytes and files only; of what streams past it there is nothing to validate.
        validate(model, {name: b"" if isinstance(value, Body | Path) else value for name, value in request.items()})
        unknown = sorted(set(request) - mark.accepts)
        if unknown:
            raise NotImplementedHere(f"{service}:{mark.name} with {', '.join(unknown)}")

    def _run(
        self, mark: Operation, handler: Handler, request: Mapping[str, Any], principal: Principal
    ) -> Mapping[str, object]:
        request_id = secrets.token_hex(16)
        if mark.mode == "free":
            if self._database.is_in_transaction:
                raise EngineError(f"{mark.name} waits for the world: it must not be called inside a transaction")
            return handler(request, Call(principal, None, request_id))
        scope = self._database.reading() if mark.mode == "read" else self._database.transaction()
        with scope as tx:
            return handler(request, Call(principal, tx, request_id))
