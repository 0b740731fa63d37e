"""Requests to the providers of custom resources: hands them over, takes the answers, forgets them when their stack has settled.

A provider may see a request again after a crash of the engine, with the same RequestId, as Lambda and SNS may deliver one twice on AWS.
That is also what brings back an answer that found nobody at home.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from mlsystem.engine.contract import House, Part, Principal
from mlsystem.engine.decide.template.custom_resource import Answer, read_answer
from mlsystem.engine.durable.machine import Event, Json, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler, NoticeHandler
from mlsystem.engine.runtime.event_target import Delivery, deliver
from mlsystem.engine.services.cloudformation.custom_request import SEND, CustomRequest, CustomRequestMachine, Progress
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.keys import KeyRing

# A URL of the room's own, signed for one request. On AWS it leads to a bucket of CloudFormation's.
PREFIX = "/_cloudformation/custom-resource-response/"


class CustomRequests(Part):
    """See the module."""

    def __init__(self, house: House, keys: KeyRing):
        self._house = house
        self._secret = keys.folder_key("cloudformation.custom_request")
        self._machine = CustomRequestMachine()

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {SEND: self._send}

    def subscriptions(self) -> Mapping[str, NoticeHandler]:
        return {"cloudformation.stack.settled": self._forget}

    def start(self) -> None:
        """Whether the provider has answered a door behind which nobody was, nobody knows: it is asked again."""
        with self._house.database.transaction() as tx:
            for request in tx.all(CustomRequest, state=Progress.PENDING):
                self._house.worker.commit_step(tx, request, self._machine.begin(request))

    # ------------------------------------------------------------------ for the resource type
    def begin(self, request: CustomRequest) -> None:
        """Send it, once the transaction has committed; one that was begun already is left alone."""
        with self._house.database.transaction() as tx:
            if tx.get(CustomRequest, request.key) is None:
                added = tx.add(request)
                self._house.worker.commit_step(tx, added, self._machine.begin(added))

    def find(self, request_id: str) -> CustomRequest | None:
        with self._house.database.reading() as tx:
            return tx.get(CustomRequest, request_id)

    def response_url(self, stack_id: str, logical_id: str, request_id: str) -> str:
        name = quote(f"{stack_id}|{logical_id}|{request_id}", safe="")
        return f"{self._house.inside_url}{PREFIX}{name}?Signature={self._signature(request_id)}"

    # ------------------------------------------------------------------ for the answers
    def is_signed(self, request_id: str, signature: str) -> bool:
        return hmac.compare_digest(self._signature(request_id).encode(), signature.encode())

    def take(self, request_id: str, body: bytes) -> None:
        """Returns when the answer is safe. One that comes twice, or too late, changes nothing."""
        with self._house.database.transaction() as tx:
            request = tx.get(CustomRequest, request_id)
            if request is not None:
                answer: Answer = read_answer(body, request.document)
                self._house.worker.send(
                    tx, CustomRequest, request_id, Event("answered", {"answer": answer.model_dump()})
                )

    # ------------------------------------------------------------------ the worker's
    def _send(self, call: ActionCall) -> None:
        request = self.find(call.owner_key)
        if request is None or request.state != Progress.PENDING:
            return
        document = json.dumps(request.document)
        delivery = Delivery(request.service_token, document, request.key, request.created_at, source=request.parent)
        principal = Principal(request.principal, self._house.scope.account)
        deliver(self._house, delivery, "cloudformation", call.attempt, principal=principal)

    def _forget(self, tx: Transaction, topic: str, data: Json) -> None:
        for request in tx.all(CustomRequest, parent=data["stack_id"]):
            if request.state != Progress.PENDING:
                tx.remove(CustomRequest, request.key)

    def _signature(self, request_id: str) -> str:
        return hmac.new(self._secret, request_id.encode(), "sha256").hexdigest()
