"""Whether a bucket keeps versions. https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.services.s3.bucket import find_bucket
from mlsystem.engine.services.s3.errors import malformed_xml

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import GetBucketVersioningRequestTypeDef, PutBucketVersioningRequestTypeDef


class Versioning(Part):
    """The status is the bucket's state: it decides what a put and a delete do."""

    @operation(
        "PutBucketVersioning", accepts="Bucket VersioningConfiguration ContentMD5 ChecksumAlgorithm ExpectedBucketOwner"
    )
    def put_bucket_versioning(self, request: PutBucketVersioningRequestTypeDef, call: Call) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        configuration = request["VersioningConfiguration"]
        if configuration.get("MFADelete", "Disabled") != "Disabled":
            raise NotImplementedHere("s3:PutBucketVersioning with VersioningConfiguration.MFADelete")
        status = configuration.get("Status")
        if status is None:
            raise malformed_xml("the versioning configuration has no Status")
        call.tx.put(bucket.changed(state=status))
        return {}

    @operation("GetBucketVersioning", accepts="Bucket ExpectedBucketOwner")
    def get_bucket_versioning(self, request: GetBucketVersioningRequestTypeDef, call: Call) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        return {"Status": bucket.state} if bucket.is_versioned else {}
