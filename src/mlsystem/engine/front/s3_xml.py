"""The root elements of S3's answers, as S3's API reference shows them.

botocore's model has no names for most of them, and its clients read any. Others are strict: the transfer manager of the AWS CLI 2, for
one, finds the id of an upload only below `InitiateMultipartUploadResult`.
"""

from __future__ import annotations

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


def with_root(operation: str, body: bytes) -> bytes:
    """The body of an answer whose root the serializer has named after the operation, with its own root."""
    root = ROOTS.get(operation)
    if root is None or not body:
        return body
    given = f"{operation}Response"
    opened = body.replace(f"<{given}".encode(), f'<{root} xmlns="{NAMESPACE}"'.encode(), 1)
    return opened.replace(f"</{given}>".encode(), f"</{root}>".encode())
