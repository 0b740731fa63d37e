"""Topics: create, delete, list, attributes, tags. https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.access.document import statements_of
from mlsystem.engine.decide.access.kind import check_resource
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.decide.paging import by_creation
from mlsystem.engine.services.sns.topic import PAGES, Subscription, Topic, invalid, require_topic
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_sns.type_defs import (
        CreateTopicInputTypeDef,
        DeleteTopicInputTypeDef,
        GetTopicAttributesInputTypeDef,
        ListTagsForResourceRequestTypeDef,
        ListTopicsInputTypeDef,
        SetTopicAttributesInputTypeDef,
        TagResourceRequestTypeDef,
        UntagResourceRequestTypeDef,
    )

SETTABLE = {"Policy", "DisplayName", "KmsMasterKeyId"}
NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")

LONGEST_NAME = 100


class Topics(Part):
    """What a topic is."""

    def __init__(self, house: House):
        self._house = house

    @operation("CreateTopic", accepts="Name Attributes Tags")
    def create(self, request: CreateTopicInputTypeDef, call: Call) -> Mapping[str, object]:
        """The same name is the same topic."""
        name, attributes = request["Name"], dict(request.get("Attributes", {}))
        if name.endswith(".fifo") or attributes.get("FifoTopic") == "true":
            raise NotImplementedHere("sns:CreateTopic with FifoTopic")
        if not NAME.fullmatch(name):
            raise invalid("Topic Name")
        for attribute, value in attributes.items():
            _check_attribute(attribute, value)
        arn = self._house.scope.arn("sns", name)
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
        found = call.tx.get(Topic, arn)
        if found is None:
            call.tx.add(Topic(key=arn, name=name, attributes=attributes, tags=tags))
        elif not attributes.items() <= found.attributes.items():
            raise invalid("Attributes Reason: Topic already exists with different attributes")
        elif tags and tags != found.tags:
            raise invalid("Tags Reason: Topic already exists with different tags")
        return {"TopicArn": arn}

    @operation("DeleteTopic", accepts="TopicArn")
    def delete(self, request: DeleteTopicInputTypeDef, call: Call) -> Mapping[str, object]:
        for subscription in call.tx.all(Subscription, parent=request["TopicArn"]):
            call.tx.remove(Subscription, subscription.key)
        call.tx.remove(Topic, request["TopicArn"])
        return {}

    @operation("ListTopics", accepts="NextToken")
    def list_topics(self, request: ListTopicsInputTypeDef, call: Call) -> Mapping[str, object]:
        return PAGES.page(call.tx.each(Topic), request, "Topics", by_creation, lambda topic: {"TopicArn": topic.key})

    @operation("GetTopicAttributes", accepts="TopicArn")
    def attributes(self, request: GetTopicAttributesInputTypeDef, call: Call) -> Mapping[str, object]:
        topic = require_topic(call.tx, request["TopicArn"])
        states = [one.is_confirmed for one in call.tx.all(Subscription, parent=topic.key)]
        known = {
            "TopicArn": topic.key,
            "Owner": self._house.scope.account,
            "DisplayName": "",
            "Policy": topic.policy(self._house.scope.account),
            "SubscriptionsConfirmed": str(states.count(True)),
            "SubscriptionsPending": str(states.count(False)),
            "SubscriptionsDeleted": "0",
        }
        return {"Attributes": {**known, **topic.attributes}}

    @operation("SetTopicAttributes", accepts="TopicArn AttributeName AttributeValue")
    def set_attributes(self, request: SetTopicAttributesInputTypeDef, call: Call) -> Mapping[str, object]:
        topic = require_topic(call.tx, request["TopicArn"])
        name, value = request["AttributeName"], request.get("AttributeValue", "")
        _check_attribute(name, value)
        kept = {key: given for key, given in topic.attributes.items() if key != name}
        call.tx.put(topic.changed(attributes={**kept, name: value} if value else kept))
        return {}

    # ------------------------------------------------------------------ tags
    @operation("TagResource", accepts="ResourceArn Tags")
    def tag(self, request: TagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        topic = _tagged(call.tx, request["ResourceArn"])
        call.tx.put(topic.changed(tags={**topic.tags, **{tag["Key"]: tag["Value"] for tag in request["Tags"]}}))
        return {}

    @operation("UntagResource", accepts="ResourceArn TagKeys")
    def untag(self, request: UntagResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        topic = _tagged(call.tx, request["ResourceArn"])
        kept = {key: value for key, value in topic.tags.items() if key not in request["TagKeys"]}
        call.tx.put(topic.changed(tags=kept))
        return {}

    @operation("ListTagsForResource", accepts="ResourceArn")
    def list_tags(self, request: ListTagsForResourceRequestTypeDef, call: Call) -> Mapping[str, object]:
        topic = _tagged(call.tx, request["ResourceArn"])
        return {"Tags": [{"Key": key, "Value": value} for key, value in topic.tags.items()]}


def _tagged(tx: Transaction, arn: str) -> Topic:
    found = tx.get(Topic, arn)
    if found is None:
        raise AwsError("ResourceNotFound", "Resource does not exist")
    return found


def _check_attribute(name: str, value: str) -> None:
    if name not in SETTABLE:
        raise NotImplementedHere(f"the topic attribute {name}", f"there are {', '.join(sorted(SETTABLE))}")
    if name == "DisplayName" and (len(value) > LONGEST_NAME or not value.isprintable()):
        raise invalid("DisplayName")
    if name == "Policy" and value:
        try:
            check_resource(statements_of(value, "Policy"))
        except AwsError as error:
            raise invalid(f"Policy Error: {error.message}") from error
