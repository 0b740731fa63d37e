"""Lists of objects and versions: pages, prefixes and delimiters.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html and ListObjectVersions
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.services.s3.bucket import find_bucket
from mlsystem.engine.services.s3.errors import invalid_argument
from mlsystem.engine.services.s3.versions import Cursor, Listed, Versions, prefix_end
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import (
        ListObjectsRequestTypeDef,
        ListObjectsV2RequestTypeDef,
    )

LARGEST_PAGE = 1000
Encoder = Callable[[str], str]
COMMON = "Bucket Prefix Delimiter MaxKeys EncodingType ExpectedBucketOwner"


T = TypeVar("T")


@dataclass
class Page(Generic[T]):
    """What one answer lists. `last` is what the key or common prefix of its last entry is, after which the next page begins."""

    items: list[T] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    last: str = ""
    is_truncated: bool = False

    @property
    def count(self) -> int:
        return len(self.items) + len(self.prefixes)

    def fill(self, entries: Iterable[tuple[T, str, str | None]], most: int) -> Page[T]:
        """Take entries (item, key, common prefix or None), in order, until there are `most`; a common prefix once."""
        for item, key, common in entries if most else ():
            if common is not None and common in self.prefixes[-1:]:
                continue
            if self.count == most:
                self.is_truncated = True
                break
            if common is not None:
                self.prefixes.append(common)
            else:
                self.items.append(item)
            self.last = common or key
        return self


class Listings(Part):
    """See the module."""

    def __init__(self, house: House, versions: Versions):
        self._house = house
        self._versions = versions

    @operation("ListObjectsV2", accepts=f"{COMMON} ContinuationToken StartAfter FetchOwner")
    def list_objects_v2(self, request: ListObjectsV2RequestTypeDef, call: Call) -> Mapping[str, object]:
        bucket = find_bucket(call.tx, request)
        token = request.get("ContinuationToken")
        after = token if token is not None else request.get("StartAfter", "")
        page = self._page(call.tx, request, after)
        encode = encoder(request)
        answer = {
            **common_members(request, page, encode),
            "Name": bucket.key,
            "KeyCount": page.count,
            "Contents": [self._entry(version, encode, request.get("FetchOwner", False)) for version in page.items],
        }
        if token is not None:
            answer["ContinuationToken"] = token
        if request.get("StartAfter"):
            answer["StartAfter"] = encode(request["StartAfter"])
        if page.is_truncated:
            answer["NextContinuationToken"] = page.last
        return answer

    @operation("ListObjects", accepts=f"{COMMON} Marker")
    def list_objects(self, request: ListObjectsRequestTypeDef, call: Call) -> Mapping[str, object]:
        bucket = find_bucket(call.tx, request)
        page = self._page(call.tx, request, request.get("Marker", ""))
        encode = encoder(request)
        answer = {
            **common_members(request, page, encode),
            "Name": bucket.key,
            "Marker": encode(request.get("Marker", "")),
            "Contents": [self._entry(version, encode, True) for version in page.items],
        }
        # Without a delimiter the client takes the last key for the next marker.
        if page.is_truncated and request.get("Delimiter"):
            answer["NextMarker"] = encode(page.last)
        return answer

    def _page(self, tx: Transaction, request: Mapping[str, Any], after: str) -> Page[Listed]:
        return Page[Listed]().fill(self._entries(tx, request, after), page_size(request))

    def _entries(
        self, tx: Transaction, request: Mapping[str, Any], after: str
    ) -> Iterator[tuple[Listed, str, str | None]]:
        """Keys, and each common prefix once: what lies below one is skipped, however much it is."""
        bucket, prefix, delimiter = request["Bucket"], request.get("Prefix", ""), request.get("Delimiter", "")
        # A marker that is itself a common prefix was listed as such: what lies below it is passed.
        passed = after if after and common_prefix(after, prefix, delimiter) == after else None
        cursor: Cursor | None = Cursor(after) if passed is None else below(passed)
        # Behind one common prefix comes another as a rule, of which one key is enough. Else as many are wanted as the page has, and
        # the next one, which tells whether there is another page.
        first_batch = 1 if delimiter else page_size(request) + 1
        while cursor is not None:
            for version in self._versions.walk_latest(tx, bucket, prefix, cursor, first_batch):
                common = common_prefix(version.key, prefix, delimiter)
                yield version, version.key, common
                if common is not None:
                    cursor = below(common)
                    break
            else:
                return

    def _entry(self, found: Listed, encode: Encoder, with_owner: bool) -> dict[str, object]:
        entry: dict[str, object] = {
            "Key": encode(found.key),
            "LastModified": datetime.fromtimestamp(int(found.modified_at), UTC),
            "ETag": f'"{found.etag}"',
            "Size": found.size,
            "StorageClass": "STANDARD",
        }
        if checksums := json.loads(found.checksums):
            entry["ChecksumAlgorithm"] = sorted(checksums)
            entry["ChecksumType"] = found.checksum_type
        return {**entry, "Owner": {"ID": self._house.scope.account}} if with_owner else entry


def common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    """What the key is listed as, when the delimiter occurs in it after the prefix; else None."""
    if not delimiter or not key.startswith(prefix):
        return None
    end = key.find(delimiter, len(prefix))
    return key[: end + len(delimiter)] if end >= 0 else None


def below(common: str) -> Cursor | None:
    """Where the keys after all that begin with `common` begin."""
    end = prefix_end(common)
    return Cursor(end, is_included=True) if end is not None else None


def common_members(request: Mapping[str, Any], page: Page[Any], encode: Encoder) -> dict[str, object]:
    answer: dict[str, object] = {
        "Prefix": encode(request.get("Prefix", "")),
        "MaxKeys": request.get("MaxKeys", LARGEST_PAGE),
        "IsTruncated": page.is_truncated,
        "CommonPrefixes": [{"Prefix": encode(prefix)} for prefix in page.prefixes],
    }
    if request.get("Delimiter"):
        answer["Delimiter"] = encode(request["Delimiter"])
    if request.get("EncodingType"):
        answer["EncodingType"] = request["EncodingType"]
    return answer


def page_size(request: Mapping[str, Any]) -> int:
    asked = int(request.get("MaxKeys", LARGEST_PAGE))
    if asked < 0:
        raise invalid_argument("Argument maxKeys must be an integer between 0 and 2147483647")
    return min(asked, LARGEST_PAGE)


def encoder(request: Mapping[str, Any]) -> Encoder:
    """Keys may hold characters that XML cannot: with `EncodingType=url` they are percent-encoded."""
    if request.get("EncodingType") == "url":
        return lambda text: quote(text, safe="/")
    return lambda text: text
