"""Carries out deliveries, again and again for six hours, as AWS does."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.errors import ActionFailed, AwsError, NotImplementedHere
from mlsystem.engine.decide.retention import KEPT_MAIL
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.services.sns.delivery import DeliveryMachine, DeliveryRecord
from mlsystem.engine.services.sns.letter import lambda_event, mail, unsubscribe_url
from mlsystem.engine.services.sns.mailer import Mailer, MailWaits, sweep_mail
from mlsystem.engine.services.sns.topic import Topic
from mlsystem.engine.services.sns.webhook import HookWaits, Webhook

log = logging.getLogger(__name__)

LONGEST_SECONDS = 6 * 3600


class Deliveries(Part):
    """One way for each protocol."""

    def __init__(self, house: House, mailer: Mailer):
        self._house = house
        self._mailer = mailer
        self._webhook = Webhook(house.folder.authority)

    def machines(self) -> Sequence[Machine[Any]]:
        return (DeliveryMachine(),)

    def actions(self) -> Mapping[str, ActionHandler]:
        return {"sns.deliver": self._deliver}

    def tidy(self, now: float) -> None:
        sweep_mail(self._house.folder.root / "mail", KEPT_MAIL.since(now))

    def stop(self) -> None:
        self._webhook.close()

    def _deliver(self, call: ActionCall) -> Event | None:
        with self._house.database.reading() as tx:
            record = tx.get(DeliveryRecord, call.owner_key)
            topic = tx.get(Topic, record.parent) if record else None
            now = tx.now
        if record is None:
            return None
        try:
            self._give(record, topic)
        except (MailWaits, HookWaits) as waits:
            if now - record.created_at < LONGEST_SECONDS:
                raise
            raise self._given_up(record, ActionFailed(str(waits), "TooLong")) from waits
        except ActionFailed as failure:
            raise self._given_up(record, failure) from failure
        return Event("delivered")

    def _given_up(self, record: DeliveryRecord, failure: ActionFailed) -> ActionFailed:
        log.warning("the message %s is not delivered: %s", record.document["MessageId"], failure.reason)
        return failure

    def _give(self, record: DeliveryRecord, topic: Topic | None) -> None:
        subscription, door = record.subscription, self._house.door_url
        document = {**record.document, "UnsubscribeURL": unsubscribe_url(subscription, door)}
        if "Token" in document:
            del document["UnsubscribeURL"]
        match subscription.protocol:
            case "email" | "email-json":
                name = topic.attributes.get("DisplayName", "") if topic else ""
                self._mailer.send(mail(document, subscription, name, door), record.key)
            case "http" | "https":
                self._webhook.post(document, subscription)
            case "lambda":
                self._invoke(record.parent, subscription.endpoint, lambda_event(document, subscription))
            case other:
                raise ActionFailed(f"no way leads to the protocol {other}")

    def _invoke(self, topic: str, function: str, event: Mapping[str, Any]) -> None:
        request = {"FunctionName": function, "InvocationType": "Event", "Payload": json.dumps(event).encode()}
        try:
            self._house.call("lambda", "Invoke", request, self._house.service("sns", topic))
        except AwsError as error:
            if isinstance(error, NotImplementedHere) or (error.status or 400) < 500:
                raise ActionFailed(error.message, error.code) from error
            raise
