"""Lists of uploads in progress, and of the parts of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.services.s3.bucket import find_bucket
from mlsystem.engine.services.s3.listings import Page, common_members, common_prefix, encoder
from mlsystem.engine.services.s3.times import instant
from mlsystem.engine.services.s3.upload import Upload
from mlsystem.engine.services.s3.uploads import Uploads
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import ListMultipartUploadsRequestTypeDef, ListPartsRequestTypeDef

LARGEST_PAGE = 1000


class UploadListings(Part):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html and ListParts"""

    def __init__(self, house: House, uploads: Uploads):
        self._house = house
        self._uploads = uploads

    @operation("ListParts", accepts="Bucket Key UploadId MaxParts PartNumberMarker ExpectedBucketOwner")
    def list_parts(self, request: ListPartsRequestTypeDef, call: Call) -> Mapping[str, object]:
        upload = self._uploads.find(call.tx, request)
        marker, most = int(request.get("PartNumberMarker", 0)), min(request.get("MaxParts", LARGEST_PAGE), LARGEST_PAGE)
        parts = [part for part in self._uploads.parts(call.tx, upload) if part.number > marker]
        page = parts[:most]
        told: dict[str, object] = {
            "Bucket": upload.parent,
            "Key": upload.object_key,
            "UploadId": upload.key,
            "PartNumberMarker": marker,
            "NextPartNumberMarker": page[-1].number if page else marker,
            "MaxParts": most,
            "IsTruncated": len(parts) > len(page),
            "Parts": [
                {
                    "PartNumber": part.number,
                    "LastModified": instant(int(part.updated_at)),
                    "ETag": f'"{part.etag}"',
                    "Size": part.size,
                    **{f"Checksum{name}": value for name, value in part.checksums.items()},
                }
                for part in page
            ],
            **self._people(),
            "StorageClass": "STANDARD",
        }
        return {**told, **_checksum_members(upload)}

    @operation(
        "ListMultipartUploads",
        accepts="Bucket Delimiter EncodingType KeyMarker MaxUploads Prefix UploadIdMarker ExpectedBucketOwner",
    )
    def list_multipart_uploads(self, request: ListMultipartUploadsRequestTypeDef, call: Call) -> Mapping[str, object]:
        bucket = find_bucket(call.tx, request)
        encode, most = encoder(request), min(request.get("MaxUploads", LARGEST_PAGE), LARGEST_PAGE)
        page = Page[Upload]().fill(self._entries(call.tx, request), most)
        told = {
            **common_members(request, page, encode),
            "Bucket": bucket.key,
            "KeyMarker": encode(request.get("KeyMarker", "")),
            "UploadIdMarker": request.get("UploadIdMarker", ""),
            "MaxUploads": most,
            "Uploads": [self._entry(upload, encode(upload.object_key)) for upload in page.items],
        }
        if page.is_truncated:
            told["NextKeyMarker"] = encode(page.last)
            if page.items and page.items[-1].object_key == page.last:
                told["NextUploadIdMarker"] = page.items[-1].key
        return told

    def _entries(self, tx: Transaction, request: Mapping[str, Any]) -> Iterator[tuple[Upload, str, str | None]]:
        prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
        for upload in _behind(self._uploads.of_bucket(tx, request["Bucket"]), request):
            key = upload.object_key
            common = common_prefix(key, prefix, delimiter)
            if key.startswith(prefix) and (common is None or common > request.get("KeyMarker", "")):
                yield upload, key, common

    def _entry(self, upload: Upload, key: str) -> dict[str, object]:
        return {
            "UploadId": upload.key,
            "Key": key,
            "Initiated": instant(int(upload.created_at)),
            "StorageClass": "STANDARD",
            **self._people(),
            **_checksum_members(upload),
        }

    def _people(self) -> dict[str, object]:
        owner = {"ID": self._house.scope.account}
        return {"Owner": owner, "Initiator": owner}


def _behind(uploads: list[Upload], request: Mapping[str, Any]) -> list[Upload]:
    """Those behind the markers: of later keys, and of the same key after the upload of that id."""
    key, upload_id = request.get("KeyMarker", ""), request.get("UploadIdMarker", "")
    if not key:
        return uploads
    same = [upload for upload in uploads if upload.object_key == key]
    ids = [upload.key for upload in same]
    behind = same[ids.index(upload_id) + 1 :] if upload_id in ids else []
    return [*behind, *(upload for upload in uploads if upload.object_key > key)]


def _checksum_members(upload: Upload) -> dict[str, object]:
    if not upload.checksum_algorithm:
        return {}
    return {"ChecksumAlgorithm": upload.checksum_algorithm, "ChecksumType": upload.checksum_type}
