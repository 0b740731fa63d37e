"""Topics and subscriptions, as rows."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.decide.paging import Paging
from mlsystem.engine.store.database import Transaction
from mlsystem.engine.store.records import Record

# Whose length a client cannot choose.
PAGES = Paging(100, "")


class Topic(Record):
    """`key` is the ARN. `attributes` are those that were set."""

    kind: ClassVar[str] = "sns.topic"
    name: str
    attributes: dict[str, str] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)

    def policy(self, account: str) -> str:
        """What was set, else what every new topic has: the account, and services that act for what is in it."""
        return self.attributes.get("Policy") or json.dumps(self._default_policy(account))

    def _default_policy(self, account: str) -> dict[str, object]:
        actions = ["Publish", "Subscribe", "GetTopicAttributes", "SetTopicAttributes", "DeleteTopic"]
        statement = {
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [f"SNS:{action}" for action in actions],
            "Resource": self.key,
            "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
        }
        return {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}


class SubscriptionState(StrEnum):
    """Whether the one who is told wants to be."""

    PENDING = "Pending"  # a confirmation was sent to the endpoint
    CONFIRMED = "Confirmed"


class Subscription(Record):
    """`key` is the ARN, `parent` the topic's. `token` confirms it."""

    kind: ClassVar[str] = "sns.subscription"
    protocol: str
    endpoint: str
    token: str
    attributes: dict[str, str] = Field(default_factory=dict)

    @property
    def is_confirmed(self) -> bool:
        return self.state == SubscriptionState.CONFIRMED


def require_topic(tx: Transaction, arn: str) -> Topic:
    found = tx.get(Topic, arn)
    if found is None:
        raise AwsError("NotFound", "Topic does not exist")
    return found


def invalid(what: str) -> AwsError:
    return AwsError("InvalidParameter", f"Invalid parameter: {what}")
