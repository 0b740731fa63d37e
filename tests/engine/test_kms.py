"""KMS through boto3."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine, eventually


@pytest.fixture
def kms(engine: LiveEngine) -> Any:
    return engine.client("kms")


@pytest.fixture
def key(kms: Any) -> str:
    return str(kms.create_key(Description="test")["KeyMetadata"]["KeyId"])


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def test_a_key_is_described_as_aws_describes_it(kms: Any, key: str) -> None:
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["Arn"] == f"arn:aws:kms:us-east-1:000000000000:key/{key}"
    assert (metadata["Enabled"], metadata["KeyState"], metadata["KeyManager"]) == (True, "Enabled", "CUSTOMER")
    assert (metadata["KeyUsage"], metadata["KeySpec"]) == ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")
    assert metadata["Description"] == "test"
    assert key in [one["KeyId"] for page in kms.get_paginator("list_keys").paginate() for one in page["Keys"]]


def test_what_is_encrypted_is_decrypted_by_any_name_of_the_key(kms: Any, key: str) -> None:
    alias = f"alias/{key}"
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    arn = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    alias_arn = next(one["AliasArn"] for one in kms.list_aliases(KeyId=key)["Aliases"])
    for name in (key, arn, alias, alias_arn):
        sealed = kms.encrypt(KeyId=name, Plaintext=b"secret", EncryptionContext={"for": "test"})
        assert sealed["KeyId"] == arn
        opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext={"for": "test"}, KeyId=name)
        assert (opened["Plaintext"], opened["KeyId"]) == (b"secret", arn)


def test_a_ciphertext_opens_in_its_context_alone(kms: Any, key: str) -> None:
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext={"for": "test"})["CiphertextBlob"]
    assert code_of(lambda: kms.decrypt(CiphertextBlob=blob)) == "InvalidCiphertextException"
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    wrong = {"CiphertextBlob": blob, "EncryptionContext": {"for": "test"}, "KeyId": other}
    assert code_of(lambda: kms.decrypt(**wrong)) == "IncorrectKeyException"


def test_data_keys_come_open_and_sealed(kms: Any, key: str) -> None:
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    assert len(made["Plaintext"]) == 32
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    assert len(kms.generate_data_key(KeyId=key, NumberOfBytes=7)["Plaintext"]) == 7
    assert "Plaintext" not in kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_128")
    assert len(kms.generate_random(NumberOfBytes=5)["Plaintext"]) == 5
    assert code_of(lambda: kms.generate_data_key(KeyId=key)) == "ValidationException"


def test_a_ciphertext_is_brought_under_another_key_without_being_opened(kms: Any, key: str) -> None:
    other = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext={"a": "1"})["CiphertextBlob"]
    moved = kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext={"a": "1"}, DestinationKeyId=other["KeyId"])
    assert moved["KeyId"] == other["Arn"]
    assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == b"secret"


def test_a_disabled_key_does_nothing(kms: Any, key: str) -> None:
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Enabled"] is False
    assert code_of(lambda: kms.encrypt(KeyId=key, Plaintext=b"x")) == "DisabledException"
    assert code_of(lambda: kms.decrypt(CiphertextBlob=blob)) == "DisabledException"
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"


def test_a_key_waits_for_its_deletion_and_can_be_saved(kms: Any, key: str) -> None:
    done = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert done["KeyState"] == "PendingDeletion"
    assert abs(done["DeletionDate"] - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
    assert code_of(lambda: kms.encrypt(KeyId=key, Plaintext=b"x")) == "KMSInvalidStateException"
    assert code_of(lambda: kms.enable_key(KeyId=key)) == "KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    assert code_of(lambda: kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=3)) == "ValidationException"


def test_rotation_is_switched_and_done_on_demand(kms: Any, key: str) -> None:
    blob = kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 90)
    kms.rotate_key_on_demand(KeyId=key)
    rotations = eventually(lambda: kms.list_key_rotations(KeyId=key)["Rotations"])
    assert [rotation["RotationType"] for rotation in rotations] == ["ON_DEMAND"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"old"
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_an_alias_can_be_pointed_elsewhere_and_removed(kms: Any, key: str) -> None:
    alias, other = f"alias/moved-{key}", kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    assert code_of(lambda: kms.create_alias(AliasName=alias, TargetKeyId=other)) == "AlreadyExistsException"
    kms.update_alias(AliasName=alias, TargetKeyId=other)
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"] == other
    kms.delete_alias(AliasName=alias)
    assert code_of(lambda: kms.describe_key(KeyId=alias)) == "NotFoundException"
    assert code_of(lambda: kms.create_alias(AliasName="no-prefix", TargetKeyId=key)) == "ValidationException"
    assert code_of(lambda: kms.create_alias(AliasName="alias/aws/x", TargetKeyId=key)) == "NotAuthorizedException"


def test_keys_that_aws_manages_are_there_and_cannot_be_changed(kms: Any) -> None:
    managed = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert managed["KeyManager"] == "AWS"
    assert code_of(lambda: kms.disable_key(KeyId=managed["KeyId"])) == "AccessDeniedException"


def test_policies_and_tags_are_kept(kms: Any) -> None:
    key = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "ml"}])["KeyMetadata"]["KeyId"]
    assert "kms:*" in kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    root = {"AWS": "arn:aws:iam::000000000000:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    assert kms.get_key_policy(KeyId=key)["Policy"] == policy
    assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]
    assert code_of(lambda: kms.put_key_policy(KeyId=key, Policy="{")) == "MalformedPolicyDocumentException"
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "stage", "TagValue": "dev"}])
    kms.untag_resource(KeyId=key, TagKeys=["team"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "stage", "TagValue": "dev"}]
    kms.update_key_description(KeyId=key, Description="new")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "new"


@pytest.mark.parametrize("request_", [{"KeySpec": "RSA_2048"}, {"KeyUsage": "SIGN_VERIFY"}, {"MultiRegion": True}])
def test_other_kinds_of_keys_are_refused_by_name(kms: Any, request_: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=next(iter(request_))) as error:
        kms.create_key(**request_)
    assert error.value.response["Error"]["Code"] == "NotImplemented"


def test_a_deleted_key_is_gone_in_scaled_time_and_never_twice(new_engine: Callable[..., LiveEngine]) -> None:
    """The engine dies while it commits the deletion; the timer fires again after the restart."""
    live = new_engine(time_scale=7 * 86_400 / 1.5)
    live.start({"MLSYSTEM_KILL_AT": "kms.key.PendingDeletion.before_commit#2"})
    kms = live.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/gone", TargetKeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    live.await_death()
    live.start()
    kms = live.client("kms")
    eventually(lambda: key not in [one["KeyId"] for one in kms.list_keys()["Keys"]])
    eventually(lambda: "alias/gone" not in [one["AliasName"] for one in kms.list_aliases()["Aliases"]])


def test_what_a_rotated_key_had_sealed_opens_and_what_it_seals_now_has_its_new_material(engine: LiveEngine) -> None:
    kms, s3 = engine.client("kms"), engine.client("s3")
    key = kms.create_key()["KeyMetadata"]
    bucket = f"rotated-{key['KeyId']}"
    s3.create_bucket(Bucket=bucket)
    under = {"Bucket": bucket, "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["KeyId"]}
    s3.put_object(Key="before", Body=b"old", **under)
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    eventually(lambda: kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"])
    s3.put_object(Key="after", Body=b"new", **under)
    assert [s3.get_object(Bucket=bucket, Key=name)["Body"].read() for name in ("before", "after")] == [b"old", b"new"]
    made = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    assert made["KeyMaterialId"] != key["CurrentKeyMaterialId"]


def test_what_a_deleted_key_had_sealed_is_lost_also_to_whoever_has_all_the_files(
    new_engine: Callable[..., LiveEngine],
) -> None:
    live = new_engine(time_scale=7 * 86_400 / 1.5)
    live.start()
    kms, s3 = live.client("kms"), live.client("s3")
    doomed, other = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.rotate_key_on_demand(KeyId=doomed)
    eventually(lambda: kms.list_key_rotations(KeyId=doomed)["Rotations"])
    s3.create_bucket(Bucket="sealed")
    for name in (doomed, other):
        s3.put_object(Bucket="sealed", Key=name, Body=b"text", ServerSideEncryption="aws:kms", SSEKMSKeyId=name)
    materials = {key: _sealed_materials(live.folder, key) for key in (doomed, other)}
    assert len(materials[doomed]) == 2
    kms.schedule_key_deletion(KeyId=doomed, PendingWindowInDays=7)
    eventually(lambda: doomed not in [one["KeyId"] for one in kms.list_keys()["Keys"]])
    eventually(lambda: not _left(live.folder, materials[doomed]))
    assert _left(live.folder, materials[other]), "where they are is looked at"
    assert code_of(lambda: s3.get_object(Bucket="sealed", Key=doomed)) == "KMS.NotFoundException"
    assert s3.get_object(Bucket="sealed", Key=other)["Body"].read() == b"text"


def _sealed_materials(folder: Path, key: str) -> list[bytes]:
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        (body,) = connection.execute("SELECT body FROM records WHERE kind = 'kms.key' AND key = ?", (key,)).fetchone()
    return [material["sealed_hex"].encode() for material in json.loads(body)["materials"]]


def _left(folder: Path, words: list[bytes]) -> list[Path]:
    """The files of the data folder in which one of them stands."""
    files = [path for path in folder.iterdir() if path.is_file()]
    return [path for path in files if any(word in path.read_bytes() for word in words)]
