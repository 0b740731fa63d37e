"""Takes what a caller puts: from the socket, where the front has streamed it to a file already, or from another room."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.s3.checksums import CHECKSUM_NAMES, check_algorithm, checksum_of_body
from mlsystem.engine.services.s3.object_version import KMS, Details, Encryption
from mlsystem.engine.services.s3.tags import read_tags_header
from mlsystem.engine.services.s3.times import http_instant
from mlsystem.engine.store.bodies import PIECE_BYTES, Body, BodySlice, BodyStore
from mlsystem.engine.store.disk import disk_error

HEADERS = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage")
HEADER_MEMBERS = f"ContentType Expires Metadata {' '.join(HEADERS)}"
CHECKSUM_MEMBERS = "ChecksumAlgorithm " + " ".join(f"Checksum{name}" for name in CHECKSUM_NAMES)
LARGEST_METADATA_BYTES = 2048
MD5_BYTES = 16
OWNERS_ACLS = ("private", "bucket-owner-full-control")


class Readable(Protocol):
    """A file, or anything that is read like one."""

    def read(self, size: int, /) -> bytes: ...


def take_body(bodies: BodyStore, request: Mapping[str, Any]) -> Body:
    """The body of a request, on disk, aside: a Body is taken over, bytes, a path and an open file are copied.

    Raises AwsError when the disk is full, or when a checksum that the request states is not the body's.
    """
    given = request.get("Body", b"")
    try:
        body = given if isinstance(given, Body) else bodies.write(_pieces(given))
    except OSError as error:
        raise disk_error(error) from error
    try:
        _verify(body, request)
    except AwsError:
        body.path.unlink(missing_ok=True)
        raise
    return body


def _pieces(given: bytes | bytearray | str | Path | BodySlice | Readable) -> Iterator[bytes]:
    match given:
        case str():
            yield given.encode()
        case bytes() | bytearray():
            for start in range(0, len(given), PIECE_BYTES):
                yield bytes(given[start : start + PIECE_BYTES])
        case Path():
            with given.open("rb") as file:
                yield from _read(file)
        case BodySlice():
            yield from given.pieces()
        case _:
            yield from _read(given)


def _read(file: BinaryIO | Readable) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _verify(body: Body, request: Mapping[str, Any]) -> None:
    stated_md5 = request.get("ContentMD5")
    if stated_md5 and not _is_md5(stated_md5):
        raise AwsError("InvalidDigest", "The Content-MD5 you specified is not valid.", 400)
    if stated_md5 and base64.b64encode(bytes.fromhex(body.md5)).decode() != stated_md5:
        raise AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.", 400)
    for name in CHECKSUM_NAMES:
        stated = request.get(f"Checksum{name}")
        if stated and stated != checksum_of_body(body, name):
            raise AwsError("BadDigest", f"The {name} you specified did not match the calculated checksum.", 400)


def _is_md5(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == MD5_BYTES
    except ValueError:
        return False


def checksums(body: Body, request: Mapping[str, Any]) -> dict[str, str]:
    """The checksums to keep: those that the request states or asks for."""
    asked = request.get("ChecksumAlgorithm")
    check_algorithm(asked)
    wanted = [name for name in CHECKSUM_NAMES if name == asked or request.get(f"Checksum{name}")]
    return {name: checksum_of_body(body, name) for name in wanted}


def etag_of(body: Body, encryption: Encryption) -> str:
    """The MD5, but of nothing that KMS encrypts: there S3's ETag tells nothing of the bytes."""
    return secrets.token_hex(16) if encryption.algorithm == KMS else body.md5


def read_details(request: Mapping[str, Any], encryption: Encryption) -> Details:
    """What a request says of a new object. Raises AwsError."""
    check_storage(request)
    headers = {name: str(request[name]) for name in HEADERS if request.get(name)}
    encoding = _without_framing(headers.pop("ContentEncoding", ""))
    if encoding:
        headers["ContentEncoding"] = encoding
    if request.get("Expires"):
        headers["Expires"] = http_instant(request["Expires"])
    return Details(
        encryption=encryption,
        content_type=request.get("ContentType") or "binary/octet-stream",
        headers=headers,
        metadata=read_metadata(request),
        tags=read_tags_header(request.get("Tagging")),
    )


def check_storage(request: Mapping[str, Any]) -> None:
    """Refuse what is said about storage and access and cannot be had here."""
    storage_class = request.get("StorageClass", "STANDARD")
    if storage_class != "STANDARD":
        raise NotImplementedHere(f"s3: the storage class {storage_class}", "STANDARD is")
    if request.get("ACL", "private") not in OWNERS_ACLS:
        raise AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)


def _without_framing(encoding: str) -> str:
    """`aws-chunked` tells how the body was sent, not what it is."""
    return ",".join(part for part in (part.strip() for part in encoding.split(",")) if part and part != "aws-chunked")


def read_metadata(request: Mapping[str, Any]) -> dict[str, str]:
    metadata = {str(name).lower(): str(value) for name, value in request.get("Metadata", {}).items()}
    if sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items()) > LARGEST_METADATA_BYTES:
        raise AwsError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", 400)
    return metadata
