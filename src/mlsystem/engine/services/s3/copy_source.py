"""The header `x-amz-copy-source`: `bucket/key?versionId=...`, percent-encoded. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.services.s3.errors import invalid_argument

SOURCE_CONDITIONS = (
    "CopySourceIfMatch CopySourceIfNoneMatch CopySourceIfModifiedSince CopySourceIfUnmodifiedSince "
    "ExpectedSourceBucketOwner"
)
VERSION = "?versionId="


@dataclass(frozen=True)
class CopySource:
    """Which version of which object is copied; `version_id` None for the newest."""

    bucket: str
    key: str
    version_id: str | None
    expected_owner: str | None

    @property
    def request(self) -> dict[str, Any]:
        """The bucket, in the shape of a request."""
        owner = {"ExpectedBucketOwner": self.expected_owner} if self.expected_owner else {}
        return {"Bucket": self.bucket, **owner}


def read_copy_source(request: Mapping[str, Any]) -> CopySource:
    """Raises AwsError(InvalidArgument)."""
    path, _, version_id = str(request["CopySource"]).partition(VERSION)
    if path.startswith("arn:"):
        raise NotImplementedHere("s3: copying from an access point", "name the bucket")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    if not bucket or not key:
        raise invalid_argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
    return CopySource(bucket, key, version_id or None, request.get("ExpectedSourceBucketOwner"))
