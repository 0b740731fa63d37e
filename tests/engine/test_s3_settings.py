"""Versions and the settings of buckets through boto3."""

from __future__ import annotations

import base64
import functools
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live import LiveEngine

NUMBERS = itertools.count(1)


@pytest.fixture
def s3(engine: LiveEngine) -> Any:
    return engine.client("s3")


@pytest.fixture
def kms(engine: LiveEngine) -> Any:
    return engine.client("kms")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"settings-{next(NUMBERS)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


# ---------------------------------------------------------------------- versions
def test_every_version_stays_and_the_newest_is_what_one_gets(s3: Any, versioned: str) -> None:
    ids = [s3.put_object(Bucket=versioned, Key="k", Body=str(number))["VersionId"] for number in range(3)]
    assert len(set(ids)) == 3
    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"2"
    for number, version_id in enumerate(ids):
        got = s3.get_object(Bucket=versioned, Key="k", VersionId=version_id)
        assert (got["Body"].read(), got["VersionId"]) == (str(number).encode(), version_id)
    listed = s3.list_object_versions(Bucket=versioned)["Versions"]
    assert [entry["VersionId"] for entry in listed] == ids[::-1]
    assert [entry["IsLatest"] for entry in listed] == [True, False, False]


def test_a_delete_marker_hides_the_object_until_it_is_deleted_itself(s3: Any, versioned: str) -> None:
    version_id = s3.put_object(Bucket=versioned, Key="k", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket=versioned, Key="k")
    assert marker["DeleteMarker"] is True
    assert code_of(lambda: s3.get_object(Bucket=versioned, Key="k")) == "NoSuchKey"
    get_marker = {"Bucket": versioned, "Key": "k", "VersionId": marker["VersionId"]}
    assert code_of(lambda: s3.get_object(**get_marker)) == "MethodNotAllowed"
    assert s3.list_objects_v2(Bucket=versioned)["KeyCount"] == 0
    assert s3.get_object(Bucket=versioned, Key="k", VersionId=version_id)["Body"].read() == b"x"
    listed = s3.list_object_versions(Bucket=versioned)
    assert [entry["VersionId"] for entry in listed["DeleteMarkers"]] == [marker["VersionId"]]
    removed = s3.delete_object(Bucket=versioned, Key="k", VersionId=marker["VersionId"])
    assert removed["DeleteMarker"] is True
    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"x"


def test_deleting_the_newest_version_brings_back_the_one_before(s3: Any, versioned: str) -> None:
    s3.put_object(Bucket=versioned, Key="k", Body=b"old")
    newest = s3.put_object(Bucket=versioned, Key="k", Body=b"new")["VersionId"]
    s3.delete_object(Bucket=versioned, Key="k", VersionId=newest)
    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"old"
    assert code_of(lambda: s3.get_object(Bucket=versioned, Key="k", VersionId=newest)) == "NoSuchVersion"


def test_objects_from_before_versioning_are_the_null_version(s3: Any, bucket: str) -> None:
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"after")
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"before"


def test_suspended_versioning_replaces_the_null_version_alone(s3: Any, versioned: str) -> None:
    kept = s3.put_object(Bucket=versioned, Key="k", Body=b"kept")["VersionId"]
    s3.put_bucket_versioning(Bucket=versioned, VersioningConfiguration={"Status": "Suspended"})
    assert s3.get_bucket_versioning(Bucket=versioned)["Status"] == "Suspended"
    for body in (b"1", b"2"):
        assert s3.put_object(Bucket=versioned, Key="k", Body=body)["VersionId"] == "null"
    listed = s3.list_object_versions(Bucket=versioned)["Versions"]
    assert [entry["VersionId"] for entry in listed] == ["null", kept]
    assert s3.delete_object(Bucket=versioned, Key="k")["VersionId"] == "null"
    listed = s3.list_object_versions(Bucket=versioned)
    assert [entry["VersionId"] for entry in listed["DeleteMarkers"]] == ["null"]
    assert [entry["VersionId"] for entry in listed["Versions"]] == [kept]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_versions_are_listed_in_pages(s3: Any, versioned: str, size: int) -> None:
    for key in ("a", "b/1", "b/1", "b/2", "c"):
        s3.put_object(Bucket=versioned, Key=key, Body=b"x")
    s3.delete_object(Bucket=versioned, Key="b/1")
    paginator = s3.get_paginator("list_object_versions")
    pages = list(paginator.paginate(Bucket=versioned, PaginationConfig={"PageSize": size}))
    found = [entry["Key"] for page in pages for kind in ("Versions", "DeleteMarkers") for entry in page.get(kind, [])]
    assert sorted(found) == ["a", "b/1", "b/1", "b/1", "b/2", "c"]
    grouped = list(paginator.paginate(Bucket=versioned, Delimiter="/", PaginationConfig={"PageSize": size}))
    assert [entry["Prefix"] for page in grouped for entry in page.get("CommonPrefixes", [])] == ["b/"]


def test_a_bucket_is_emptied_page_by_page(s3: Any, versioned: str) -> None:
    for number in range(7):
        s3.put_object(Bucket=versioned, Key=f"k{number % 2}", Body=b"x")
    s3.delete_object(Bucket=versioned, Key="k1")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=versioned, PaginationConfig={"PageSize": 2}):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        wanted = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        assert "Errors" not in s3.delete_objects(Bucket=versioned, Delete={"Objects": wanted})
    s3.delete_bucket(Bucket=versioned)


# ---------------------------------------------------------------------- encryption
def test_objects_are_under_a_key_of_kms_where_the_bucket_says_so(s3: Any, kms: Any, bucket: str) -> None:
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    default = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert default["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"secret")
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", arn)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["SSEKMSKeyId"]) == (b"secret", arn)
    plain = s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="AES256")
    assert plain["ServerSideEncryption"] == "AES256"
    s3.delete_bucket_encryption(Bucket=bucket)
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ServerSideEncryption"] == "AES256"


def test_a_part_of_an_encrypted_upload_and_a_copy_are_encrypted_too(s3: Any, kms: Any, bucket: str) -> None:
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn}
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", **encrypted)["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"secret")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload=parts)
    s3.copy_object(Bucket=bucket, Key="plain", CopySource=f"{bucket}/k")
    kms.disable_key(KeyId=arn)
    assert s3.head_object(Bucket=bucket, Key="k")["SSEKMSKeyId"] == arn
    assert "Disabled" in code_of(lambda: s3.get_object(Bucket=bucket, Key="k"))
    assert s3.get_object(Bucket=bucket, Key="plain")["Body"].read() == b"secret"


def test_an_unknown_key_is_named_before_anything_is_stored(s3: Any, bucket: str) -> None:
    wrong = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/absent"}
    with pytest.raises(ClientError, match="alias/absent"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", **wrong)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_the_encryption_context_is_kept_with_the_object(s3: Any, bucket: str) -> None:
    context = base64.b64encode(json.dumps({"job": "1"}).encode()).decode()
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSEncryptionContext": context, "BucketKeyEnabled": True}
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"x", **encrypted)["BucketKeyEnabled"] is True
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


# ---------------------------------------------------------------------- other settings
def test_a_policy_is_kept_if_it_is_one(s3: Any, bucket: str) -> None:
    assert code_of(lambda: s3.get_bucket_policy(Bucket=bucket)) == "NoSuchBucketPolicy"
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy
    for wrong in ("{", "{}", json.dumps({"Statement": [{**statement, "Resource": "arn:aws:s3:::other/*"}]})):
        put = functools.partial(s3.put_bucket_policy, Bucket=bucket, Policy=wrong)
        assert code_of(put) == "MalformedPolicy"
    s3.delete_bucket_policy(Bucket=bucket)
    assert code_of(lambda: s3.get_bucket_policy(Bucket=bucket)) == "NoSuchBucketPolicy"


def test_a_new_bucket_is_private_and_its_owners(s3: Any, bucket: str) -> None:
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    ownership = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    refused = code_of(lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="public-read"))
    assert refused == "AccessControlListNotSupported"


def test_the_public_access_block_and_the_ownership_can_be_changed(s3: Any, bucket: str) -> None:
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert (block["BlockPublicAcls"], block["BlockPublicPolicy"]) == (True, False)
    s3.delete_public_access_block(Bucket=bucket)
    gone = code_of(lambda: s3.get_public_access_block(Bucket=bucket))
    assert gone == "NoSuchPublicAccessBlockConfiguration"
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"] == rules
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    gone = code_of(lambda: s3.get_bucket_ownership_controls(Bucket=bucket))
    assert gone == "OwnershipControlsNotFoundError"


def test_tags_of_buckets_and_objects(s3: Any, versioned: str) -> None:
    tags = [{"Key": "team", "Value": "a&b <c>"}, {"Key": "stage", "Value": ""}]
    assert code_of(lambda: s3.get_bucket_tagging(Bucket=versioned)) == "NoSuchTagSet"
    s3.put_bucket_tagging(Bucket=versioned, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=versioned)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=versioned)
    assert code_of(lambda: s3.get_bucket_tagging(Bucket=versioned)) == "NoSuchTagSet"
    old = s3.put_object(Bucket=versioned, Key="k", Body=b"1", Tagging="a=1")["VersionId"]
    s3.put_object(Bucket=versioned, Key="k", Body=b"2")
    assert s3.get_object_tagging(Bucket=versioned, Key="k")["TagSet"] == []
    s3.put_object_tagging(Bucket=versioned, Key="k", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=versioned, Key="k")["TagSet"] == tags
    assert s3.get_object_tagging(Bucket=versioned, Key="k", VersionId=old)["TagSet"] == [{"Key": "a", "Value": "1"}]
    s3.delete_object_tagging(Bucket=versioned, Key="k")
    assert s3.get_object_tagging(Bucket=versioned, Key="k")["TagSet"] == []
    too_many = [{"Key": str(number), "Value": ""} for number in range(11)]
    refused = code_of(lambda: s3.put_object_tagging(Bucket=versioned, Key="k", Tagging={"TagSet": too_many}))
    assert refused == "BadRequest"


def test_events_go_to_eventbridge_and_nowhere_else(s3: Any, bucket: str) -> None:
    wanted: dict[str, Any] = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["EventBridgeConfiguration"] == {}
    queue = {"QueueConfigurations": [{"QueueArn": "arn:aws:sqs:us-east-1:1:q", "Events": ["s3:ObjectCreated:*"]}]}
    with pytest.raises(ClientError, match="QueueConfigurations"):
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=queue)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=bucket)


def test_a_lifecycle_is_told_as_it_was_put(s3: Any, bucket: str) -> None:
    assert code_of(lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket)) == "NoSuchLifecycleConfiguration"
    rules = [
        {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 30}},
        {"ID": "day", "Status": "Disabled", "Filter": {}, "Expiration": {"Date": datetime(2030, 1, 1, tzinfo=UTC)}},
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    move = {**rules[0], "Transitions": [{"Days": 3, "StorageClass": "GLACIER"}]}
    with pytest.raises(ClientError, match="Transitions"):
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [move]})
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert code_of(lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket)) == "NoSuchLifecycleConfiguration"


def test_a_log_target_must_exist(s3: Any, bucket: str) -> None:
    wanted = {"LoggingEnabled": {"TargetBucket": bucket, "TargetPrefix": "log/"}}
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=wanted)
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"] == wanted["LoggingEnabled"]
    wanted["LoggingEnabled"]["TargetBucket"] = "no-such-bucket-here"
    refused = code_of(lambda: s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=wanted))
    assert refused == "InvalidTargetBucketForLogging"


@pytest.mark.parametrize(
    "call",
    [
        lambda s3, name: s3.put_bucket_cors(
            Bucket=name, CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
        ),
        lambda s3, name: s3.put_bucket_website(Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "i"}}),
        lambda s3, name: s3.put_bucket_request_payment(Bucket=name, RequestPaymentConfiguration={"Payer": "Requester"}),
    ],
)
def test_what_buckets_cannot_do_here_is_refused_by_name(s3: Any, bucket: str, call: Callable[[Any, str], Any]) -> None:
    assert code_of(lambda: call(s3, bucket)) == "NotImplemented"


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("bucket_cors", "NoSuchCORSConfiguration"),
        ("bucket_website", "NoSuchWebsiteConfiguration"),
        ("bucket_replication", "ReplicationConfigurationNotFoundError"),
        ("object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
    ],
)
def test_settings_that_no_bucket_has_are_told_as_missing(s3: Any, bucket: str, setting: str, code: str) -> None:
    ask = getattr(s3, f"get_{setting}")
    for name, expected, status in ((bucket, code, 404), (f"{bucket}-none", "NoSuchBucket", 404)):
        with pytest.raises(ClientError) as error:
            ask(Bucket=name)
        assert error.value.response["Error"]["Code"] == expected
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_bucket_is_paid_for_by_its_owner_who_may_do_everything(s3: Any, bucket: str) -> None:
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    (grant,) = s3.get_object_acl(Bucket=bucket, Key="a")["Grants"]
    assert grant["Permission"] == "FULL_CONTROL"
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object_acl(Bucket=bucket, Key="none")
