"""SNS: who is told what, once they have said that they want to be."""

from __future__ import annotations

import email
import json
import signal
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.policy import default
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from mlsystem.engine.services.sns.mailer import TIMEOUT_SECONDS as SMTP_SECONDS
from tests.functions import let_invoke, make_function
from tests.live import LiveEngine, eventually
from tests.smtp import SmtpServer, link_in, open_link, serving
from tests.webhooks import HookServer


@pytest.fixture(scope="module")
def smtp() -> Iterator[SmtpServer]:
    yield from serving(SmtpServer())


@pytest.fixture
def hook() -> Iterator[HookServer]:
    yield from serving(HookServer())


@pytest.fixture(scope="module")
def mailing(smtp: SmtpServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEngine]:
    """An engine with an SMTP server."""
    live = LiveEngine(tmp_path_factory.mktemp("mailing"), environment={"MLSYSTEM_SMTP": f"127.0.0.1:{smtp.port}"})
    live.start()
    try:
        yield live
    finally:
        live.stop()


def _topic(engine: LiveEngine, **attributes: str) -> str:
    name = f"topic-{uuid.uuid4().hex[:8]}"
    return str(engine.client("sns").create_topic(Name=name, Attributes=attributes)["TopicArn"])


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


def test_a_mail_box_is_asked_first_and_told_afterwards(mailing: LiveEngine, smtp: SmtpServer) -> None:
    sns, topic = mailing.client("sns"), _topic(mailing, DisplayName="The models")
    answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ann@example.org")
    assert answer["SubscriptionArn"] == "pending confirmation"
    sns.publish(TopicArn=topic, Message="too early")
    [question] = eventually(lambda: smtp.mails_to("ann@example.org"))
    assert question["Subject"] == "AWS Notification - Subscription Confirmation"
    assert "confirmed" in open_link(link_in(question.get_content()))
    sns.publish(TopicArn=topic, Subject="Drift", Message="Größe hat sich verändert.\n.\nEnde")
    mail = eventually(lambda: smtp.mails_to("ann@example.org")[1:])[0]
    assert (mail["Subject"], mail["From"]) == ("Drift", "The models <no-reply@sns.local>")
    assert mail.get_content().startswith("Größe hat sich verändert.\n.\nEnde\n")
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [one["Endpoint"] for one in listed] == ["ann@example.org"]
    assert "removed" in open_link(link_in(mail.get_content()))
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    assert len(smtp.mails_to("ann@example.org")) == 2


def test_a_server_that_is_busy_gets_the_mail_later_and_once(mailing: LiveEngine, smtp: SmtpServer) -> None:
    smtp.refusals[:] = ["451 not now", "451 not now"]
    sns, topic = mailing.client("sns"), _topic(mailing)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="busy@example.org")
    eventually(lambda: smtp.mails_to("busy@example.org"))
    assert (smtp.refusals, len(smtp.mails_to("busy@example.org"))) == ([], 1)


def test_mail_waits_for_a_server_that_is_down_and_for_an_engine_that_dies(
    new_engine: Callable[..., LiveEngine],
) -> None:
    probe = SmtpServer()
    port = probe.port
    probe.server_close()
    live = new_engine(environment={"MLSYSTEM_SMTP": f"127.0.0.1:{port}"})
    live.start({"MLSYSTEM_KILL_AT": "sns.deliver.before"})
    topic = _topic(live)
    # The engine dies with the answer still on its way, or just after it.
    with suppress(BotoCoreError, ClientError):
        live.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="late@example.org")
    live.await_death()
    live.start()
    for smtp in serving(SmtpServer(port)):
        [mail] = eventually(partial(smtp.mails_to, "late@example.org"))
        assert "confirm" in mail.get_content()


def test_an_engine_that_ends_does_not_wait_for_a_server_that_is_silent(new_engine: Callable[..., LiveEngine]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        live = new_engine(environment={"MLSYSTEM_SMTP": f"127.0.0.1:{silent.getsockname()[1]}"})
        live.start()
        live.client("sns").subscribe(TopicArn=_topic(live), Protocol="email", Endpoint="ada@example.org")
        connection, _ = silent.accept()
        assert live.process is not None
        live.process.send_signal(signal.SIGTERM)
        assert live.await_death(SMTP_SECONDS - 1) == 0
        connection.close()


def test_without_a_server_mail_is_kept_as_files(engine: LiveEngine) -> None:
    sns, topic = engine.client("sns"), _topic(engine)
    request = {"TopicArn": topic, "Protocol": "email-json", "Endpoint": "file@example.org"}
    arn = sns.subscribe(**request, ReturnSubscriptionArn=True)["SubscriptionArn"]

    def kept() -> list[Any]:
        paths = (engine.folder / "mail").glob(f"*.{arn.rsplit(':', 1)[-1]}.eml")
        return [email.message_from_bytes(path.read_bytes(), policy=default) for path in paths]

    [question] = eventually(kept)
    document = json.loads(question.get_content())
    assert (document["Type"], document["TopicArn"]) == ("SubscriptionConfirmation", topic)
    assert sns.confirm_subscription(TopicArn=topic, Token=document["Token"])["SubscriptionArn"] == arn
    assert _code(lambda: sns.confirm_subscription(TopicArn=topic, Token="none")) == "InvalidParameter"


def test_a_web_hook_confirms_and_is_told_again_when_it_failed(engine: LiveEngine, hook: HookServer) -> None:
    sns, topic = engine.client("sns"), _topic(engine)
    hook.answers[:] = [500]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=hook.url)
    [(kind, body)] = eventually(lambda: hook.posts)
    assert kind == "SubscriptionConfirmation"
    open_link(json.loads(body)["SubscribeURL"])
    hook.answers[:] = [503]
    attributes = {"kind": {"DataType": "String", "StringValue": "drift"}}
    message_id = sns.publish(TopicArn=topic, Message="changed", MessageAttributes=attributes)["MessageId"]
    kind, body = eventually(lambda: hook.posts[1:])[0]
    document = json.loads(body)
    assert (kind, document["MessageId"], document["Message"]) == ("Notification", message_id, "changed")
    assert document["MessageAttributes"] == {"kind": {"Type": "String", "Value": "drift"}}


def test_a_subscription_is_told_what_its_filter_lets_through(engine: LiveEngine, hook: HookServer) -> None:
    sns, topic = engine.client("sns"), _topic(engine)
    policy = {"FilterPolicy": json.dumps({"level": [{"numeric": [">", 3]}]}), "RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=hook.url, Attributes=policy)
    open_link(json.loads(eventually(lambda: hook.posts)[0][1])["SubscribeURL"])
    for level in ("1", "5"):
        given = {"level": {"DataType": "Number", "StringValue": level}}
        by_protocol = json.dumps({"default": f"for all {level}", "http": f"level {level}"})
        sns.publish(TopicArn=topic, Message=by_protocol, MessageStructure="json", MessageAttributes=given)
    assert eventually(lambda: hook.posts[1:]) == [("Notification", "level 5")]


def test_a_function_is_told_by_a_topic_and_by_a_rule(engine: LiveEngine) -> None:
    name = f"told-{uuid.uuid4().hex[:8]}"
    engine.client("s3").create_bucket(Bucket=name)
    source = (
        "import boto3, json\n"
        "def handler(event, context):\n"
        "    key = 'topic' if 'Records' in event else 'rule'\n"
        f"    boto3.client('s3').put_object(Bucket='{name}', Key=key, Body=json.dumps(event).encode())\n"
    )
    function = make_function(engine, name, source, Timeout=60)
    sns, topic = engine.client("sns"), _topic(engine)
    let_invoke(engine, function, "sns", topic)
    subscribed = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)["SubscriptionArn"]
    sns.publish(TopicArn=topic, Message="hello", Subject="Greeting")
    events = engine.client("events")
    rule = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
    let_invoke(engine, function, "events", rule)
    events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": function}])
    events.put_events(Entries=[{"Source": name, "DetailType": "Seen", "Detail": '{"a": 1}'}])

    def told() -> dict[str, Any]:
        found = engine.client("s3").list_objects_v2(Bucket=name).get("Contents", ())
        return {one["Key"]: one for one in found}

    eventually(lambda: told().keys() == {"topic", "rule"})
    read = {key: json.load(engine.client("s3").get_object(Bucket=name, Key=key)["Body"]) for key in told()}
    [record] = read["topic"]["Records"]
    assert (record["EventSubscriptionArn"], record["Sns"]["Message"]) == (subscribed, "hello")
    assert read["rule"]["detail"] == {"a": 1}


def test_what_is_wrong_is_refused(engine: LiveEngine) -> None:
    sns, topic = engine.client("sns"), _topic(engine)
    assert _code(lambda: sns.publish(TopicArn=f"{topic}-none", Message="m")) == "NotFound"
    assert _code(lambda: sns.publish(TopicArn=topic, Message="")) == "InvalidParameter"
    assert _code(lambda: sns.publish(TopicArn=topic, Message="m", Subject="two\nlines")) == "InvalidParameter"
    assert _code(lambda: sns.publish(TopicArn=topic, Message="{}", MessageStructure="json")) == "InvalidParameter"
    assert _code(lambda: sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:")) == "NotImplemented"
    assert _code(lambda: sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="nobody")) == "InvalidParameter"
    assert _code(lambda: sns.create_topic(Name="a.fifo")) == "NotImplemented"


def test_an_encrypted_topic_needs_its_key(engine: LiveEngine) -> None:
    sns, kms = engine.client("sns"), engine.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    topic = _topic(engine, KmsMasterKeyId=key)
    sns.publish(TopicArn=topic, Message="readable")
    kms.disable_key(KeyId=key)
    assert _code(lambda: sns.publish(TopicArn=topic, Message="secret")) == "KMSDisabled"
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["KmsMasterKeyId"], attributes["SubscriptionsConfirmed"]) == (key, "0")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue="")
    sns.publish(TopicArn=topic, Message="again")
    sns.delete_topic(TopicArn=topic)
    assert _code(lambda: sns.get_topic_attributes(TopicArn=topic)) == "NotFound"


def test_a_rule_tells_a_topic_once_however_often_the_engine_dies(
    new_engine: Callable[..., LiveEngine], smtp: SmtpServer
) -> None:
    live = new_engine(environment={"MLSYSTEM_SMTP": f"127.0.0.1:{smtp.port}"})
    live.start()
    to, topic = "once@example.org", _topic(live)
    live.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=to)
    open_link(link_in(eventually(lambda: smtp.mails_to(to))[0].get_content()))
    events = live.client("events")
    events.put_rule(Name="tell", EventPattern='{"source": ["bench"]}')
    who = {"Service": "events.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": who, "Action": "sns:Publish", "Resource": topic}
    live.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Statement": [statement]})
    )
    template = {"InputPathsMap": {"who": "$.detail.who"}, "InputTemplate": '"It was <who>."'}
    events.put_targets(Rule="tell", Targets=[{"Id": "one", "Arn": topic, "InputTransformer": template}])
    live.stop()
    live.start({"MLSYSTEM_KILL_AT": "events.deliver.after"})
    with suppress(BotoCoreError, ClientError):  # the engine may die before it answers
        live.client("events").put_events(
            Entries=[{"Source": "bench", "DetailType": "Seen", "Detail": '{"who": "ann"}'}]
        )
    live.await_death()
    live.start()
    told = eventually(lambda: smtp.mails_to(to)[1:])
    assert told[0].get_content().startswith('"It was ann."')
    live.client("sns").publish(TopicArn=topic, Message="the last")
    eventually(lambda: "the last" in smtp.mails_to(to)[-1].get_content())
    assert len(smtp.mails_to(to)) == 3


def test_a_batch_is_published_entry_by_entry(engine: LiveEngine, hook: HookServer) -> None:
    sns, topic = engine.client("sns"), _topic(engine)
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=hook.url, Attributes=raw)
    open_link(json.loads(eventually(lambda: hook.posts)[0][1])["SubscribeURL"])
    entries = [
        {"Id": "a", "Message": "one"},
        {"Id": "b", "Message": "two", "Subject": "ü"},
        {"Id": "c", "Message": "3"},
    ]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["a", "c"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]] == [
        ("b", "InvalidParameter", True)
    ]
    assert sorted(text for _, text in eventually(lambda: hook.posts[1:] if len(hook.posts) == 3 else None)) == [
        "3",
        "one",
    ]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": "a", "Message": "1"}, {"Id": "a", "Message": "2"}], "BatchEntryIdsNotDistinct"),
        ([{"Id": str(number), "Message": "m"} for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "Message": "m", "MessageGroupId": "g"}], "NotImplemented"),
    ],
)
def test_a_batch_that_is_none_is_refused(engine: LiveEngine, entries: list[dict[str, str]], code: str) -> None:
    topic = _topic(engine)
    assert _code(lambda: engine.client("sns").publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)) == code
