"""What S3's operations ask; many have no action of their own name.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from __future__ import annotations

from collections.abc import Iterator

from mlsystem.engine.decide.arn import Scope
from mlsystem.engine.permission import ANY, Ask, Asked, Permissions, Requirement, ResourcePolicies, given, on
from mlsystem.engine.services.s3.access import POLICY
from mlsystem.engine.services.s3.bucket import Bucket
from mlsystem.engine.services.s3.copy_source import read_copy_source
from mlsystem.engine.store.database import Transaction

BUCKET = "arn:${Partition}:s3:::${Bucket}"
OBJECT = BUCKET + "/${Key}"
OBJECTS = BUCKET + "/${Delete.Objects.Key}"
LISTED = {"s3:prefix": "Prefix", "s3:delimiter": "Delimiter", "s3:max-keys": "MaxKeys"}
STORED = {
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "s3:x-amz-storage-class": "StorageClass",
}


def versioned(action: str, action_of_version: str) -> Ask:
    """Another action where the request names a version."""

    def ask(asked: Asked) -> Iterator[Requirement]:
        name = action_of_version if asked.request.get("VersionId") else action
        yield from on(OBJECT, action=name, keys={"s3:VersionId": "VersionId"})(asked)

    return ask


def source(asked: Asked) -> Iterator[Requirement]:
    """What is copied must be readable."""
    copied = read_copy_source(asked.request)
    (arn,) = asked.arns("arn:${Partition}:s3:::" + f"{copied.bucket}/{copied.key}")
    yield Requirement("s3:GetObjectVersion" if copied.version_id else "s3:GetObject", arn)


READ = versioned("GetObject", "GetObjectVersion")
WRITE = [
    on(OBJECT, action="PutObject", keys=STORED),
    given("ACL", on(OBJECT, action="PutObjectAcl")),
    given("Tagging", on(OBJECT, action="PutObjectTagging")),
]


def bucket_of(arn: str) -> str:
    """Its own ARN's, or an object's."""
    return arn.partition(":::")[2].partition("/")[0]


def policy_of(tx: Transaction, scope: Scope, name: str) -> str:
    bucket = tx.get(Bucket, name)
    return str(bucket.documents.get(POLICY, "")) if bucket else ""


PERMISSIONS = Permissions(
    "s3",
    {
        # objects
        "GetObject": [READ],
        "HeadObject": [READ],
        "GetObjectAttributes": [READ, versioned("GetObjectAttributes", "GetObjectVersionAttributes")],
        "PutObject": WRITE,
        "CopyObject": [*WRITE, source],
        "DeleteObject": [versioned("DeleteObject", "DeleteObjectVersion")],
        "DeleteObjects": [on(OBJECTS, action="DeleteObject")],
        "GetObjectAcl": [versioned("GetObjectAcl", "GetObjectVersionAcl")],
        "GetObjectTagging": [versioned("GetObjectTagging", "GetObjectVersionTagging")],
        "PutObjectTagging": [versioned("PutObjectTagging", "PutObjectVersionTagging")],
        "DeleteObjectTagging": [versioned("DeleteObjectTagging", "DeleteObjectVersionTagging")],
        # uploads in parts
        "CreateMultipartUpload": WRITE,
        "UploadPart": [on(OBJECT, action="PutObject")],
        "UploadPartCopy": [on(OBJECT, action="PutObject"), source],
        "CompleteMultipartUpload": [on(OBJECT, action="PutObject")],
        "AbortMultipartUpload": [on(OBJECT)],
        "ListParts": [on(OBJECT, action="ListMultipartUploadParts")],
        "ListMultipartUploads": [on(BUCKET, action="ListBucketMultipartUploads")],
        # lists
        "ListBuckets": [on(ANY, action="ListAllMyBuckets")],
        "HeadBucket": [on(BUCKET, action="ListBucket")],
        "ListObjects": [on(BUCKET, action="ListBucket", keys=LISTED)],
        "ListObjectsV2": [on(BUCKET, action="ListBucket", keys=LISTED)],
        "ListObjectVersions": [on(BUCKET, action="ListBucketVersions", keys=LISTED)],
        # buckets
        "CreateBucket": [
            on(BUCKET),
            given("ACL", on(BUCKET, action="PutBucketAcl")),
            given("ObjectOwnership", on(BUCKET, action="PutBucketOwnershipControls")),
        ],
        "DeleteBucket": [on(BUCKET)],
        "GetBucketLocation": [on(BUCKET)],
        "GetBucketAcl": [on(BUCKET)],
        "GetBucketPolicy": [on(BUCKET)],
        "PutBucketPolicy": [on(BUCKET)],
        "DeleteBucketPolicy": [on(BUCKET)],
        "GetPublicAccessBlock": [on(BUCKET, action="GetBucketPublicAccessBlock")],
        "PutPublicAccessBlock": [on(BUCKET, action="PutBucketPublicAccessBlock")],
        "DeletePublicAccessBlock": [on(BUCKET, action="PutBucketPublicAccessBlock")],
        "GetBucketOwnershipControls": [on(BUCKET)],
        "PutBucketOwnershipControls": [on(BUCKET)],
        "DeleteBucketOwnershipControls": [on(BUCKET, action="PutBucketOwnershipControls")],
        "GetBucketEncryption": [on(BUCKET, action="GetEncryptionConfiguration")],
        "PutBucketEncryption": [on(BUCKET, action="PutEncryptionConfiguration")],
        "DeleteBucketEncryption": [on(BUCKET, action="PutEncryptionConfiguration")],
        "GetBucketLifecycleConfiguration": [on(BUCKET, action="GetLifecycleConfiguration")],
        "PutBucketLifecycleConfiguration": [on(BUCKET, action="PutLifecycleConfiguration")],
        "DeleteBucketLifecycle": [on(BUCKET, action="PutLifecycleConfiguration")],
        "GetBucketLogging": [on(BUCKET)],
        "PutBucketLogging": [on(BUCKET)],
        "GetBucketNotificationConfiguration": [on(BUCKET, action="GetBucketNotification")],
        "PutBucketNotificationConfiguration": [on(BUCKET, action="PutBucketNotification")],
        "GetBucketTagging": [on(BUCKET)],
        "PutBucketTagging": [on(BUCKET)],
        "DeleteBucketTagging": [on(BUCKET, action="PutBucketTagging")],
        "GetBucketCors": [on(BUCKET, action="GetBucketCORS")],
        "GetBucketWebsite": [on(BUCKET)],
        "GetBucketReplication": [on(BUCKET, action="GetReplicationConfiguration")],
        "GetObjectLockConfiguration": [on(BUCKET, action="GetBucketObjectLockConfiguration")],
        "GetBucketAccelerateConfiguration": [on(BUCKET, action="GetAccelerateConfiguration")],
        "GetBucketRequestPayment": [on(BUCKET)],
        "GetBucketVersioning": [on(BUCKET)],
        "PutBucketVersioning": [on(BUCKET)],
    },
    ResourcePolicies(Bucket, bucket_of, policy_of),
)
