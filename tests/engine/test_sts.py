"""STS: keys for a while."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine
from tests.roles import role


def test_session_keys_are_those_of_whoever_asked(engine: LiveEngine) -> None:
    sts = engine.client("sts")
    keys = sts.get_session_token(DurationSeconds=900)["Credentials"]
    assert 0 < (keys["Expiration"] - datetime.now(UTC)).total_seconds() <= 900
    members = {"key": keys["AccessKeyId"], "secret": keys["SecretAccessKey"], "token": keys["SessionToken"]}
    session = engine.client("sts", **members)
    assert session.get_caller_identity()["Arn"] == sts.get_caller_identity()["Arn"]


def test_a_role_asks_for_no_session_of_a_session(engine: LiveEngine) -> None:
    keys = engine.client("sts").assume_role(RoleArn=role(engine, "start"), RoleSessionName="one")["Credentials"]
    members = {"key": keys["AccessKeyId"], "secret": keys["SecretAccessKey"], "token": keys["SessionToken"]}
    session = engine.client("sts", **members)
    with pytest.raises(ClientError) as error:
        session.get_session_token()
    assert error.value.response["Error"]["Code"] == "AccessDenied"
