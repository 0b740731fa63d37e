"""Where AWS's API is, of a person's own settings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from mlsystem.client.connection import Connection
from mlsystem.client.errors import NotRunning


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Connection:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    return Connection("aws", Path("/none"))


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_that_of_either_variable(
    account: Connection, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "cn-north-1")
    assert (account.region, account.partition(), account.dns_suffix()) == ("cn-north-1", "aws-cn", "amazonaws.com.cn")
    assert account.client("s3").meta.region_name == "cn-north-1"


def test_without_a_region_it_is_said_how_to_set_one(account: Connection) -> None:
    with pytest.raises(NotRunning, match="no AWS region is set: set AWS_REGION"):
        account.client("s3")


def test_times_in_answers_are_in_utc_wherever_the_machine_is(
    account: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "eu-west-1")
    body = json.dumps({"stateMachines": [{"creationDate": 86400.5}]}).encode()
    raw: Any = SimpleNamespace(stream=lambda: iter([body]))
    client = account.client("stepfunctions")
    client.meta.events.register("before-send", lambda **_: AWSResponse("https://here", 200, HTTPHeaders(), raw))
    [machine] = client.list_state_machines()["stateMachines"]
    assert machine["creationDate"] == datetime(1970, 1, 2, 0, 0, 0, 500_000, UTC)
    assert machine["creationDate"].tzinfo is UTC
