"""AWS::SNS::Topic, AWS::SNS::Subscription, AWS::SNS::TopicPolicy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlsystem.engine.services.cloudformation.resource_type import ApiType, Done, Outcome, Properties, Site


def _topic_arguments(site: Site, properties: dict[str, Any]) -> dict[str, Any]:
    attributes = {name: str(properties[name]) for name in ("KmsMasterKeyId", "DisplayName") if name in properties}
    request: dict[str, Any] = {"Name": properties.get("TopicName") or site.made_up_name(256), "Attributes": attributes}
    if "Tags" in properties:
        request["Tags"] = properties["Tags"]
    return request


def _change_topic(site: Site, arn: str, old: Properties, new: Properties) -> None:
    for name in ("KmsMasterKeyId", "DisplayName"):
        if old.get(name) != new.get(name):
            request = {"TopicArn": arn, "AttributeName": name, "AttributeValue": str(new.get(name, ""))}
            site.call("sns", "SetTopicAttributes", request)


TOPIC = ApiType(
    name="AWS::SNS::Topic",
    service="sns",
    create_operation="CreateTopic",
    delete_operation="DeleteTopic",
    properties=frozenset({"TopicName", "DisplayName", "KmsMasterKeyId", "Tags"}),
    attributes=frozenset({"TopicArn", "TopicName"}),
    immutable=frozenset({"TopicName"}),
    arguments=_topic_arguments,
    identify=lambda answer, _request: str(answer["TopicArn"]),
    describe=lambda _site, arn: {"TopicArn": arn, "TopicName": arn.rsplit(":", 1)[-1]},
    delete_request=lambda arn, _properties: {"TopicArn": arn},
    change=_change_topic,
)

SUBSCRIPTION = ApiType(
    name="AWS::SNS::Subscription",
    service="sns",
    create_operation="Subscribe",
    delete_operation="Unsubscribe",
    properties=frozenset({"Endpoint", "Protocol", "TopicArn"}),
    immutable=frozenset({"Endpoint", "Protocol", "TopicArn"}),
    arguments=lambda _site, properties: {**properties, "ReturnSubscriptionArn": True},
    identify=lambda answer, _request: str(answer["SubscriptionArn"]),
    delete_request=lambda arn, _properties: {"SubscriptionArn": arn},
)


class TopicPolicy:
    """The access policy of topics."""

    name = "AWS::SNS::TopicPolicy"
    properties = frozenset({"PolicyDocument", "Topics"})
    attributes: frozenset[str] | None = frozenset({"Id"})
    required = frozenset({"PolicyDocument", "Topics"})
    immutable: frozenset[str] = frozenset()
    is_outside = False

    def create(self, site: Site, properties: Properties) -> Outcome:
        name = site.made_up_name()
        self._put(site, properties)
        return Done(name, {"Id": name})

    def update(self, site: Site, physical_id: str, old: Properties, new: Properties, policy: Properties) -> Outcome:
        self._put(site, new)
        return Done(physical_id, {"Id": physical_id})

    def delete(self, site: Site, physical_id: str, properties: Properties) -> Outcome:
        # A topic without a policy of its own has the default one: its owner may do everything.
        return Done(physical_id)

    def look(self, site: Site, verb: str, physical_id: str, memo: Mapping[str, Any]) -> Outcome | None:
        return None

    def _put(self, site: Site, properties: Properties) -> None:
        document = json.dumps(properties["PolicyDocument"])
        for arn in properties["Topics"]:
            site.call(
                "sns", "SetTopicAttributes", {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": document}
            )
