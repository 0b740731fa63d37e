"""Hands each request to the room that answers it: the `call` that rooms, workloads and clients share.

Order of the checks: is the operation known, is the request well formed, is every member of it implemented, may this principal do it. Only
then does the room see it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.model import OperationModel, OperationNotFoundError

from mlsystem.engine.contract import Call, Handler, Operation, Principal, Room
from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.decide.errors import AwsError, EngineError, NotImplementedHere
from mlsystem.engine.decide.paging import ForeignToken
from mlsystem.engine.front.audit import AuditTrail, Entry
from mlsystem.engine.front.guard import Guard
from mlsystem.engine.front.page_tokens import opened, refusal, sealed
from mlsystem.engine.front.validation import Given, too_deep, validate
from mlsystem.engine.permission import Requirement
from mlsystem.engine.runtime.api_model import service_model
from mlsystem.engine.store.bodies import Body
from mlsystem.engine.store.database import Database, Transaction

DONE_STATUS, REFUSED_STATUS, FAULT_STATUS = 200, 400, 500


class Dispatcher:
    """The directory of rooms. Implements `contract.Caller`, and `demand` `contract.Demand`: what rooms ask of each other.

    What they do for a principal is written down in the audit trail, if there is one.
    """

    def __init__(self, database: Database, scope: Scope, guard: Guard, audit: AuditTrail | None = None):
        self._database = database
        self._scope = scope
        self._guard = guard
        self._audit = audit
        self._root = Principal(scope.global_arn("iam", "root"), scope.account)
        self._rooms: dict[str, Room] = {}

    def open(self, rooms: Sequence[Room]) -> None:
        self._rooms.update({room.service: room for room in rooms})
        self._guard.open(rooms)

    def __call__(
        self, service: str, operation: str, request: Mapping[str, Any], principal: Principal | None = None
    ) -> dict[str, Any]:
        if principal is None:
            return self.answer(service, operation, request, None, None)
        with self._written_down(principal, service, operation) as entry:
            return self.answer(service, operation, request, principal, entry)

    def answer(
        self,
        service: str,
        operation: str,
        request: Mapping[str, Any],
        principal: Principal | None,
        entry: Entry | None,
    ) -> dict[str, Any]:
        """As a call, for a request that has its own entry in the audit trail."""
        mark, handler = self._find(service, operation)
        model = self._model(service, mark)
        given = {name: value for name, value in request.items() if value is not None}
        if entry is not None:
            entry.asked(model, given)
        try:
            self._check(service, mark, model, given)
            asked = Given(model, opened(model, given))
            result = sealed(model, self._run(service, mark, handler, asked, principal, entry))
        except ForeignToken as error:
            raise refusal(model) from error
        except RecursionError as error:
            raise too_deep(model) from error
        if entry is not None:
            entry.answered(result)
        return result

    def demand(self, service: str, principal: Principal, *requirements: Requirement) -> None:
        operation = requirements[0].action.partition(":")[2] if requirements else ""
        with self._written_down(principal, service, operation) as entry:
            self.permit(service, principal, entry, *requirements)

    def permit(self, service: str, principal: Principal, entry: Entry | None, *requirements: Requirement) -> None:
        """As a demand, for what has its own entry in the audit trail."""
        with self._database.reading() as tx:
            permits = self._guard.check(tx, service, principal, requirements)
        if entry is not None:
            entry.permits = permits

    @contextmanager
    def _written_down(self, principal: Principal, service: str, operation: str) -> Iterator[Entry | None]:
        if self._audit is None:
            yield None
            return
        entry = Entry(self._audit, principal, service, operation, inner=True)
        status = FAULT_STATUS
        try:
            yield entry
            status = DONE_STATUS
        except AwsError as error:
            entry.error, status = error, error.status or REFUSED_STATUS
            raise
        finally:
            entry.write(status)

    def _find(self, service: str, operation: str) -> tuple[Operation, Handler]:
        room = self._rooms.get(service)
        if room is None or operation not in room.operations:
            raise NotImplementedHere(f"{service}:{operation}")
        return room.operations[operation]

    def _model(self, service: str, mark: Operation) -> OperationModel:
        try:
            return service_model(service).operation_model(mark.name)
        except OperationNotFoundError as error:
            raise AwsError("UnknownOperationException", f"{service} has no operation {mark.name}.") from error

    def _check(self, service: str, mark: Operation, model: OperationModel, request: Mapping[str, Any]) -> None:
        # botocore's validator knows bytes and files only; of what streams past it there is nothing to validate.
        validate(model, {name: b"" if isinstance(value, Body | Path) else value for name, value in request.items()})
        unknown = sorted(set(request) - mark.accepts)
        if unknown:
            raise NotImplementedHere(f"{service}:{mark.name} with {', '.join(unknown)}")

    def _run(
        self,
        service: str,
        mark: Operation,
        handler: Handler,
        request: Mapping[str, Any],
        principal: Principal | None,
        entry: Entry | None,
    ) -> Mapping[str, object]:
        who, request_id = principal or self._root, secrets.token_hex(16)
        if mark.mode == "free":
            if self._database.is_in_transaction:
                raise EngineError(f"{mark.name} waits for the world: it must not be called inside a transaction")
            if principal is not None:
                with self._database.reading() as tx:
                    self._ask(tx, service, mark.name, request, principal, entry)
            return handler(request, Call(who, None, request_id))
        scope = self._database.reading() if mark.mode == "read" else self._database.transaction()
        with scope as tx:
            if principal is not None:
                self._ask(tx, service, mark.name, request, principal, entry)
            return handler(request, Call(who, tx, request_id))

    def _ask(
        self,
        tx: Transaction,
        service: str,
        operation: str,
        request: Mapping[str, Any],
        principal: Principal,
        entry: Entry | None,
    ) -> None:
        requirements = self._rooms[service].permissions.of(operation, request, self._scope, tx)
        permits = self._guard.check(tx, service, principal, requirements)
        if entry is not None:
            entry.permits = permits
