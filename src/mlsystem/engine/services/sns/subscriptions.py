"""Subscriptions: who is told, once they have said that they want to be.

https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.services.sns.delivery import begin_delivery
from mlsystem.engine.services.sns.filter_policy import check_filter_policy
from mlsystem.engine.services.sns.letter import confirmation
from mlsystem.engine.services.sns.topic import PAGES, Subscription, SubscriptionState, Topic, invalid, require_topic
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_sns.type_defs import (
        ConfirmSubscriptionInputTypeDef,
        GetSubscriptionAttributesInputTypeDef,
        ListSubscriptionsByTopicInputTypeDef,
        ListSubscriptionsInputTypeDef,
        SetSubscriptionAttributesInputTypeDef,
        SubscribeInputTypeDef,
        UnsubscribeInputTypeDef,
    )

# Protocols, and what their endpoints begin with or hold.
ENDPOINTS = {"email": "@", "email-json": "@", "http": "http://", "https": "https://", "lambda": "arn:"}
SETTABLE = {"FilterPolicy", "FilterPolicyScope", "RawMessageDelivery"}


class Subscriptions(Part):
    """A function is told at once; mail boxes and web hooks are asked first."""

    def __init__(self, house: House):
        self._house = house

    @operation("Subscribe", accepts="TopicArn Protocol Endpoint Attributes ReturnSubscriptionArn")
    def subscribe(self, request: SubscribeInputTypeDef, call: Call) -> Mapping[str, object]:
        topic = require_topic(call.tx, request["TopicArn"])
        protocol, endpoint = request["Protocol"], request.get("Endpoint", "")
        _check_endpoint(protocol, endpoint)
        attributes = dict(request.get("Attributes", {}))
        for name, value in attributes.items():
            _check_attribute(name, value)
        found = _same(call.tx, topic, protocol, endpoint)
        if found is None:
            found = self._add(call.tx, topic, protocol, endpoint, attributes)
        elif attributes.items() - found.attributes.items():
            raise invalid("Attributes Reason: Subscription already exists with different attributes")
        if not found.is_confirmed:
            self._ask(call.tx, topic, found)
        shown = found.is_confirmed or request.get("ReturnSubscriptionArn")
        return {"SubscriptionArn": found.key if shown else "pending confirmation"}

    def _add(
        self, tx: Transaction, topic: Topic, protocol: str, endpoint: str, attributes: dict[str, str]
    ) -> Subscription:
        is_asked = protocol != "lambda"
        return tx.add(
            Subscription(
                key=f"{topic.key}:{uuid.uuid4()}",
                parent=topic.key,
                state=SubscriptionState.PENDING if is_asked else SubscriptionState.CONFIRMED,
                protocol=protocol,
                endpoint=endpoint,
                token=secrets.token_hex(64),
                attributes=attributes,
            )
        )

    def _ask(self, tx: Transaction, topic: Topic, subscription: Subscription) -> None:
        message = confirmation(topic, subscription, str(uuid.uuid4()), tx.now, self._house.door_url)
        begin_delivery(self._house, tx, subscription, message)

    @operation("ConfirmSubscription", accepts="TopicArn Token AuthenticateOnUnsubscribe")
    def confirm(self, request: ConfirmSubscriptionInputTypeDef, call: Call) -> Mapping[str, object]:
        require_topic(call.tx, request["TopicArn"])
        for found in call.tx.all(Subscription, parent=request["TopicArn"]):
            if secrets.compare_digest(found.token, request["Token"]):
                call.tx.put(found.changed(state=SubscriptionState.CONFIRMED))
                return {"SubscriptionArn": found.key}
        raise invalid("Token")

    @operation("Unsubscribe", accepts="SubscriptionArn")
    def unsubscribe(self, request: UnsubscribeInputTypeDef, call: Call) -> Mapping[str, object]:
        call.tx.remove(Subscription, request["SubscriptionArn"])
        return {}

    @operation("ListSubscriptions", accepts="NextToken")
    def list_subscriptions(self, request: ListSubscriptionsInputTypeDef, call: Call) -> Mapping[str, object]:
        return PAGES.page(call.tx.each(Subscription), request, "Subscriptions", by_creation, self._summary)

    @operation("ListSubscriptionsByTopic", accepts="TopicArn NextToken")
    def list_by_topic(self, request: ListSubscriptionsByTopicInputTypeDef, call: Call) -> Mapping[str, object]:
        topic = require_topic(call.tx, request["TopicArn"])
        found = call.tx.each(Subscription, parent=topic.key)
        return PAGES.page(found, request, "Subscriptions", by_creation, self._summary)

    def _summary(self, subscription: Subscription) -> dict[str, str]:
        return {
            "SubscriptionArn": subscription.key if subscription.is_confirmed else "PendingConfirmation",
            "Owner": self._house.scope.account,
            "Protocol": subscription.protocol,
            "Endpoint": subscription.endpoint,
            "TopicArn": subscription.parent,
        }

    @operation("GetSubscriptionAttributes", accepts="SubscriptionArn")
    def attributes(self, request: GetSubscriptionAttributesInputTypeDef, call: Call) -> Mapping[str, object]:
        found = _require(call.tx, request["SubscriptionArn"])
        known = {
            **self._summary(found),
            "SubscriptionArn": found.key,
            "PendingConfirmation": str(not found.is_confirmed).lower(),
            "ConfirmationWasAuthenticated": "false",
            "RawMessageDelivery": "false",
        }
        return {"Attributes": {**known, **found.attributes}}

    @operation("SetSubscriptionAttributes", accepts="SubscriptionArn AttributeName AttributeValue")
    def set_attributes(self, request: SetSubscriptionAttributesInputTypeDef, call: Call) -> Mapping[str, object]:
        found = _require(call.tx, request["SubscriptionArn"])
        name, value = request["AttributeName"], request.get("AttributeValue", "")
        _check_attribute(name, value)
        kept = {key: given for key, given in found.attributes.items() if key != name}
        call.tx.put(found.changed(attributes={**kept, name: value} if value else kept))
        return {}


def _check_endpoint(protocol: str, endpoint: str) -> None:
    if protocol not in ENDPOINTS:
        raise NotImplementedHere(f"sns:Subscribe with the protocol {protocol}", f"there are {', '.join(ENDPOINTS)}")
    mark = ENDPOINTS[protocol]
    fits = mark in endpoint if mark == "@" else endpoint.startswith(mark)
    if not fits or any(character.isspace() for character in endpoint):
        raise invalid(f"Endpoint Reason: {endpoint!r} is not an endpoint of the protocol {protocol}")


def _check_attribute(name: str, value: str) -> None:
    if name not in SETTABLE:
        raise NotImplementedHere(f"the subscription attribute {name}", f"there are {', '.join(sorted(SETTABLE))}")
    if name == "FilterPolicy" and value:
        check_filter_policy(value)
    if name == "FilterPolicyScope" and value not in ("MessageAttributes", "MessageBody"):
        raise invalid("FilterPolicyScope: Invalid value")
    if name == "RawMessageDelivery" and value not in ("true", "false"):
        raise invalid("RawMessageDelivery: Invalid value")


def _same(tx: Transaction, topic: Topic, protocol: str, endpoint: str) -> Subscription | None:
    found = tx.all(Subscription, parent=topic.key)
    return next((one for one in found if (one.protocol, one.endpoint) == (protocol, endpoint)), None)


def _require(tx: Transaction, arn: str) -> Subscription:
    found = tx.get(Subscription, arn)
    if found is None:
        raise AwsError("NotFound", "Subscription does not exist")
    return found
