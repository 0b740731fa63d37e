"""Where a bucket's access log would go: kept for the templates that state it; the engine's audit trail is its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.s3.bucket import Bucket, find_bucket

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import GetBucketLoggingRequestTypeDef, PutBucketLoggingRequestTypeDef

DOCUMENT = "logging"


class BucketLogging(Part):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html"""

    @operation(
        "PutBucketLogging", accepts="Bucket BucketLoggingStatus ContentMD5 ChecksumAlgorithm ExpectedBucketOwner"
    )
    def put_bucket_logging(self, request: PutBucketLoggingRequestTypeDef, call: Call) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        status = request["BucketLoggingStatus"]
        wanted = status.get("LoggingEnabled")
        if wanted is not None and call.tx.get(Bucket, wanted["TargetBucket"]) is None:
            message = f"The target bucket for logging does not exist: {wanted['TargetBucket']}"
            raise AwsError("InvalidTargetBucketForLogging", message, 400)
        call.tx.put(bucket.with_document(DOCUMENT, dict(status)))
        return {}

    @operation("GetBucketLogging", accepts="Bucket ExpectedBucketOwner")
    def get_bucket_logging(self, request: GetBucketLoggingRequestTypeDef, call: Call) -> dict[str, object]:
        return dict(find_bucket(call.tx, request).documents.get(DOCUMENT, {}))
