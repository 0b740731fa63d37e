"""What endpoints are told, and which messages a filter lets through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlsystem.engine.decide.errors import AwsError, StartupError
from mlsystem.engine.services.sns.filter_policy import check_filter_policy, is_wanted
from mlsystem.engine.services.sns.letter import lambda_event, mail, notification
from mlsystem.engine.services.sns.mailer import MailFolder, SmtpMailer, mailer_of
from mlsystem.engine.services.sns.topic import Subscription, Topic

TOPIC = Topic(key="arn:aws:sns:us-east-1:000000000000:t", name="t")
SUBSCRIPTION = Subscription(
    key=f"{TOPIC.key}:1234", parent=TOPIC.key, protocol="email", endpoint="ann@example.org", token="secret"
)
DOCUMENT = notification(TOPIC, "m-1", 0.0, "hello", "Greeting", {})


def test_a_mail_is_readable_as_it_is_sent() -> None:
    subject, text = f"ALARM: {'long ' * 18}", f"See http://door/{'path/' * 40} for more."
    sent = mail({**DOCUMENT, "Subject": subject, "Message": text}, SUBSCRIPTION, "", "http://door").as_bytes()
    assert f"\nSubject: {subject}\n".encode() in sent
    assert f"\n{text}\n".encode() in sent


def test_a_mail_sent_again_is_the_same_mail() -> None:
    letters = [mail(DOCUMENT, SUBSCRIPTION, "", "http://door") for _ in range(2)]
    assert letters[0].as_bytes() == letters[1].as_bytes()
    assert letters[0]["Message-ID"] == "<m-1.1234@sns.local>"
    assert "http://door/_sns/unsubscribe?SubscriptionArn=" in letters[0].get_content()


def test_a_function_is_given_records() -> None:
    [record] = lambda_event(DOCUMENT, SUBSCRIPTION)["Records"]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", SUBSCRIPTION.key)
    assert (record["Sns"]["Subject"], record["Sns"]["MessageAttributes"]) == ("Greeting", {})


@pytest.mark.parametrize(
    ("policy", "scope", "wanted"),
    [
        ({}, "MessageAttributes", True),
        ({"kind": ["drift"]}, "MessageAttributes", True),
        ({"kind": ["other"]}, "MessageAttributes", False),
        ({"names": ["b"]}, "MessageAttributes", True),
        ({"level": [{"numeric": ["<", 3]}]}, "MessageAttributes", False),
        ({"model": {"name": ["m"]}}, "MessageBody", True),
        ({"kind": ["drift"]}, "MessageBody", False),
    ],
)
def test_a_filter_looks_at_attributes_or_at_the_body(policy: dict[str, Any], scope: str, wanted: bool) -> None:
    attributes = {
        "kind": {"DataType": "String", "StringValue": "drift"},
        "level": {"DataType": "Number", "StringValue": "5"},
        "names": {"DataType": "String.Array", "StringValue": '["a", "b"]'},
    }
    given = {"FilterPolicy": json.dumps(policy), "FilterPolicyScope": scope}
    assert is_wanted(given, '{"model": {"name": "m"}}', attributes) is wanted


def test_a_filter_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(AwsError, match="FilterPolicy"):
        check_filter_policy('{"kind": "drift"}')


def test_the_setting_says_where_mail_goes(tmp_path: Path) -> None:
    assert isinstance(mailer_of("", tmp_path), MailFolder)
    assert isinstance(mailer_of("localhost:2525", tmp_path), SmtpMailer)
    with pytest.raises(StartupError, match="host:port"):
        mailer_of("localhost:smtp", tmp_path)
