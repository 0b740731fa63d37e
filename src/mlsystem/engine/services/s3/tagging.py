"""Tags of buckets and objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.s3.bucket import Bucket, find_bucket
from mlsystem.engine.services.s3.object_store import ObjectStore, version_members
from mlsystem.engine.services.s3.object_version import ObjectVersion
from mlsystem.engine.services.s3.tags import MOST_OF_A_BUCKET, MOST_OF_AN_OBJECT, read_tag_set, write_tag_set

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import (
        DeleteBucketTaggingRequestTypeDef,
        DeleteObjectTaggingRequestTypeDef,
        GetBucketTaggingRequestTypeDef,
        GetObjectTaggingRequestTypeDef,
        PutBucketTaggingRequestTypeDef,
        PutObjectTaggingRequestTypeDef,
    )

DOCUMENT = "tags"


class Tagging(Part):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html"""

    def __init__(self, store: ObjectStore):
        self._store = store

    # ------------------------------------------------------------------ buckets
    @operation("PutBucketTagging", accepts="Bucket Tagging ContentMD5 ChecksumAlgorithm ExpectedBucketOwner")
    def put_bucket_tagging(self, request: PutBucketTaggingRequestTypeDef, call: Call) -> dict[str, object]:
        bucket = find_bucket(call.tx, request)
        tags = read_tag_set(request["Tagging"]["TagSet"], MOST_OF_A_BUCKET)
        call.tx.put(bucket.with_document(DOCUMENT, tags))
        return {}

    @operation("GetBucketTagging", accepts="Bucket ExpectedBucketOwner")
    def get_bucket_tagging(self, request: GetBucketTaggingRequestTypeDef, call: Call) -> dict[str, object]:
        tags = find_bucket(call.tx, request).documents.get(DOCUMENT)
        if not tags:
            raise AwsError("NoSuchTagSet", "The TagSet does not exist", 404)
        return {"TagSet": write_tag_set(tags)}

    @operation("DeleteBucketTagging", accepts="Bucket ExpectedBucketOwner")
    def delete_bucket_tagging(self, request: DeleteBucketTaggingRequestTypeDef, call: Call) -> dict[str, object]:
        call.tx.put(find_bucket(call.tx, request).without_document(DOCUMENT))
        return {}

    # ------------------------------------------------------------------ objects
    @operation(
        "PutObjectTagging", accepts="Bucket Key VersionId Tagging ContentMD5 ChecksumAlgorithm ExpectedBucketOwner"
    )
    def put_object_tagging(self, request: PutObjectTaggingRequestTypeDef, call: Call) -> dict[str, Any]:
        tags = read_tag_set(request["Tagging"]["TagSet"], MOST_OF_AN_OBJECT)
        return self._change(request, tags, call)

    @operation("GetObjectTagging", accepts="Bucket Key VersionId ExpectedBucketOwner")
    def get_object_tagging(self, request: GetObjectTaggingRequestTypeDef, call: Call) -> dict[str, Any]:
        bucket, version = self._find(request, call)
        return {"TagSet": write_tag_set(version.about.tags), **version_members(bucket, version)}

    @operation("DeleteObjectTagging", accepts="Bucket Key VersionId ExpectedBucketOwner")
    def delete_object_tagging(self, request: DeleteObjectTaggingRequestTypeDef, call: Call) -> dict[str, Any]:
        return self._change(request, {}, call)

    def _change(self, request: Mapping[str, Any], tags: dict[str, str], call: Call) -> dict[str, Any]:
        bucket, version = self._find(request, call)
        tagged = version.model_copy(update={"details": version.about.model_copy(update={"tags": tags})})
        self._store.versions.change(call.tx, tagged)
        self._store.events.tagged(call.tx, bucket, tagged, call)
        return dict(version_members(bucket, version))

    def _find(self, request: Mapping[str, Any], call: Call) -> tuple[Bucket, ObjectVersion]:
        bucket = find_bucket(call.tx, request)
        return bucket, self._store.find(call.tx, bucket, request["Key"], request.get("VersionId"))
