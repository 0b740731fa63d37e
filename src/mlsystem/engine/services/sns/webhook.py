"""Posts messages to http and https endpoints. https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html"""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from mlsystem.engine.decide.errors import ActionFailed, EngineError
from mlsystem.engine.services.sns.letter import NOTIFICATION
from mlsystem.engine.services.sns.topic import Subscription

TIMEOUT_SECONDS = 15.0


class HookWaits(EngineError):
    """The endpoint did not take the message now; it may later."""


class Webhook:
    """One pool of connections for all. `authority`: a certificate that is trusted beside those of the machine, if the file is there."""

    def __init__(self, authority: Path) -> None:
        trust = ssl.create_default_context()
        if authority.exists():
            trust.load_verify_locations(authority)
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(TIMEOUT_SECONDS), retries=False, ssl_context=trust)

    def post(self, document: dict[str, Any], subscription: Subscription) -> None:
        """Raises HookWaits, or ActionFailed when the endpoint refused it for good."""
        is_raw = subscription.attributes.get("RawMessageDelivery") == "true" and document["Type"] == NOTIFICATION
        body = document["Message"] if is_raw else json.dumps(document, ensure_ascii=False)
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "User-Agent": "Amazon Simple Notification Service Agent",
            "x-amz-sns-message-type": document["Type"],
            "x-amz-sns-message-id": document["MessageId"],
            "x-amz-sns-topic-arn": document["TopicArn"],
            "x-amz-sns-subscription-arn": subscription.key,
            **({"x-amz-sns-rawdelivery": "true"} if is_raw else {}),
        }
        try:
            answer = self._pool.request("POST", subscription.endpoint, body=body.encode(), headers=headers)
        except HTTPError as error:
            raise HookWaits(f"{subscription.endpoint} does not answer: {error}") from error
        if answer.status < 300:
            return
        if 400 <= answer.status < 500 and answer.status != 429:
            raise ActionFailed(f"{subscription.endpoint} answered {answer.status}", "EndpointRefused")
        raise HookWaits(f"{subscription.endpoint} answered {answer.status}")

    def close(self) -> None:
        self._pool.clear()
