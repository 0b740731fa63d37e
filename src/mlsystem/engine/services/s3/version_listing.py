"""The list of all versions of objects. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.services.s3.bucket import find_bucket
from mlsystem.engine.services.s3.errors import invalid_argument
from mlsystem.engine.services.s3.listings import COMMON, Page, below, common_members, common_prefix, encoder, page_size
from mlsystem.engine.services.s3.object_version import ObjectVersion
from mlsystem.engine.services.s3.versions import Cursor, Versions
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import ListObjectVersionsRequestTypeDef


class VersionListing(Part):
    """See the module."""

    def __init__(self, house: House, versions: Versions):
        self._house = house
        self._versions = versions

    @operation("ListObjectVersions", accepts=f"{COMMON} KeyMarker VersionIdMarker")
    def list_object_versions(self, request: ListObjectVersionsRequestTypeDef, call: Call) -> Mapping[str, object]:
        bucket = find_bucket(call.tx, request)
        if request.get("VersionIdMarker") and not request.get("KeyMarker"):
            raise invalid_argument("A version-id marker cannot be specified without a key marker.")
        page = Page[ObjectVersion]().fill(self._entries(call.tx, request), page_size(request))
        encode = encoder(request)
        told = {
            **common_members(request, page, encode),
            "Name": bucket.key,
            "KeyMarker": encode(request.get("KeyMarker", "")),
            "VersionIdMarker": request.get("VersionIdMarker", ""),
            "Versions": [self._version(one, encode(one.key)) for one in page.items if not one.is_delete_marker],
            "DeleteMarkers": [self._marker(one, encode(one.key)) for one in page.items if one.is_delete_marker],
        }
        if page.is_truncated:
            told["NextKeyMarker"] = encode(page.last)
            if page.items and page.items[-1].key == page.last:
                told["NextVersionIdMarker"] = page.items[-1].version_id
        return told

    def _entries(self, tx: Transaction, request: Mapping[str, Any]) -> Iterator[tuple[ObjectVersion, str, str | None]]:
        prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
        cursor = self._first(tx, request)
        while cursor is not None:
            for version in self._behind(tx, request, cursor):
                common = common_prefix(version.key, prefix, delimiter)
                yield version, version.key, common
                if common is not None:
                    cursor = below(common)
                    break
            else:
                return

    def _first(self, tx: Transaction, request: Mapping[str, Any]) -> Cursor | None:
        key = request.get("KeyMarker", "")
        if key and common_prefix(key, request.get("Prefix", ""), request.get("Delimiter", "")) == key:
            return below(key)
        return Cursor(key, is_included=bool(request.get("VersionIdMarker")))

    def _behind(self, tx: Transaction, request: Mapping[str, Any], cursor: Cursor) -> Iterator[ObjectVersion]:
        """Versions behind the markers. Where the marker was deleted since, whatever is left of its key is behind it."""
        key, version_id = request.get("KeyMarker", ""), request.get("VersionIdMarker")
        marker = self._versions.version(tx, request["Bucket"], key, version_id) if version_id else None
        for version in self._versions.walk(tx, request["Bucket"], request.get("Prefix", ""), cursor):
            if marker is None or version.key != marker.key or version.sequence < marker.sequence:
                yield version

    def _version(self, version: ObjectVersion, key: str) -> dict[str, object]:
        return {
            **self._marker(version, key),
            "ETag": version.quoted_etag,
            "Size": version.size,
            "StorageClass": "STANDARD",
        }

    def _marker(self, version: ObjectVersion, key: str) -> dict[str, object]:
        return {
            "Key": key,
            "VersionId": version.version_id,
            "IsLatest": version.is_latest,
            "LastModified": version.last_modified,
            "Owner": {"ID": self._house.scope.account},
        }
