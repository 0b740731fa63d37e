"""Multipart uploads.

A part is put like an object. Completing an upload hands the parts' files to the object in one transaction: no byte is copied, and
readers see the object before or after, never half of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlsystem.engine.contract import Call, House, Part, operation
from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.durable.racepoint import race_point
from mlsystem.engine.services.s3.bucket import Bucket, find_bucket
from mlsystem.engine.services.s3.byte_range import ByteRange, read_range
from mlsystem.engine.services.s3.checksums import CHECKSUM_NAMES, check_algorithm, multipart_type
from mlsystem.engine.services.s3.conditions import check_read, check_write
from mlsystem.engine.services.s3.copy_source import SOURCE_CONDITIONS, CopySource, read_copy_source
from mlsystem.engine.services.s3.errors import invalid_argument, invalid_request
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
from mlsystem.engine.services.s3.objects import checksum_members
from mlsystem.engine.services.s3.upload import (
    MOST_PARTS,
    Upload,
    UploadedPart,
    choose_parts,
    join_checksums,
    joined_etag,
    part_key,
)
from mlsystem.engine.services.s3.uploads import Uploads
from mlsystem.engine.services.s3.vault import ENCRYPTION_MEMBERS, answer, seal
from mlsystem.engine.store.bodies import Body
from mlsystem.engine.store.database import Transaction

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import (
        AbortMultipartUploadRequestTypeDef,
        CompleteMultipartUploadRequestTypeDef,
        CreateMultipartUploadRequestTypeDef,
    )

CHECKSUM_VALUES = " ".join(f"Checksum{name}" for name in CHECKSUM_NAMES)


class Multipart(Part):
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html and its neighbours."""

    def __init__(self, house: House, store: ObjectStore, uploads: Uploads):
        self._house = house
        self._store = store
        self._uploads = uploads

    @operation(
        "CreateMultipartUpload",
        accepts="Bucket Key StorageClass ACL Tagging ChecksumAlgorithm ChecksumType ExpectedBucketOwner "
        f"{HEADER_MEMBERS} {ENCRYPTION_MEMBERS}",
    )
    def create_multipart_upload(self, request: CreateMultipartUploadRequestTypeDef, call: Call) -> Mapping[str, object]:
        bucket = find_bucket(call.tx, request)
        algorithm = request.get("ChecksumAlgorithm")
        check_algorithm(algorithm)
        encryption, _ = self._store.vault.choose(bucket, request, call.principal)
        upload = Upload(
            key=secrets.token_urlsafe(48),
            parent=bucket.key,
            object_key=request["Key"],
            details=read_details(request, encryption),
            checksum_algorithm=algorithm or "",
            checksum_type=multipart_type(algorithm or "", request.get("ChecksumType")),
        )
        call.tx.add(upload)
        told = {"Bucket": bucket.key, "Key": upload.object_key, "UploadId": upload.key, **answer(encryption)}
        if algorithm:
            told |= {"ChecksumAlgorithm": algorithm, "ChecksumType": upload.checksum_type}
        return told

    # ------------------------------------------------------------------ parts
    @operation(
        "UploadPart",
        accepts="Bucket Key UploadId PartNumber Body ContentLength ContentMD5 ExpectedBucketOwner " + CHECKSUM_MEMBERS,
        mode="free",
    )
    def upload_part(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        with self._house.database.reading() as tx:
            upload = self._uploads.find(tx, request)
        _check_number(request["PartNumber"])
        body = take_body(self._store.bodies, request)
        if upload.checksum_algorithm:
            request = {**request, "ChecksumAlgorithm": upload.checksum_algorithm}
        part = self._keep(request, upload, body, checksums(body, request), call)
        return {
            "ETag": f'"{part.etag}"',
            **{f"Checksum{name}": value for name, value in part.checksums.items()},
            **answer(upload.details.encryption),
        }

    @operation(
        "UploadPartCopy",
        accepts=f"Bucket Key UploadId PartNumber CopySource CopySourceRange ExpectedBucketOwner {SOURCE_CONDITIONS}",
        mode="free",
    )
    def upload_part_copy(self, request: Mapping[str, Any], call: Call) -> Mapping[str, object]:
        _check_number(request["PartNumber"])
        source = read_copy_source(request)
        with self._house.database.reading() as tx:
            upload = self._uploads.find(tx, request)
            bucket, version, body = self._store.settled(tx, lambda tx: self._copy(tx, request, source, call))
        wanted = {"ChecksumAlgorithm": upload.checksum_algorithm or None}
        part = self._keep(request, upload, body, checksums(body, wanted), call)
        result = {
            "ETag": f'"{part.etag}"',
            "LastModified": version.last_modified,
            **{f"Checksum{name}": value for name, value in part.checksums.items()},
        }
        told = {"CopyPartResult": result, **answer(upload.details.encryption)}
        return {**told, "CopySourceVersionId": version.version_id} if bucket.is_versioned else told

    def _copy(
        self, tx: Transaction, request: Mapping[str, Any], source: CopySource, call: Call
    ) -> tuple[Bucket, ObjectVersion, Body]:
        bucket = find_bucket(tx, source.request)
        version = self._store.find(tx, bucket, source.key, source.version_id)
        check_read(request, version, "CopySource")
        asked = request.get("CopySourceRange")
        wanted = read_range(asked, version.size)
        if asked and (wanted is None or not asked.endswith(f"-{wanted.start + wanted.length - 1}")):
            raise invalid_argument("The x-amz-copy-source-range value must be of the form bytes=first-last")
        wanted = wanted or ByteRange(0, version.size, version.size)
        slice_ = self._store.open(tx, version, wanted.start, wanted.length, call.principal)
        return bucket, version, take_body(self._store.bodies, {"Body": slice_})

    def _keep(
        self, request: Mapping[str, Any], upload: Upload, body: Body, kept: dict[str, str], call: Call
    ) -> UploadedPart:
        outer = self._store.vault.outer_key(upload.details.encryption, call.principal)
        file = self._store.bodies.keep(body)
        number = request["PartNumber"]
        part = UploadedPart(
            key=part_key(upload.key, number),
            parent=upload.key,
            number=number,
            holder=secrets.token_hex(16),
            size=body.size,
            etag=etag_of(body, upload.details.encryption),
            checksums=kept,
        )
        try:
            with self._house.database.transaction() as tx:
                self._uploads.find(tx, request)
                before = tx.get(UploadedPart, part.key)
                if before is not None:
                    self._store.versions.release(tx, before.holder)
                self._store.versions.hold(tx, part.holder, [seal(outer, body, file)])
                return tx.put(part)
        except BaseException:
            self._store.bodies.remove([file])
            raise

    # ------------------------------------------------------------------ ends
    @operation(
        "CompleteMultipartUpload",
        accepts="Bucket Key UploadId MultipartUpload IfMatch IfNoneMatch MpuObjectSize ChecksumType ExpectedBucketOwner "
        + CHECKSUM_VALUES,
    )
    def complete_multipart_upload(
        self, request: CompleteMultipartUploadRequestTypeDef, call: Call
    ) -> Mapping[str, object]:
        tx = call.tx
        bucket = find_bucket(tx, request)
        upload = self._uploads.find(tx, request)
        check_write(request, self._store.versions.latest(tx, bucket.key, upload.object_key))
        uploaded = {part.number: part for part in self._uploads.parts(tx, upload)}
        chosen = choose_parts(request.get("MultipartUpload", {}).get("Parts", []), uploaded)
        content = self._join(request, upload, chosen)
        for position, part in enumerate(chosen, start=1):
            self._store.versions.move(tx, part.holder, content.holder, position)
        version = self._store.publish(tx, bucket, upload.object_key, content, "CompleteMultipartUpload", call)
        self._uploads.forget(tx, upload)
        race_point("s3.CompleteMultipartUpload.before_commit")
        tx.after_commit(lambda: race_point("s3.CompleteMultipartUpload.after_commit"))
        return {
            "Location": f"{self._house.door_url}/{bucket.key}/{upload.object_key}",
            "Bucket": bucket.key,
            "Key": upload.object_key,
            "ETag": version.quoted_etag,
            **checksum_members(version),
            **version_members(bucket, version),
            **answer(upload.details.encryption),
        }

    def _join(self, request: Mapping[str, Any], upload: Upload, chosen: list[UploadedPart]) -> Content:
        size = sum(part.size for part in chosen)
        if request.get("MpuObjectSize", size) != size:
            raise invalid_request(f"The object has {size} bytes, MpuObjectSize says {request['MpuObjectSize']}.")
        kept: dict[str, str] = {}
        if upload.checksum_algorithm:
            algorithm = upload.checksum_algorithm
            kept[algorithm] = join_checksums(algorithm, upload.checksum_type, chosen)
            stated = request.get(f"Checksum{algorithm}")
            if stated and stated.split("-")[0] != kept[algorithm].split("-")[0]:
                raise AwsError(
                    "BadDigest", f"The {algorithm} you specified did not match the calculated checksum.", 400
                )
        details = upload.details.model_copy(
            update={
                "checksums": kept,
                "checksum_type": upload.checksum_type or "FULL_OBJECT",
                "part_numbers": tuple(part.number for part in chosen),
            }
        )
        return Content(size, joined_etag(chosen), details, holder=secrets.token_hex(16))

    @operation("AbortMultipartUpload", accepts="Bucket Key UploadId ExpectedBucketOwner")
    def abort_multipart_upload(self, request: AbortMultipartUploadRequestTypeDef, call: Call) -> Mapping[str, object]:
        find_bucket(call.tx, request)
        self._uploads.forget(call.tx, self._uploads.find(call.tx, request))
        return {}


def _check_number(number: int) -> None:
    if not 1 <= number <= MOST_PARTS:
        raise invalid_argument(f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive")
