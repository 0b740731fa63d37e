"""Invoke: at once, or later and durably."""

from __future__ import annotations

import base64
import random
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.services.lambda_ import host_client
from mlsystem.engine.services.lambda_.async_invocation import INVOKE_EVENT, AsyncInvocation, AsyncInvocationMachine
from mlsystem.engine.services.lambda_.directory import Runnable, require_function, runnable, shares_of
from mlsystem.engine.services.lambda_.function import FunctionRecord, State, choose_version
from mlsystem.engine.services.lambda_.hosts import Hosts
from mlsystem.engine.services.lambda_.names import LATEST, FunctionName, function_arn, function_name, with_qualifier
from mlsystem.engine.services.lambda_.precondition import check_settled
from mlsystem.engine.store.database import Transaction

LARGEST_PAYLOAD_BYTES = 6 * 1024 * 1024
LARGEST_EVENT_BYTES = 1024 * 1024
# Beside its time limit: a start, twice, and waiting for a worker.
SLACK_SECONDS = 120.0


class Invocations(Part):
    """Invoke."""

    def __init__(self, house: House, hosts: Hosts):
        self._house = house
        self._hosts = hosts
        self._machine = AsyncInvocationMachine()
        self._chance = random.Random()  # noqa: S311 (which version an alias leads to)

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {INVOKE_EVENT: self._invoke_event}

    @operation("Invoke", accepts="FunctionName InvocationType LogType ClientContext Payload Qualifier", mode="free")
    def invoke(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        target = function_name(request)
        payload = bytes(request.get("Payload") or b"{}")
        kind = request.get("InvocationType", "RequestResponse")
        _check_size(payload, LARGEST_EVENT_BYTES if kind == "Event" else LARGEST_PAYLOAD_BYTES)
        with self._house.database.reading() as tx:
            run = self._choose(tx, target)
        if kind == "DryRun":
            return {"StatusCode": 204, "ExecutedVersion": run.version}
        if kind == "Event":
            return self._enqueue(target, payload, request.get("ClientContext"))
        context = request.get("ClientContext")
        answer = self._send(run, target, payload, {"X-Amzn-RequestId": str(uuid.uuid4()), **_context(context)})
        response: dict[str, object] = {"StatusCode": 200, "ExecutedVersion": run.version, "Payload": answer.payload}
        if "x-amzn-function-error" in answer.headers:
            response["FunctionError"] = answer.headers["x-amzn-function-error"]
        if request.get("LogType") == "Tail":
            response["LogResult"] = answer.headers.get("x-mlsystem-log", "")
        return response

    # ------------------------------------------------------------------ at once
    def _choose(self, tx: Transaction, target: FunctionName) -> Runnable:
        shares = shares_of(tx, self._house.scope, target)
        version = choose_version(shares, self._chance.random())
        if version == LATEST:
            _check_invocable(self._house, require_function(tx, self._house.scope, target.name))
        return runnable(tx, self._house.scope, target.name, version)

    def _send(
        self, run: Runnable, target: FunctionName, payload: bytes, headers: Mapping[str, str]
    ) -> host_client.Answer:
        if run.reserved_concurrency == 0:
            raise _throttled()
        arn = function_arn(self._house.scope, target.name, target.qualifier)
        told = {"X-Mlsystem-Resource": target.target, "X-Mlsystem-Arn": arn, **headers}
        timeout = float(run.configuration["Timeout"]) + SLACK_SECONDS
        try:
            answer = self._try(run, payload, told, timeout)
        except host_client.HostUnreachable as error:
            raise AwsError(
                "ServiceException", f"the host of {run.key} cannot be reached: {error}", status=500
            ) from error
        except host_client.HostBroke as error:
            raise AwsError("ServiceException", f"the host of {run.key} ended: {error}", status=500) from error
        if answer.status == 429:
            raise _throttled()
        return answer

    def _try(self, run: Runnable, payload: bytes, headers: Mapping[str, str], timeout: float) -> host_client.Answer:
        """Once more where the host left between two requests, as it does when nobody called it for a while."""
        try:
            return host_client.invoke(self._hosts.ensure(run), payload, headers, timeout)
        except host_client.HostUnreachable:
            return host_client.invoke(self._hosts.ensure(run), payload, headers, timeout)

    # ------------------------------------------------------------------ later
    def _enqueue(self, target: FunctionName, payload: bytes, context: str | None) -> Mapping[str, object]:
        with self._house.database.transaction() as tx:
            config = require_function(tx, self._house.scope, target.name).event_config or {}
            record = AsyncInvocation(
                key=str(uuid.uuid4()),
                parent=target.name,
                target=target.target,
                payload=base64.b64encode(payload).decode(),
                client_context=context,
                retries=config.get("MaximumRetryAttempts", 2),
                expires_at=tx.now + config.get("MaximumEventAgeInSeconds", 6 * 3600),
            )
            record = tx.add(record)
            self._house.worker.commit_step(tx, record, self._machine.begin(record))
        return {"StatusCode": 202, "Payload": b""}

    def _invoke_event(self, call: ActionCall) -> Event:
        with self._house.database.reading() as tx:
            record = tx.get(AsyncInvocation, call.owner_key)
            if record is None:
                return Event("succeeded")
            target = with_qualifier(record.target)
            try:
                run = self._choose(tx, target)
            except AwsError as error:
                if error.code == "ResourceNotFoundException":
                    return Event("succeeded")  # there is nobody left to tell
                raise
        # The same id again, after a crash, gets the answer that there was.
        once = {
            "X-Amzn-RequestId": call.key.rpartition("/")[2],
            "X-Mlsystem-Once": "1",
            **_context(record.client_context),
        }
        try:
            answer = self._send(run, target, base64.b64decode(record.payload), once)
        except AwsError as error:
            return Event("refused", {"code": error.code, "message": error.message})
        return Event("failed" if "x-amzn-function-error" in answer.headers else "succeeded")


def _context(client_context: str | None) -> dict[str, str]:
    return {} if client_context is None else {"X-Amz-Client-Context": client_context}


def _check_size(payload: bytes, largest: int) -> None:
    if len(payload) > largest:
        raise AwsError(
            "RequestTooLargeException",
            f"{len(payload)} byte payload is too large for the invocation type (limit {largest} bytes)",
            status=413,
        )


def _check_invocable(house: House, function: FunctionRecord) -> None:
    if function.state == State.FAILED:
        raise AwsError(
            "ResourceConflictException",
            f"The operation cannot be performed at this time. The function is currently in the following state: Failed "
            f"({function.reason})",
        )
    if function.state == State.PENDING:
        check_settled(house.scope, function)


def _throttled() -> AwsError:
    return AwsError(
        "TooManyRequestsException",
        "Rate Exceeded.",
        status=429,
        fields={"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User"},
    )
