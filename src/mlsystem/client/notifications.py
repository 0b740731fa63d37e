"""The project's topic: who is told, whether they have agreed to it, how deliveries fared, and a message to try it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import ClientError

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.figures import Figure, Line, read_figures
from mlsystem.client.project import Project
from mlsystem.client.stack import Stack

OUTPUT = "NotificationTopicArn"
# https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
METRICS = ("NumberOfMessagesPublished", "NumberOfNotificationsDelivered", "NumberOfNotificationsFailed")
LONGEST_SUBJECT = 100


@dataclass(frozen=True)
class Subscription:
    """`endpoint` without what it may hold of a secret."""

    protocol: str
    endpoint: str
    arn: str

    @property
    def is_confirmed(self) -> bool:
        return self.arn.startswith("arn:")


@dataclass(frozen=True)
class Topic:
    """Counts are SNS's own. `token` leads to more subscriptions."""

    arn: str
    name: str
    is_encrypted: bool
    confirmed: int
    pending: int
    deleted: int
    subscriptions: tuple[Subscription, ...]
    token: str


class Notifications:
    """Of one project. Raises NotFound where its stack is not there."""

    def __init__(self, connection: Connection, project: Project):
        self._connection = connection
        self._sns = connection.client("sns")
        found = Stack(connection, project.stack).outputs().get(OUTPUT)
        if found is None:
            raise NotFound(f"the stack {project.stack} has no topic: `mlsystem deploy` makes it")
        self.arn = found

    def topic(self, token: str = "") -> Topic:
        more = {"NextToken": token} if token else {}
        try:
            about = self._sns.get_topic_attributes(TopicArn=self.arn)["Attributes"]
            listed = self._sns.list_subscriptions_by_topic(TopicArn=self.arn, **more)
        except ClientError as error:
            raise ClientFailure(f"the topic {self.arn}: {error.response['Error']['Message']}") from error
        return Topic(
            arn=self.arn,
            name=self.arn.rpartition(":")[2],
            is_encrypted=bool(about.get("KmsMasterKeyId")),
            confirmed=int(about.get("SubscriptionsConfirmed", 0)),
            pending=int(about.get("SubscriptionsPending", 0)),
            deleted=int(about.get("SubscriptionsDeleted", 0)),
            subscriptions=tuple(
                Subscription(one["Protocol"], shown_endpoint(one["Endpoint"]), one["SubscriptionArn"])
                for one in listed["Subscriptions"]
            ),
            token=listed.get("NextToken", ""),
        )

    def deliveries(self, since: datetime, until: datetime) -> dict[str, Line]:
        """By the metric's name."""
        name = {"TopicName": self.arn.rpartition(":")[2]}
        asked = [Figure("AWS/SNS", metric, name, "Sum") for metric in METRICS]
        return dict(zip(METRICS, read_figures(self._connection, asked, since, until), strict=True))

    def send(self, subject: str, message: str) -> str:
        """To everybody who is subscribed; the message's id. Raises ClientFailure."""
        try:
            told = self._sns.publish(TopicArn=self.arn, Subject=subject[:LONGEST_SUBJECT], Message=message)
        except ClientError as error:
            raise ClientFailure(
                f"the topic {self.arn} took no message: {error.response['Error']['Message']}"
            ) from error
        return str(told["MessageId"])


def shown_endpoint(endpoint: str) -> str:
    """A web hook's URL may hold a secret in its user, its path or its query: the host says enough."""
    scheme, mark, rest = endpoint.partition("://")
    if not mark:
        return endpoint
    host, _, behind = rest.partition("/")
    host = host.rpartition("@")[2].partition("?")[0]
    return f"{scheme}://{host}{'/…' if behind or '?' in rest else ''}"
