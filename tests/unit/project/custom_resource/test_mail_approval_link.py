"""With an approval comes a mail with a link to it, which is nowhere else."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest
from mail_approval_link import mail_approval_link

EVENT = {
    "time": "2026-01-01T12:00:00Z",
    "detail": {
        "pipeline": "mls-demo",
        "stage": "DeployDev",
        "action": "ApproveDeployment",
        "execution-id": "e-1",
        "action-execution-id": "r-1",
    },
}
VARIABLES = {
    "CONSOLE_URL": "https://ml.example.com/_console",
    "LINK_KEY_NAME": "mls-demo-approval-link",
    "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:mls-demo",
}


class Account:
    """Secrets Manager and SNS."""

    def __init__(self) -> None:
        self.told: list[dict[str, str]] = []

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        return {"SecretString": {VARIABLES["LINK_KEY_NAME"]: "key"}[SecretId]}

    def publish(self, **message: str) -> None:
        self.told.append(message)


def test_the_mail_says_what_is_asked_until_when_and_where_it_is_decided(caplog: pytest.LogCaptureFixture) -> None:
    account = Account()
    with caplog.at_level(logging.INFO):
        mail_approval_link(cast(Any, account), cast(Any, account), VARIABLES, EVENT)
    [told] = account.told
    assert (told["TopicArn"], told["Subject"]) == (
        VARIABLES["NOTIFICATION_TOPIC_ARN"],
        "mls-demo: decide about the model that waits",
    )
    [link] = [line for line in told["Message"].splitlines() if line.startswith("https:")]
    assert link.startswith(
        "https://ml.example.com/_console/mls-demo/approval?stage=DeployDev&action=ApproveDeployment&"
    )
    assert "execution=e-1&run=r-1&expires=1767873600&signature=" in link
    assert "on 2026-01-08 12:00 UTC." in told["Message"]
    assert "signature" not in caplog.text
    assert link.rpartition("=")[2] not in caplog.text


def test_without_the_key_nothing_is_mailed() -> None:
    account = Account()
    with pytest.raises(KeyError):
        mail_approval_link(cast(Any, account), cast(Any, account), {**VARIABLES, "LINK_KEY_NAME": "gone"}, EVENT)
    assert account.told == []
