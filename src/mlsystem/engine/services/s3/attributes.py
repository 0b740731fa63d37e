"""GetObjectAttributes. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlsystem.engine.contract import Call, Part, operation
from mlsystem.engine.services.s3.bucket import find_bucket
from mlsystem.engine.services.s3.object_store import ObjectStore, version_members
from mlsystem.engine.services.s3.object_version import ObjectVersion
from mlsystem.engine.services.s3.objects import checksum_members
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import GetObjectAttributesRequestTypeDef

LARGEST_PAGE = 1000


class Attributes(Part):
    """What is known of an object, in one answer."""

    def __init__(self, store: ObjectStore):
        self._store = store

    @operation(
        "GetObjectAttributes",
        accepts="Bucket Key VersionId MaxParts PartNumberMarker ObjectAttributes ExpectedBucketOwner",
    )
    def get_object_attributes(self, request: GetObjectAttributesRequestTypeDef, call: Call) -> Mapping[str, object]:
        bucket = find_bucket(call.tx, request)
        version = self._store.find(call.tx, bucket, request["Key"], request.get("VersionId"))
        known: dict[str, object] = {
            "ETag": version.etag,
            "Checksum": checksum_members(version),
            "ObjectParts": self._parts(call.tx, version, request),
            "StorageClass": "STANDARD",
            "ObjectSize": version.size,
        }
        wanted: dict[str, object] = {
            name: known[name] for name in request["ObjectAttributes"] if known[name] not in (None, {})
        }
        return {"LastModified": version.last_modified, **version_members(bucket, version), **wanted}

    def _parts(
        self, tx: Transaction, version: ObjectVersion, request: GetObjectAttributesRequestTypeDef
    ) -> Mapping[str, object] | None:
        numbers = version.about.part_numbers
        if not numbers:
            return None
        marker, most = int(request.get("PartNumberMarker", 0)), min(request.get("MaxParts", LARGEST_PAGE), LARGEST_PAGE)
        sizes = [file.size for file in self._store.versions.files(tx, version.holder)]
        parts = [
            {"PartNumber": number, "Size": size} for number, size in zip(numbers, sizes, strict=True) if number > marker
        ]
        page = parts[:most]
        return {
            "TotalPartsCount": len(numbers),
            "PartNumberMarker": marker,
            "NextPartNumberMarker": page[-1]["PartNumber"] if page else marker,
            "MaxParts": most,
            "IsTruncated": len(parts) > len(page),
            "Parts": page,
        }
