"""A person sees who is told, whether they have agreed, and sends a message to try it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from threading import Thread

import pytest
from playwright.sync_api import expect

from tests.browsing import SIZES, Person
from tests.live import eventually
from tests.small_project import NAME
from tests.system import System
from tests.webhooks import HookServer

Someone = Callable[..., Person]


@pytest.fixture
def hook() -> Iterator[HookServer]:
    server = HookServer()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def confirm(system: System, hook: HookServer) -> Iterator[Callable[[], None]]:
    """A program is subscribed, and agrees to be told when this is called."""
    sns = system.engine.client("sns")
    topic = sns.list_topics()["Topics"][0]["TopicArn"]
    arn = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=hook.url, ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]
    eventually(lambda: len(hook.posts) == 1)
    token = json.loads(hook.posts[0][1])["Token"]
    yield lambda: sns.confirm_subscription(TopicArn=topic, Token=token)
    sns.unsubscribe(SubscriptionArn=arn)


@pytest.mark.parametrize("size", SIZES)
def test_nobody_is_told_until_somebody_is_named(person: Someone, size: str) -> None:
    one = person(SIZES[size])
    one.visit(f"/{NAME}/notifications")
    assert "Nobody is told of anything" in one.text()
    one.check()


def test_who_has_not_agreed_yet_is_told_apart_and_a_test_message_reaches_who_has(
    person: Someone, confirm: Callable[[], None], hook: HookServer
) -> None:
    one = person()
    page = one.visit(f"/{NAME}/notifications")
    expect(page.get_by_role("region", name="Table of subscriptions")).to_contain_text("waits for confirmation")
    # The rest of the URL may be what keeps others out.
    assert "/hook" not in one.text()
    one.check()
    confirm()
    expect(page.get_by_role("region", name="Table of subscriptions")).to_contain_text("confirmed")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("Subject").fill("Hello")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".said")).to_contain_text("Sent to everybody who is subscribed")
    eventually(lambda: any("Hello" in body and "sent by" in body for _, body in hook.posts))
