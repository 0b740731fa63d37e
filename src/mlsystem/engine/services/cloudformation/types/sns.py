"""AWS::SNS::Topic, AWS::SNS::TopicPolicy and AWS::SNS::Subscription."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.cloudformation.coercion import coerced
from mlsystem.engine.services.cloudformation.resource_type import ApiType, Done, Outcome, Properties, Site, is_gone
from mlsystem.engine.services.cloudformation.tags import gone_tags, tag_list, tagged

TOPIC_ATTRIBUTES = ("DisplayName", "KmsMasterKeyId")
SUBSCRIPTION_ATTRIBUTES = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery")


def _topic(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    attributes = {name: str(properties[name]) for name in TOPIC_ATTRIBUTES if name in properties}
    request: dict[str, Any] = {"Name": properties.get("TopicName") or site.made_up_name(256), "Attributes": attributes}
    return tagged(request, "Tags", tag_list(site, properties))


def _subscribe(site: Site, arn: str, properties: Properties) -> None:
    for item in properties.get("Subscription", ()):
        site.call("sns", "Subscribe", {"TopicArn": arn, **item})


def _change_topic(site: Site, arn: str, old: Properties, new: Properties) -> None:
    for name in TOPIC_ATTRIBUTES:
        if old.get(name) != new.get(name):
            request = {"TopicArn": arn, "AttributeName": name, "AttributeValue": str(new.get(name, ""))}
            site.call("sns", "SetTopicAttributes", request)
    _subscribe(site, arn, {"Subscription": [one for one in new.get("Subscription", ()) if one not in _of(old)]})
    if tags := tag_list(site, new):
        site.call("sns", "TagResource", {"ResourceArn": arn, "Tags": tags})
    if gone := gone_tags(site, old, new):
        site.call("sns", "UntagResource", {"ResourceArn": arn, "TagKeys": gone})


def _of(properties: Properties) -> list[Any]:
    return list(properties.get("Subscription", ()))


TOPIC = ApiType(
    name="AWS::SNS::Topic",
    service="sns",
    create_operation="CreateTopic",
    delete_operation="DeleteTopic",
    properties=frozenset({"TopicName", "Subscription", "Tags", *TOPIC_ATTRIBUTES}),
    attributes=frozenset({"TopicArn", "TopicName"}),
    immutable=frozenset({"TopicName"}),
    arguments=_topic,
    identify=lambda answer, _request: str(answer["TopicArn"]),
    describe=lambda _site, arn: {"TopicArn": arn, "TopicName": arn.rsplit(":", 1)[-1]},
    delete_request=lambda arn, _properties: {"TopicArn": arn},
    change=_change_topic,
    finish=_subscribe,
)


def _subscription(_site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    values = {name: properties[name] for name in SUBSCRIPTION_ATTRIBUTES if name in properties}
    request = {name: value for name, value in properties.items() if name not in values}
    attributes = {"Attributes": values} if values else {}
    return {**request, **attributes, "ReturnSubscriptionArn": True}


def _change_subscription(site: Site, arn: str, old: Properties, new: Properties) -> None:
    for name in SUBSCRIPTION_ATTRIBUTES:
        if old.get(name) != new.get(name):
            request = {"SubscriptionArn": arn, "AttributeName": name, "AttributeValue": new.get(name, "")}
            site.call("sns", "SetSubscriptionAttributes", coerced("sns", "SetSubscriptionAttributes", request))


SUBSCRIPTION = ApiType(
    name="AWS::SNS::Subscription",
    service="sns",
    create_operation="Subscribe",
    delete_operation="Unsubscribe",
    properties=frozenset({"TopicArn", "Protocol", "Endpoint", *SUBSCRIPTION_ATTRIBUTES}),
    required=frozenset({"TopicArn", "Protocol"}),
    attributes=frozenset({"Arn"}),
    immutable=frozenset({"TopicArn", "Protocol", "Endpoint"}),
    arguments=_subscription,
    identify=lambda answer, _request: str(answer["SubscriptionArn"]),
    describe=lambda _site, arn: {"Arn": arn},
    delete_request=lambda arn, _properties: {"SubscriptionArn": arn},
    change=_change_subscription,
)


class TopicPolicy:
    """The access policy of the topics that it names."""

    name = "AWS::SNS::TopicPolicy"
    properties = frozenset({"PolicyDocument", "Topics"})
    required = properties
    attributes: frozenset[str] | None = frozenset({"Id"})
    immutable: frozenset[str] = frozenset()
    is_outside = False

    def create(self, site: Site, properties: Properties) -> Outcome:
        name = site.made_up_name()
        return self.update(site, name, {}, properties, {})

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        self._set(site, new["Topics"], json.dumps(new["PolicyDocument"]))
        self._set(site, sorted(set(old.get("Topics", ())) - set(new["Topics"])), "")
        return Done(physical_id, {"Id": physical_id})

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        self._set(site, properties.get("Topics", ()), "")
        return Done(physical_id)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        return None

    def _set(self, site: Site, topics: Any, document: str) -> None:
        """No document: the topic's own default policy. A topic that is gone needs none."""
        for arn in topics:
            request = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": document}
            try:
                site.call("sns", "SetTopicAttributes", request)
            except AwsError as error:
                if document or not is_gone(error):
                    raise
