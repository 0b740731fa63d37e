"""What SNS's operations ask. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.permission import ANY, Asked, Permissions, ResourcePolicies, given, on
from mlsystem.engine.services.sns.topic import Topic
from mlsystem.engine.store.database import Transaction

NAMED = "arn:${Partition}:sns:${Region}:${Account}:${Name}"
TOPIC = "${TopicArn}"


def topic_of_subscription(asked: Asked) -> Iterator[str]:
    """A subscription's ARN is its topic's and an id."""
    yield asked.request["SubscriptionArn"].rpartition(":")[0]


def target(asked: Asked) -> Iterator[str]:
    yield asked.request.get("TopicArn") or asked.request.get("TargetArn", ANY)


def policy_of(tx: Transaction, scope: Scope, arn: str) -> str:
    topic = tx.get(Topic, arn)
    return topic.policy(scope.account) if topic else ""


PERMISSIONS = Permissions(
    "sns",
    {
        # topics
        "CreateTopic": [on(NAMED), given("Tags", on(NAMED, action="TagResource"))],
        "DeleteTopic": [on(TOPIC)],
        "GetTopicAttributes": [on(TOPIC)],
        "SetTopicAttributes": [on(TOPIC)],
        "ListTopics": [on(ANY)],
        "Publish": [on(target)],
        "PublishBatch": [on(TOPIC, action="Publish")],
        # subscriptions
        "Subscribe": [on(TOPIC, keys={"sns:Endpoint": "Endpoint", "sns:Protocol": "Protocol"})],
        "ConfirmSubscription": [on(TOPIC)],
        "Unsubscribe": [on(topic_of_subscription)],
        "GetSubscriptionAttributes": [on(topic_of_subscription)],
        "SetSubscriptionAttributes": [on(topic_of_subscription)],
        "ListSubscriptions": [on(ANY)],
        "ListSubscriptionsByTopic": [on(TOPIC)],
        # tags
        "ListTagsForResource": [on("${ResourceArn}")],
        "TagResource": [on("${ResourceArn}")],
        "UntagResource": [on("${ResourceArn}")],
    },
    ResourcePolicies(Topic, lambda arn: arn, policy_of),
)
