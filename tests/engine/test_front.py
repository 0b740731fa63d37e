"""The front: signatures, principals, refusals."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine
from tests.roles import role


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_the_access_key_names_its_principal(engine: LiveEngine) -> None:
    identity = engine.client("sts").get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::000000000000:root"
    assert identity["Account"] == "000000000000"


def test_a_roles_session_is_its_own_principal(engine: LiveEngine) -> None:
    arn = role(engine, "trainer")
    keys = engine.client("sts").assume_role(RoleArn=arn, RoleSessionName="job-1")["Credentials"]
    session = engine.client("sts", key=keys["AccessKeyId"], secret=keys["SecretAccessKey"], token=keys["SessionToken"])
    assert session.get_caller_identity()["Arn"] == "arn:aws:sts::000000000000:assumed-role/trainer/job-1"


def test_a_session_without_its_token_is_refused(engine: LiveEngine) -> None:
    arn = role(engine, "trainer")
    keys = engine.client("sts").assume_role(RoleArn=arn, RoleSessionName="job-2")["Credentials"]
    with pytest.raises(ClientError) as error:
        engine.client("sts", key=keys["AccessKeyId"], secret=keys["SecretAccessKey"]).get_caller_identity()
    assert _code(error) == "InvalidClientTokenId"


def test_a_wrong_secret_is_refused(engine: LiveEngine) -> None:
    with pytest.raises(ClientError) as error:
        engine.client("sts", secret="x" * 40).get_caller_identity()
    assert _code(error) == "SignatureDoesNotMatch"


def test_an_unknown_key_is_refused(engine: LiveEngine) -> None:
    with pytest.raises(ClientError) as error:
        engine.client("sts", key="AKIAXXXXXXXXXXXXXXXX").get_caller_identity()
    assert _code(error) == "InvalidClientTokenId"


def test_another_region_is_named_in_the_refusal(engine: LiveEngine) -> None:
    with pytest.raises(ClientError, match=r"us-east-1.*eu-west-1"):
        engine.client("sts", region="eu-west-1").get_caller_identity()


def test_an_unsigned_request_is_refused_with_advice(engine: LiveEngine) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(engine.url, timeout=5)
    body = json.load(error.value)
    error.value.close()
    assert error.value.code == 403
    assert "mlsystem env" in body["message"]


@pytest.mark.parametrize(
    ("service", "call", "name"),
    [
        ("sts", lambda c: c.get_federation_token(Name="somebody"), "sts:GetFederationToken"),
        ("rds", lambda c: c.describe_db_instances(), "rds:DescribeDBInstances"),
    ],
)
def test_what_is_not_implemented_is_refused_by_name(
    engine: LiveEngine, service: str, call: Callable[[object], object], name: str
) -> None:
    with pytest.raises(ClientError, match=name) as error:
        call(engine.client(service))
    assert _code(error) == "NotImplemented"


def test_a_member_that_is_not_implemented_is_refused_by_name(engine: LiveEngine) -> None:
    with pytest.raises(ClientError, match="sts:AssumeRole with ExternalId"):
        engine.client("sts").assume_role(
            RoleArn="arn:aws:iam::000000000000:role/trainer", RoleSessionName="job", ExternalId="xx"
        )


def test_a_value_outside_the_model_is_refused_with_its_path(engine: LiveEngine) -> None:
    with pytest.raises(ClientError, match="RoleSessionName is 'a b'"):
        engine.client("sts").assume_role(RoleArn="arn:aws:iam::000000000000:role/trainer", RoleSessionName="a b")


def test_a_second_engine_on_the_folder_gets_one_clear_line(engine: LiveEngine) -> None:
    command = [sys.executable, "-m", "mlsystem.engine", str(engine.folder), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "already running" in done.stderr


def test_a_port_in_use_gets_one_clear_line(engine: LiveEngine, new_engine: Callable[..., LiveEngine]) -> None:
    other = new_engine()
    command = [sys.executable, "-m", "mlsystem.engine", str(other.folder), "--port", str(engine.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 3
    assert f"port {engine.port}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_credentials_survive_a_restart(new_engine: Callable[..., LiveEngine]) -> None:
    live = new_engine()
    live.start()
    before = live.credentials()
    live.kill()
    live.start()
    after = live.credentials()
    assert (after["access_key_id"], after["secret_access_key"]) == (
        before["access_key_id"],
        before["secret_access_key"],
    )
    assert live.client("sts").get_caller_identity()["Account"] == "000000000000"
