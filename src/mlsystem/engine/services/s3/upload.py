"""A multipart upload and its parts: records, and the rules of completing one (pure).

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.s3.checksums import FULL_OBJECT, checksum_of, join_crcs
from mlsystem.engine.services.s3.errors import malformed_xml
from mlsystem.engine.services.s3.object_version import Details
from mlsystem.engine.store.records import Record

SMALLEST_PART_BYTES = 5 * 1024 * 1024
MOST_PARTS = 10_000


class Upload(Record):
    """`key` is the upload id, `parent` the bucket."""

    kind: ClassVar[str] = "s3.upload"
    object_key: str
    details: Details
    # S3's name of the checksum that each part is to have, "" for none; and how that of the object comes about.
    checksum_algorithm: str = ""
    checksum_type: str = ""


class UploadedPart(Record):
    """`key` is `<upload id>/<number>`, `parent` the upload id. Its one file belongs to `holder`."""

    kind: ClassVar[str] = "s3.part"
    number: int
    holder: str
    size: int
    etag: str
    checksums: dict[str, str] = Field(default_factory=dict)


def part_key(upload_id: str, number: int) -> str:
    return f"{upload_id}/{number:05d}"


def choose_parts(asked: Sequence[Mapping[str, Any]], uploaded: Mapping[int, UploadedPart]) -> list[UploadedPart]:
    """The parts that make the object. Raises AwsError: MalformedXML, InvalidPartOrder, InvalidPart, EntityTooSmall, BadDigest."""
    if not asked:
        raise malformed_xml("a multipart upload is completed from at least one part")
    numbers = [int(one.get("PartNumber", 0)) for one in asked]
    if numbers != sorted(set(numbers)):
        raise AwsError("InvalidPartOrder", "The list of parts was not in ascending order.", 400)
    chosen = [_choose(one, uploaded) for one in asked]
    for part in chosen[:-1]:
        if part.size < SMALLEST_PART_BYTES:
            raise AwsError(
                "EntityTooSmall",
                f"Your proposed upload is smaller than the minimum allowed size: part {part.number} has {part.size} bytes.",
                400,
            )
    return chosen


def _choose(asked: Mapping[str, Any], uploaded: Mapping[int, UploadedPart]) -> UploadedPart:
    number = int(asked.get("PartNumber", 0))
    part = uploaded.get(number)
    if part is None or str(asked.get("ETag", "")).strip('"') != part.etag:
        raise AwsError(
            "InvalidPart",
            f"One or more of the specified parts could not be found: part {number} was not uploaded, or has another entity tag.",
            400,
        )
    for name, value in part.checksums.items():
        if asked.get(f"Checksum{name}", value) != value:
            raise AwsError("InvalidPart", f"The {name} of part {number} does not match that of the uploaded part.", 400)
    return part


def joined_etag(parts: Sequence[UploadedPart]) -> str:
    """The MD5 of the parts' MD5s, and how many they are."""
    digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"


def join_checksums(algorithm: str, checksum_type: str, parts: Sequence[UploadedPart]) -> str:
    """The object's checksum, from those of its parts. A COMPOSITE one is the checksum of the parts' checksums, and how many they are."""
    if checksum_type == FULL_OBJECT:
        return join_crcs(algorithm, ((part.checksums[algorithm], part.size) for part in parts))
    digests = b"".join(base64.b64decode(part.checksums[algorithm]) for part in parts)
    return f"{checksum_of(algorithm, digests)}-{len(parts)}"
