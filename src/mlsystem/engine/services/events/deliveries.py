"""Deliveries: what is on its way to a target. They wait here until the target has taken them.

A target that answers inside a transaction is told in the very transaction that forgets the delivery: so it is told once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.errors import ActionFailed
from mlsystem.engine.durable.machine import Action, Event, Machine, Step
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.runtime.event_target import MOST_ATTEMPTS, Delivery, deliver
from mlsystem.engine.services.events.rule import Rule
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

log = logging.getLogger(__name__)


class DeliveryRecord(Record):
    """`key` is `event id/rule/target`, `parent` the rule; `event_id` is what the target knows it by."""

    kind: ClassVar[str] = "events.delivery"
    event_id: str
    target: str
    role: str | None
    payload: str
    most_attempts: int


class DeliveryMachine:
    """`begun` sends it, `delivered` and `action_failed` end it."""

    model = DeliveryRecord

    def advance(self, record: DeliveryRecord, event: Event, at: float) -> Step[DeliveryRecord]:
        match event.name:
            case "begun":
                return Step(record, actions=(Action("events.deliver", record.key),))
            case "delivered" | "action_failed":
                return Step(None)
            case _:
                return Step(record)


def begin_delivery(
    house: House, tx: Transaction, rule: Rule, target: Mapping[str, Any], event_id: str, payload: str
) -> None:
    """Commits with the event: it will be delivered, or written down why not."""
    record = DeliveryRecord(
        key=f"{event_id}/{rule.key}/{target['Id']}",
        parent=rule.key,
        state="PENDING",
        event_id=event_id,
        target=target["Arn"],
        role=target.get("RoleArn") or rule.role_arn or None,
        payload=payload,
        most_attempts=target.get("RetryPolicy", {}).get("MaximumRetryAttempts", MOST_ATTEMPTS),
    )
    tx.put(record)
    house.worker.send(tx, DeliveryRecord, record.key, Event("begun"))


class Deliveries(Part):
    """Carries out deliveries."""

    def __init__(self, house: House):
        self._house = house

    def machines(self) -> Sequence[Machine[Any]]:
        return (DeliveryMachine(),)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {"events.deliver": self._deliver}

    def _deliver(self, call: ActionCall) -> Event | None:
        with self._house.database.reading() as tx:
            record = tx.get(DeliveryRecord, call.owner_key)
        if record is None:
            return None
        rule = self._house.scope.arn("events", f"rule/{record.parent}")
        delivery = Delivery(record.target, record.payload, record.event_id, record.created_at, rule, record.role)
        if not delivery.is_transactional:
            self._give(record, delivery, call)
            return Event("delivered")
        with self._house.database.transaction() as tx:
            if tx.remove(DeliveryRecord, record.key):
                self._give(record, delivery, call)
        return None

    def _give(self, record: DeliveryRecord, delivery: Delivery, call: ActionCall) -> None:
        try:
            deliver(self._house, delivery, "events", call.attempt, record.most_attempts)
        except ActionFailed as failure:
            log.warning(
                "rule %s: the event %s was not delivered to %s: %s",
                record.parent, record.event_id, record.target, failure.reason,
            )  # fmt: skip
            raise
