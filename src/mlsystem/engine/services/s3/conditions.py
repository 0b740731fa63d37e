"""Conditional requests: pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html and RFC 9110, section 13.2.2, for the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.s3.errors import no_such_key, precondition_failed
from mlsystem.engine.services.s3.object_version import ObjectVersion


def check_read(request: Mapping[str, Any], version: ObjectVersion, prefix: str = "") -> None:
    """Raises AwsError: PreconditionFailed (412), or NotModified (304).

    `prefix` is `CopySource` for the conditions on the source of a copy, whose failure is always 412.
    """
    if_match, if_none_match = request.get(f"{prefix}IfMatch"), request.get(f"{prefix}IfNoneMatch")
    unmodified_since = request.get(f"{prefix}IfUnmodifiedSince")
    modified_since = request.get(f"{prefix}IfModifiedSince")
    if if_match is not None:
        if not _names(if_match, version.etag):
            raise precondition_failed("If-Match")
    elif unmodified_since is not None and version.last_modified > _instant(unmodified_since):
        raise precondition_failed("If-Unmodified-Since")
    if if_none_match is not None:
        if _names(if_none_match, version.etag):
            raise _unchanged("If-None-Match", prefix)
    elif modified_since is not None and version.last_modified <= _instant(modified_since):
        raise _unchanged("If-Modified-Since", prefix)


def check_write(request: Mapping[str, Any], current: ObjectVersion | None) -> None:
    """`current` is the newest version. Raises AwsError: PreconditionFailed (412), or NoSuchKey for If-Match without an object."""
    there = current if current is not None and not current.is_delete_marker else None
    if_match, if_none_match = request.get("IfMatch"), request.get("IfNoneMatch")
    if if_none_match is not None:
        if if_none_match != "*":
            raise AwsError(
                "NotImplemented",
                "A header you provided implies functionality that is not implemented: If-None-Match other than *",
                501,
            )
        if there is not None:
            raise precondition_failed("If-None-Match")
    if if_match is not None:
        if there is None:
            raise no_such_key(str(request["Key"]))
        if not _names(if_match, there.etag):
            raise precondition_failed("If-Match")


def check_delete(request: Mapping[str, Any], current: ObjectVersion | None) -> None:
    """The conditions of DeleteObject, which an object that is not there fulfils: then nothing is deleted."""
    if current is None or current.is_delete_marker:
        return
    if request.get("IfMatch") is not None and not _names(request["IfMatch"], current.etag):
        raise precondition_failed("If-Match")


def _names(header: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    return "*" in tags or etag in tags


def _unchanged(condition: str, prefix: str) -> AwsError:
    return precondition_failed(condition) if prefix else AwsError("NotModified", "Not Modified", 304)


def _instant(value: datetime) -> datetime:
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
