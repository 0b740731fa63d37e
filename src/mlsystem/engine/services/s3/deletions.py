"""DeleteObjects: many at once. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.s3.bucket import Bucket, find_bucket
from mlsystem.engine.services.s3.conditions import check_delete
from mlsystem.engine.services.s3.errors import malformed_xml
from mlsystem.engine.services.s3.object_store import ObjectStore

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import (
        DeletedObjectTypeDef,
        DeleteObjectsRequestTypeDef,
        ErrorTypeDef,
        ObjectIdentifierTypeDef,
    )

MOST_AT_ONCE = 1000
UNSUPPORTED = ("LastModifiedTime", "Size")


class Deletions(Part):
    """One transaction for all of a request."""

    def __init__(self, store: ObjectStore):
        self._store = store

    @operation("DeleteObjects", accepts="Bucket Delete ChecksumAlgorithm ExpectedBucketOwner")
    def delete_objects(self, request: DeleteObjectsRequestTypeDef, call: Call) -> dict[str, object]:
        wanted = request["Delete"]["Objects"]
        if not 0 < len(wanted) <= MOST_AT_ONCE:
            raise malformed_xml(f"1 to {MOST_AT_ONCE} objects may be deleted at once, not {len(wanted)}")
        bucket = find_bucket(call.tx, request)
        deleted: list[DeletedObjectTypeDef] = []
        errors: list[ErrorTypeDef] = []
        for one in wanted:
            try:
                deleted.append(self._delete(bucket, one, call))
            except AwsError as error:
                errors.append({"Key": one["Key"], "Code": error.code, "Message": error.message})
        return {"Deleted": [] if request["Delete"].get("Quiet") else deleted, "Errors": errors}

    def _delete(self, bucket: Bucket, one: ObjectIdentifierTypeDef, call: Call) -> DeletedObjectTypeDef:
        unsupported = [name for name in UNSUPPORTED if one.get(name) is not None]
        if unsupported:
            raise NotImplementedHere(f"s3:DeleteObjects with Delete.Objects.{unsupported[0]}")
        version_id = one.get("VersionId")
        check_delete({"IfMatch": one.get("ETag")}, self._store.versions.latest(call.tx, bucket.key, one["Key"]))
        deletion = self._store.delete(call.tx, bucket, one["Key"], version_id, call)
        told: DeletedObjectTypeDef = {"Key": one["Key"]}
        if version_id is not None:
            told["VersionId"] = version_id
        subject = deletion.marker or deletion.removed
        if subject is not None and subject.is_delete_marker:
            told["DeleteMarker"] = True
            told["DeleteMarkerVersionId"] = subject.version_id
        return told
