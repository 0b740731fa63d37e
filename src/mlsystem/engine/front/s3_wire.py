"""What S3 speaks otherwise than botocore's model says, for clients that do not use it: the transfer manager of the AWS CLI 2.

The model has no names for most roots of S3's answers, and botocore reads any. That transfer manager finds the id of an upload only below
`InitiateMultipartUploadResult`, as S3's API reference shows it, and asks for checksums with `enabled` where the model has `ENABLED`.
"""

from __future__ import annotations

from typing import Any

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
ROOTS = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLocation": "LocationConstraint",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetObjectAcl": "AccessControlPolicy",
    "GetObjectTagging": "Tagging",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}


def as_modelled(members: dict[str, Any]) -> dict[str, Any]:
    """The members of a request, with words as the model has them."""
    mode = members.get("ChecksumMode")
    return {**members, "ChecksumMode": mode.upper()} if isinstance(mode, str) else members


def with_root(operation: str, body: bytes) -> bytes:
    """The body of an answer whose root the serializer has named after the operation, with its own root."""
    root = ROOTS.get(operation)
    if root is None or not body:
        return body
    given = f"{operation}Response"
    opened = body.replace(f"<{given}".encode(), f'<{root} xmlns="{NAMESPACE}"'.encode(), 1)
    return opened.replace(f"</{given}>".encode(), f"</{root}>".encode())
