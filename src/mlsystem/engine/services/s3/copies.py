"""Copies of objects: a second name for the same file where that will do, with its key sealed anew.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.services.s3.bucket import Bucket, find_bucket
from mlsystem.engine.services.s3.checksums import FULL_OBJECT, check_algorithm
from mlsystem.engine.services.s3.conditions import check_read
from mlsystem.engine.services.s3.copy_source import SOURCE_CONDITIONS, CopySource, read_copy_source
from mlsystem.engine.services.s3.errors import invalid_request
from mlsystem.engine.services.s3.intake import (
    HEADER_MEMBERS,
    check_storage,
    checksums,
    etag_of,
    read_details,
    take_body,
)
from mlsystem.engine.services.s3.object_store import Content, ObjectStore, version_members
from mlsystem.engine.services.s3.object_version import Details, Encryption, ObjectVersion
from mlsystem.engine.services.s3.objects import checksum_members
from mlsystem.engine.services.s3.tags import read_tags_header
from mlsystem.engine.services.s3.vault import ENCRYPTION_MEMBERS, answer, seal, seal_again
from mlsystem.engine.store.database import Transaction

LARGEST_COPY_BYTES = 5 * 1024**3


class Copies(Part):
    """See the module."""

    def __init__(self, house: House, store: ObjectStore):
        self._house = house
        self._store = store

    @operation(
        "CopyObject",
        accepts="Bucket Key CopySource MetadataDirective TaggingDirective Tagging StorageClass ACL ChecksumAlgorithm "
        f"IfMatch IfNoneMatch ExpectedBucketOwner {SOURCE_CONDITIONS} {HEADER_MEMBERS} {ENCRYPTION_MEMBERS}",
        mode="free",
    )
    def copy_object(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        source = read_copy_source(request)
        check_storage(request)
        check_algorithm(request.get("ChecksumAlgorithm"))
        with self._house.database.reading() as tx:
            bucket = find_bucket(tx, request)
            encryption, outer = self._store.vault.choose(bucket, request, call.principal)
            copied, version, content = self._store.settled(
                tx, lambda tx: self._copy(tx, request, source, encryption, outer, call)
            )
        bucket, made = self._store.commit(request, content, "CopyObject", call)
        told = {
            "CopyObjectResult": {
                "ETag": made.quoted_etag,
                "LastModified": made.last_modified,
                **checksum_members(made),
            },
            **version_members(bucket, made),
            **answer(encryption),
        }
        return {**told, "CopySourceVersionId": version.version_id} if copied.is_versioned else told

    def _copy(
        self,
        tx: Transaction,
        request: Mapping[str, Any],
        source: CopySource,
        encryption: Encryption,
        outer: bytes,
        call: Call,
    ) -> tuple[Bucket, ObjectVersion, Content]:
        bucket = find_bucket(tx, source.request)
        version = self._store.find(tx, bucket, source.key, source.version_id)
        check_read(request, version, "CopySource")
        _check_copy(request, source, version)
        details = _details(request, version, encryption)
        files = self._store.versions.files(tx, version.holder)
        asked = request.get("ChecksumAlgorithm")
        is_alike = version.about.encryption.algorithm == encryption.algorithm
        if len(files) == 1 and is_alike and (asked is None or asked in details.checksums):
            old_outer = self._store.vault.outer_key(version.about.encryption, call.principal)
            name = self._store.bodies.duplicate(files[0].file)
            segment = seal_again(old_outer, outer, files[0], name)
            return bucket, version, Content(version.size, version.etag, details, [segment])
        # An object of several parts becomes one of one part, and its ETag that of its bytes.
        body = take_body(self._store.bodies, {"Body": self._store.open(tx, version, 0, version.size, call.principal)})
        wanted = {"ChecksumAlgorithm": asked or next(iter(version.about.checksums), None)}
        details = details.model_copy(update={"checksums": checksums(body, wanted)})
        segment = seal(outer, body, self._store.bodies.keep(body))
        return bucket, version, Content(body.size, etag_of(body, encryption), details, [segment])


def _check_copy(request: Mapping[str, Any], source: CopySource, version: ObjectVersion) -> None:
    if version.size > LARGEST_COPY_BYTES:
        raise invalid_request(
            "The specified copy source is larger than the maximum allowable size for a copy source: 5 GiB"
        )
    is_same = (source.bucket, source.key, source.version_id) == (request["Bucket"], request["Key"], None)
    changes = request.get("MetadataDirective") == "REPLACE" or request.get("ServerSideEncryption") is not None
    if is_same and not changes:
        raise invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
            "metadata, storage class, website redirect location or encryption attributes."
        )


def _details(request: Mapping[str, Any], version: ObjectVersion, encryption: Encryption) -> Details:
    old = version.about
    is_replaced = request.get("MetadataDirective") == "REPLACE"
    details = read_details(request, encryption) if is_replaced else old
    tags = read_tags_header(request.get("Tagging")) if request.get("TaggingDirective") == "REPLACE" else old.tags
    return details.model_copy(
        update={
            "encryption": encryption,
            "tags": tags,
            "checksums": old.checksums if old.checksum_type == FULL_OBJECT else {},
            "checksum_type": FULL_OBJECT,
            "part_numbers": (),
        }
    )
