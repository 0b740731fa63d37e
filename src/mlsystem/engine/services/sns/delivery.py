"""A delivery: one message on its way to one endpoint. It waits here until the endpoint has taken it, or has refused it for good."""

from __future__ import annotations

from typing import Any, ClassVar

from mlsystem.engine.contract import House
from mlsystem.engine.durable.machine import Action, Event, Step
from mlsystem.engine.services.sns.topic import Subscription
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record


class DeliveryRecord(Record):
    """`key` is `message id/subscription's id`, `parent` the topic. The subscription is as it was when the message came."""

    kind: ClassVar[str] = "sns.delivery"
    document: dict[str, Any]
    subscription: Subscription


class DeliveryMachine:
    """`begun` sends it, `delivered` and `action_failed` end it."""

    model = DeliveryRecord

    def advance(self, record: DeliveryRecord, event: Event, at: float) -> Step[DeliveryRecord]:
        match event.name:
            case "begun":
                # A lane of its own: an endpoint that does not answer holds up nothing else.
                return Step(record, actions=(Action("sns.deliver", record.key, lane=f"sns.delivery/{record.key}"),))
            case "delivered" | "action_failed":
                return Step(None)
            case _:
                return Step(record)


def begin_delivery(house: House, tx: Transaction, subscription: Subscription, document: dict[str, Any]) -> None:
    """Commits with the message."""
    key = f"{document['MessageId']}/{subscription.key.rsplit(':', 1)[-1]}"
    tx.put(
        DeliveryRecord(
            key=key, parent=subscription.parent, state="PENDING", document=document, subscription=subscription
        )
    )
    house.worker.send(tx, DeliveryRecord, key, Event("begun"))
