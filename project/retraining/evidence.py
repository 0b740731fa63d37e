"""What a decision is made on: objects in S3, or an error that says which is missing. Nothing here has a default."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class EvidenceError(Exception):
    """Something that a decision needs is missing or is not what it should be."""


@dataclass(frozen=True)
class Place:
    """A bucket, and a key or the beginning of keys in it."""

    bucket: str
    key: str

    @classmethod
    def of(cls, uri: str) -> Place:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        if not uri.startswith("s3://") or not bucket or not key:
            raise EvidenceError(f"{uri!r} is not of the form s3://bucket/key")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def __truediv__(self, name: str) -> Place:
        return Place(self.bucket, f"{self.key.rstrip('/')}/{name}")


@dataclass(frozen=True)
class StoredObject:
    key: str
    etag: str
    modified: datetime


def read_json(s3: S3Client, place: Place) -> dict[str, Any]:
    """Raises EvidenceError where it is missing, forbidden or not a JSON object."""
    try:
        content = json.loads(s3.get_object(Bucket=place.bucket, Key=place.key)["Body"].read())
    except ClientError as error:
        raise EvidenceError(f"{place}: cannot be read: {error}") from error
    except ValueError as error:
        raise EvidenceError(f"{place}: is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise EvidenceError(f"{place}: does not hold a JSON object")
    return content


def stored(s3: S3Client, place: Place, after: str = "") -> Iterator[StoredObject]:
    """The objects whose keys begin like the place, in their order; with `after`, those beyond this key."""
    begin: Any = {"StartAfter": after} if after else {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key, **begin):
        for item in page.get("Contents", []):
            yield StoredObject(item["Key"], item["ETag"], item["LastModified"])


def lines_of(s3: S3Client, bucket: str, key: str) -> Iterator[dict[str, Any] | None]:
    """Each line of a JSON lines object as it is read; None for one that is no JSON object."""
    for line in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_lines():
        try:
            content = json.loads(line)
        except ValueError:
            content = None
        yield content if isinstance(content, dict) else None
