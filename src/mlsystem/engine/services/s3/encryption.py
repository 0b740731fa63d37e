"""A bucket's default encryption. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.services.s3.bucket import find_bucket
from mlsystem.engine.services.s3.errors import invalid_argument, malformed_xml
from mlsystem.engine.services.s3.object_version import AES256, KMS

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import (
        DeleteBucketEncryptionRequestTypeDef,
        GetBucketEncryptionRequestTypeDef,
        PutBucketEncryptionRequestTypeDef,
    )

DOCUMENT = "encryption"
# What S3 does to every object of a bucket that says nothing.
USUAL = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": AES256}, "BucketKeyEnabled": False}]}
RULE_MEMBERS = {"ApplyServerSideEncryptionByDefault", "BucketKeyEnabled"}


class DefaultEncryption(Part):
    """It is for objects to come: those that are there stay as they are."""

    @operation(
        "PutBucketEncryption",
        accepts="Bucket ServerSideEncryptionConfiguration ContentMD5 ChecksumAlgorithm ExpectedBucketOwner",
    )
    def put_bucket_encryption(self, request: PutBucketEncryptionRequestTypeDef, call: Call) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        rules = request["ServerSideEncryptionConfiguration"]["Rules"]
        if len(rules) != 1:
            raise malformed_xml("the encryption configuration must have one rule")
        _check_rule(rules[0])
        call.tx.put(bucket.with_document(DOCUMENT, {"Rules": [dict(rules[0])]}))
        return {}

    @operation("GetBucketEncryption", accepts="Bucket ExpectedBucketOwner")
    def get_bucket_encryption(self, request: GetBucketEncryptionRequestTypeDef, call: Call) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        return {"ServerSideEncryptionConfiguration": bucket.documents.get(DOCUMENT, USUAL)}

    @operation("DeleteBucketEncryption", accepts="Bucket ExpectedBucketOwner")
    def delete_bucket_encryption(self, request: DeleteBucketEncryptionRequestTypeDef, call: Call) -> dict[str, object]:
        call.tx.put(find_bucket(call.tx, request).without_document(DOCUMENT))
        return {}


def _check_rule(rule: Mapping[str, Any]) -> None:
    unknown = sorted(set(rule) - RULE_MEMBERS)
    if unknown:
        raise NotImplementedHere(f"s3:PutBucketEncryption with Rules.{unknown[0]}")
    default = rule.get("ApplyServerSideEncryptionByDefault")
    if default is None:
        return
    if default["SSEAlgorithm"] not in (AES256, KMS):
        raise NotImplementedHere(f"s3: server-side encryption {default['SSEAlgorithm']}", f"{AES256} and {KMS} are")
    if default.get("KMSMasterKeyID") and default["SSEAlgorithm"] != KMS:
        raise invalid_argument("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms")
