"""What an endpoint is told, in the words of each protocol. Pure.

https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html. There is no signature: it would need a certificate that the
receiver trusts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime, formataddr
from typing import Any
from urllib.parse import urlencode

from mlsystem.engine.services.sns.topic import Subscription, Topic

SENDER = "no-reply@sns.local"
NOTIFICATION = "Notification"
CONFIRMATION = "SubscriptionConfirmation"
CONFIRMATION_SUBJECT = "AWS Notification - Subscription Confirmation"
SUBJECT = "AWS Notification Message"

# Subjects and links stay on one line, as far as RFC 5322 allows.
UNFOLDED = default.clone(max_line_length=998)

Message = dict[str, Any]


def notification(
    topic: Topic, message_id: str, at: float, text: str, subject: str | None, attributes: Mapping[str, Any]
) -> Message:
    """The JSON document of a message."""
    document = _document(NOTIFICATION, topic, message_id, at, text)
    if subject is not None:
        document["Subject"] = subject
    if attributes:
        document["MessageAttributes"] = {
            name: {"Type": given["DataType"], "Value": given.get("StringValue", "")}
            for name, given in attributes.items()
        }
    return document


def confirmation(topic: Topic, subscription: Subscription, message_id: str, at: float, door_url: str) -> Message:
    """The question whether the endpoint wants to be told."""
    query = urlencode({"TopicArn": topic.key, "Token": subscription.token})
    text = (
        f"You have chosen to subscribe to the topic {topic.key}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    return {
        **_document(CONFIRMATION, topic, message_id, at, text),
        "Token": subscription.token,
        "SubscribeURL": f"{door_url}/_sns/confirm?{query}",
    }


def _document(kind: str, topic: Topic, message_id: str, at: float, text: str) -> Message:
    return {
        "Type": kind,
        "MessageId": message_id,
        "TopicArn": topic.key,
        "Message": text,
        "Timestamp": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def unsubscribe_url(subscription: Subscription, door_url: str) -> str:
    return f"{door_url}/_sns/unsubscribe?{urlencode({'SubscriptionArn': subscription.key})}"


def lambda_event(document: Message, subscription: Subscription) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html"""
    told = {"Subject": None, "MessageAttributes": {}, **document}
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.key,
        "Sns": told,
    }
    return {"Records": [record]}


def mail(document: Message, subscription: Subscription, display_name: str, door_url: str) -> EmailMessage:
    """The message as mail. Its Message-ID is the same whenever it is sent again."""
    letter = EmailMessage(policy=UNFOLDED)
    asks = document["Type"] == CONFIRMATION
    letter["From"] = formataddr((display_name or "AWS Notifications", SENDER))
    letter["To"] = subscription.endpoint
    letter["Subject"] = CONFIRMATION_SUBJECT if asks else document.get("Subject") or SUBJECT
    letter["Date"] = format_datetime(datetime.fromisoformat(document["Timestamp"].replace("Z", "+00:00")))
    letter["Message-ID"] = f"<{document['MessageId']}.{subscription.key.rsplit(':', 1)[-1]}@sns.local>"
    letter.set_content(_mail_text(document, subscription, door_url, asks))
    return letter


def _mail_text(document: Message, subscription: Subscription, door_url: str, asks: bool) -> str:
    if subscription.protocol == "email-json":
        return json.dumps(document, ensure_ascii=False, indent=2)
    if asks:
        return (
            f"You have chosen to subscribe to the topic:\n{document['TopicArn']}\n\n"
            f"To confirm this subscription, open this link:\n{document['SubscribeURL']}\n\n"
            "If you did not ask for it, ignore this message.\n"
        )
    return (
        f"{document['Message']}\n\n--\nTo stop receiving notifications from this topic, open this link:\n"
        f"{unsubscribe_url(subscription, door_url)}\n"
    )
