"""Objects: put, get, head, delete.

An object is put in three steps: its bytes are flushed to disk aside, renamed into place, and named by a row. Only the last one makes it
visible, and a crash before it leaves a stray file that the next start sweeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.racepoint import race_point
from mlsystem.engine.permission import Requirement
from mlsystem.engine.services.s3.bucket import Bucket, find_bucket
from mlsystem.engine.services.s3.byte_range import ByteRange, read_range
from mlsystem.engine.services.s3.conditions import check_delete, check_read, check_write
from mlsystem.engine.services.s3.errors import invalid_argument
from mlsystem.engine.services.s3.intake import (
    CHECKSUM_MEMBERS,
    HEADER_MEMBERS,
    checksums,
    etag_of,
    read_details,
    take_body,
)
from mlsystem.engine.services.s3.object_store import Content, ObjectStore, version_members
from mlsystem.engine.services.s3.object_version import ObjectVersion
from mlsystem.engine.services.s3.times import http_instant
from mlsystem.engine.services.s3.vault import ENCRYPTION_MEMBERS, answer, seal
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import DeleteObjectRequestTypeDef

READ_CONDITIONS = "IfMatch IfNoneMatch IfModifiedSince IfUnmodifiedSince"
# What a request may say of the headers of its response, and the response's member.
OVERRIDES = {
    "ResponseCacheControl": "CacheControl",
    "ResponseContentDisposition": "ContentDisposition",
    "ResponseContentEncoding": "ContentEncoding",
    "ResponseContentLanguage": "ContentLanguage",
    "ResponseContentType": "ContentType",
    "ResponseExpires": "Expires",
}
READ_MEMBERS = (
    f"Bucket Key VersionId Range PartNumber ChecksumMode ExpectedBucketOwner {READ_CONDITIONS} {' '.join(OVERRIDES)}"
)


class Objects(Part):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html and its neighbours."""

    def __init__(self, house: House, store: ObjectStore):
        self._house = house
        self._store = store

    def start(self) -> None:
        with self._house.database.reading() as tx:
            known = self._store.versions.known_files(tx)
        self._store.bodies.sweep(known)

    # ------------------------------------------------------------------ put
    @operation(
        "PutObject",
        accepts="Bucket Key Body ContentLength ContentMD5 StorageClass ACL Tagging IfMatch IfNoneMatch ExpectedBucketOwner "
        f"{HEADER_MEMBERS} {CHECKSUM_MEMBERS} {ENCRYPTION_MEMBERS}",
        mode="free",
    )
    def put_object(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        with self._house.database.reading() as tx:
            bucket = find_bucket(tx, request)
            check_write(request, self._store.versions.latest(tx, bucket.key, request["Key"]))
        encryption, outer = self._store.vault.choose(bucket, request, call.principal)
        details = read_details(request, encryption)
        body = take_body(self._store.bodies, request)
        details = details.model_copy(update={"checksums": checksums(body, request)})
        file = self._store.bodies.keep(body)
        race_point("s3.PutObject.in_place")
        content = Content(body.size, etag_of(body, encryption), details, [seal(outer, body, file)])
        bucket, version = self._store.commit(request, content, "PutObject", call)
        return {
            "ETag": version.quoted_etag,
            **checksum_members(version),
            **version_members(bucket, version),
            **answer(encryption),
        }

    # ------------------------------------------------------------------ get
    @operation("GetObject", accepts=READ_MEMBERS)
    def get_object(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        def read(tx: Transaction) -> Mapping[str, object]:
            described, version, wanted = self._describe(tx, request, call)
            body = self._store.open(tx, version, wanted.start, wanted.length, call.principal)
            return {**described, "Body": body}

        return self._store.settled(call.tx, read)

    @operation("HeadObject", accepts=READ_MEMBERS)
    def head_object(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        described, _, _ = self._describe(call.tx, request, call)
        return described

    def _listing(self, bucket: Bucket) -> Requirement:
        return Requirement("s3:ListBucket", self._house.scope.global_arn("s3", bucket.key, with_account=False))

    def _describe(
        self, tx: Transaction, request: Mapping[str, Any], call: Call
    ) -> tuple[dict[str, object], ObjectVersion, ByteRange]:
        """The response but for the body, and which bytes of which version make the body.

        That there is no such object is told to who may list the bucket; to all others it is forbidden.
        """
        bucket = find_bucket(tx, request)
        try:
            version = self._store.find(tx, bucket, request["Key"], request.get("VersionId"))
        except AwsError:
            self._house.demand("s3", call.principal, self._listing(bucket))
            raise
        check_read(request, version)
        part = self._part(tx, request, version)
        asked = part or read_range(request.get("Range"), version.size)
        wanted = asked or ByteRange(0, version.size, version.size)
        described = {
            **_headers(version),
            **version_members(bucket, version),
            **answer(version.about.encryption),
            "ContentLength": wanted.length,
        }
        # A part of no bytes has no range that a header could state.
        if asked is not None and asked.length:
            described["ContentRange"] = asked.header
        if request.get("PartNumber") is not None:
            described["PartsCount"] = len(version.about.part_numbers) or None
        if request.get("ChecksumMode") == "ENABLED" and asked is None:
            described.update(checksum_members(version))
        overrides = {member: request[name] for name, member in OVERRIDES.items() if request.get(name) is not None}
        if "Expires" in overrides:
            overrides["Expires"] = http_instant(overrides["Expires"])
        return {name: value for name, value in {**described, **overrides}.items() if value is not None}, version, wanted

    def _part(self, tx: Transaction, request: Mapping[str, Any], version: ObjectVersion) -> ByteRange | None:
        number = request.get("PartNumber")
        if number is None:
            return None
        if request.get("Range"):
            raise invalid_argument("Cannot specify both Range header and partNumber query parameter")
        sizes = [file.size for file in self._store.versions.files(tx, version.holder)]
        if not version.about.part_numbers and number == 1:
            return ByteRange(0, version.size, version.size)
        if not 1 <= number <= len(sizes):
            raise AwsError("InvalidPartNumber", "The requested partnumber is not satisfiable", 416)
        return ByteRange(sum(sizes[: number - 1]), sizes[number - 1], version.size)

    # ------------------------------------------------------------------ delete
    @operation("DeleteObject", accepts="Bucket Key VersionId ExpectedBucketOwner IfMatch")
    def delete_object(self, request: DeleteObjectRequestTypeDef, call: Call) -> Mapping[str, object]:
        bucket = find_bucket(call.tx, request)
        check_delete(request, self._store.versions.latest(call.tx, bucket.key, request["Key"]))
        deletion = self._store.delete(call.tx, bucket, request["Key"], request.get("VersionId"), call)
        race_point("s3.DeleteObject.before_commit")
        return deletion.answer(bucket)


def _headers(version: ObjectVersion) -> dict[str, object]:
    details = version.about
    return {
        "AcceptRanges": "bytes",
        "LastModified": version.last_modified,
        "ETag": version.quoted_etag,
        "ContentType": details.content_type,
        **details.headers,
        "Metadata": details.metadata,
        "TagCount": len(details.tags) or None,
    }


def checksum_members(version: ObjectVersion) -> dict[str, object]:
    """`ChecksumCRC32` and its like, where the object has any."""
    details = version.about
    members: dict[str, object] = {f"Checksum{name}": value for name, value in details.checksums.items()}
    return {**members, "ChecksumType": details.checksum_type} if members else {}
