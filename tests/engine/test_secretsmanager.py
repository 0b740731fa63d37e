"""Secrets Manager through boto3."""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine

NUMBERS = itertools.count(1)


@pytest.fixture
def manager(engine: LiveEngine) -> Any:
    return engine.client("secretsmanager")


@pytest.fixture
def name() -> str:
    return f"team/secret-{next(NUMBERS)}"


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def test_a_secret_is_found_by_name_and_by_arn(manager: Any, name: str) -> None:
    made = manager.create_secret(Name=name, SecretString="s3cr3t", Description="a test")
    assert made["ARN"].startswith(f"arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}-")
    for secret_id in (name, made["ARN"], made["ARN"][:-7]):
        got = manager.get_secret_value(SecretId=secret_id)
        assert (got["SecretString"], got["VersionId"]) == ("s3cr3t", made["VersionId"])
        assert got["VersionStages"] == ["AWSCURRENT"]
    assert code_of(lambda: manager.get_secret_value(SecretId=made["ARN"][:-1] + "?")) == "ResourceNotFoundException"


@pytest.mark.parametrize("value", [{"SecretBinary": bytes(range(256))}, {"SecretString": "ü" * 20_000}])
def test_values_of_both_kinds_come_back_as_they_were(manager: Any, name: str, value: dict[str, Any]) -> None:
    manager.create_secret(Name=name, **value)
    got = manager.get_secret_value(SecretId=name)
    assert {kind: got[kind] for kind in ("SecretString", "SecretBinary") if kind in got} == value


def test_no_value_is_on_disk_in_the_clear(engine: LiveEngine, manager: Any, name: str) -> None:
    value = "a value that nobody may read from the disk"
    manager.create_secret(Name=name, SecretString=value)
    files = [path for path in engine.folder.glob("*") if path.is_file()]
    assert any(path.name == "state.db" for path in files)
    assert not any(value.encode() in path.read_bytes() for path in files)


def test_a_new_value_makes_the_old_one_the_previous(manager: Any, name: str) -> None:
    first = manager.create_secret(Name=name, SecretString="1")["VersionId"]
    second = manager.put_secret_value(SecretId=name, SecretString="2")
    assert second["VersionStages"] == ["AWSCURRENT"]
    manager.update_secret(SecretId=name, SecretString="3", Description="changed")
    assert manager.get_secret_value(SecretId=name)["SecretString"] == "3"
    assert manager.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"] == "2"
    assert manager.get_secret_value(SecretId=name, VersionId=first)["SecretString"] == "1"
    described = manager.describe_secret(SecretId=name)
    assert described["Description"] == "changed"
    assert sorted(described["VersionIdsToStages"].values()) == [["AWSCURRENT"], ["AWSPREVIOUS"]]
    listed = manager.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    assert listed[0]["VersionId"] == first


def test_a_label_is_moved_back(manager: Any, name: str) -> None:
    first = manager.create_secret(Name=name, SecretString="1")["VersionId"]
    second = manager.put_secret_value(SecretId=name, SecretString="2")["VersionId"]
    move = {"SecretId": name, "VersionStage": "AWSCURRENT", "MoveToVersionId": first}
    assert code_of(lambda: manager.update_secret_version_stage(**move)) == "InvalidParameterException"
    manager.update_secret_version_stage(**move, RemoveFromVersionId=second)
    assert manager.get_secret_value(SecretId=name)["SecretString"] == "1"


def test_a_repeated_request_succeeds_once_and_a_different_one_is_refused(manager: Any, name: str) -> None:
    token = "0" * 32
    first = manager.create_secret(Name=name, SecretString="1", ClientRequestToken=token)
    again = manager.create_secret(Name=name, SecretString="1", ClientRequestToken=token)
    assert first["ARN"] == again["ARN"]
    assert code_of(lambda: manager.create_secret(Name=name, SecretString="1")) == "ResourceExistsException"
    other = {"SecretId": name, "SecretString": "2", "ClientRequestToken": token}
    assert code_of(lambda: manager.put_secret_value(**other)) == "ResourceExistsException"
    assert manager.get_secret_value(SecretId=name)["SecretString"] == "1"


def test_a_deleted_secret_can_be_restored(manager: Any, name: str) -> None:
    manager.create_secret(Name=name, SecretString="1")
    done = manager.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    assert abs(done["DeletionDate"] - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
    assert code_of(lambda: manager.get_secret_value(SecretId=name)) == "InvalidRequestException"
    assert code_of(lambda: manager.create_secret(Name=name, SecretString="2")) == "InvalidRequestException"
    assert "DeletedDate" in manager.describe_secret(SecretId=name)
    manager.restore_secret(SecretId=name)
    assert manager.get_secret_value(SecretId=name)["SecretString"] == "1"


def test_a_secret_that_is_deleted_by_force_is_gone(manager: Any, name: str) -> None:
    manager.create_secret(Name=name, SecretString="1")
    for _ in range(2):
        manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    assert code_of(lambda: manager.describe_secret(SecretId=name)) == "ResourceNotFoundException"
    manager.create_secret(Name=name, SecretString="2")


def test_another_key_seals_what_is_there_anew(engine: LiveEngine, manager: Any, name: str) -> None:
    kms = engine.client("kms")
    old, new = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    manager.create_secret(Name=name, SecretString="1", KmsKeyId=old)
    kms.disable_key(KeyId=old)
    assert "Disabled" in code_of(lambda: manager.get_secret_value(SecretId=name))
    kms.enable_key(KeyId=old)
    manager.update_secret(SecretId=name, KmsKeyId=new)
    kms.disable_key(KeyId=old)
    assert manager.get_secret_value(SecretId=name)["SecretString"] == "1"
    assert manager.describe_secret(SecretId=name)["KmsKeyId"] == new


def test_secrets_are_listed_by_filters_and_in_pages(manager: Any, name: str) -> None:
    for number in range(3):
        tags = [{"Key": "run", "Value": name}]
        manager.create_secret(Name=f"{name}/{number}", SecretString="x", Tags=tags)
    wanted = {"Filters": [{"Key": "tag-value", "Values": [name]}], "SortOrder": "asc"}
    pages = list(manager.get_paginator("list_secrets").paginate(**wanted, PaginationConfig={"PageSize": 2}))
    found = [entry["Name"] for page in pages for entry in page["SecretList"]]
    assert found == [f"{name}/{number}" for number in range(3)]
    manager.delete_secret(SecretId=f"{name}/0")
    assert len(manager.list_secrets(**wanted)["SecretList"]) == 2
    assert len(manager.list_secrets(**wanted, IncludePlannedDeletion=True)["SecretList"]) == 3


def test_tags_are_added_and_removed(manager: Any, name: str) -> None:
    manager.create_secret(Name=name, SecretString="x", Tags=[{"Key": "a", "Value": "1"}])
    manager.tag_resource(SecretId=name, Tags=[{"Key": "b", "Value": "2"}])
    manager.untag_resource(SecretId=name, TagKeys=["a"])
    assert manager.describe_secret(SecretId=name)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_a_random_password_has_what_is_asked_for(manager: Any) -> None:
    password = manager.get_random_password(PasswordLength=20, ExcludePunctuation=True, ExcludeCharacters="0O1l")
    letters = set(password["RandomPassword"])
    assert len(password["RandomPassword"]) == 20
    assert letters <= set(string.ascii_letters + string.digits) - set("0O1l")
    assert letters & set(string.ascii_lowercase)
    assert letters & set(string.ascii_uppercase)
    assert letters & set(string.digits)
    assert code_of(lambda: manager.get_random_password(PasswordLength=2)) == "InvalidParameterException"


def test_wrong_values_are_refused(manager: Any, name: str) -> None:
    both = {"Name": name, "SecretString": "x", "SecretBinary": b"x"}
    assert code_of(lambda: manager.create_secret(**both)) == "InvalidParameterException"
    assert code_of(lambda: manager.get_secret_value(SecretId="absent")) == "ResourceNotFoundException"
    manager.create_secret(Name=name)
    with pytest.raises(ClientError, match="AWSCURRENT"):
        manager.get_secret_value(SecretId=name)
    assert code_of(lambda: manager.put_secret_value(SecretId=name)) == "InvalidRequestException"


def test_rotation_is_refused_by_name(manager: Any, name: str) -> None:
    manager.create_secret(Name=name, SecretString="x")
    assert code_of(lambda: manager.rotate_secret(SecretId=name)) == "NotImplemented"
