"""Encryption at rest: who seals the keys of an object's files.

Every file has a random key of its own (store/cipher.py). That key is sealed under an outer key: of this data folder for
AES256, made by KMS for this one object for aws:kms. So copying, or completing a multipart upload, seals keys again and never touches the
bytes.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mlsystem.engine.contract import House, Principal
from mlsystem.engine.decide.errors import AwsError, NotImplementedHere
from mlsystem.engine.services.s3.bucket import Bucket
from mlsystem.engine.services.s3.errors import invalid_argument
from mlsystem.engine.services.s3.object_version import AES256, KMS, Encryption, Segment
from mlsystem.engine.store.bodies import Body, Extent
from mlsystem.engine.store.cipher import open_key, seal_key
from mlsystem.engine.store.keys import KeyRing

ENCRYPTION_MEMBERS = "ServerSideEncryption SSEKMSKeyId SSEKMSEncryptionContext BucketKeyEnabled"
# https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
OF_A_KEY = ("DisabledException", "KMSInvalidStateException", "NotFoundException")


class Vault:
    """Seals and opens the keys of files."""

    def __init__(self, house: House, keys: KeyRing):
        self._house = house
        self._folder_key = keys.folder_key("s3")

    def choose(self, bucket: Bucket, request: Mapping[str, Any], principal: Principal) -> tuple[Encryption, bytes]:
        """What the request, else the bucket, says of encryption; and the outer key for it, new where KMS makes it."""
        algorithm, key_id, bucket_key = _wanted(bucket, request)
        if algorithm == AES256:
            if key_id or request.get("SSEKMSEncryptionContext"):
                raise invalid_argument("A KMS key or encryption context needs the server-side encryption aws:kms.")
            return Encryption(algorithm=AES256), self._folder_key
        context = _context(request, self._arn(bucket, request["Key"], bucket_key))
        wanted = {"KeyId": key_id or "alias/aws/s3", "KeySpec": "AES_256", "EncryptionContext": context}
        made = self._ask_kms("GenerateDataKey", wanted, principal)
        encryption = Encryption(
            algorithm=KMS,
            key_arn=made["KeyId"],
            bucket_key=bucket_key,
            context=context,
            data_key=base64.b64encode(made["CiphertextBlob"]).decode(),
        )
        return encryption, made["Plaintext"]

    def _arn(self, bucket: Bucket, key: str, bucket_key: bool) -> str:
        name = bucket.key if bucket_key else f"{bucket.key}/{key}"
        return self._house.scope.global_arn("s3", name, with_account=False)

    def outer_key(self, encryption: Encryption, principal: Principal) -> bytes:
        """Raises AwsError when KMS refuses: the key is disabled, or to be deleted."""
        if encryption.algorithm == AES256:
            return self._folder_key
        request = {
            "CiphertextBlob": base64.b64decode(encryption.data_key),
            "EncryptionContext": encryption.context,
            "KeyId": encryption.key_arn,
        }
        return bytes(self._ask_kms("Decrypt", request, principal)["Plaintext"])

    def _ask_kms(self, operation: str, request: Mapping[str, Any], principal: Principal) -> Mapping[str, Any]:
        """S3 hands on what KMS says of a key, as `KMS.NotFoundException`. Raises AwsError."""
        try:
            return self._house.call("kms", operation, request, replace(principal, via="s3"))
        except AwsError as error:
            if error.code not in OF_A_KEY:
                raise
            raise AwsError(f"KMS.{error.code}", error.message, 400) from error


def seal(outer: bytes, body: Body, file: str) -> Segment:
    """A body that was kept as `file`."""
    return Segment(file=file, size=body.size, sealed_key=seal_key(outer, body.key, file))


def seal_again(old_outer: bytes, new_outer: bytes, segment: Segment, file: str) -> Segment:
    """The same bytes under another name, sealed by another key."""
    key = open_key(old_outer, segment.sealed_key, segment.file)
    return Segment(file=file, size=segment.size, sealed_key=seal_key(new_outer, key, file))


def extents(outer: bytes, files: Sequence[Segment], start: int, length: int) -> list[Extent]:
    """Where `length` bytes from `start` lie, in the files that make up an object."""
    found = []
    for file in files:
        if start < file.size and length > 0:
            taken = min(length, file.size - start)
            found.append(Extent(file.file, open_key(outer, file.sealed_key, file.file), start, taken))
            length -= taken
            start = 0
        else:
            start -= file.size
    return found


def answer(encryption: Encryption) -> dict[str, object]:
    """The members of a response that tell how an object is encrypted."""
    if encryption.algorithm == AES256:
        return {"ServerSideEncryption": AES256}
    told: dict[str, object] = {"ServerSideEncryption": KMS, "SSEKMSKeyId": encryption.key_arn}
    return {**told, "BucketKeyEnabled": True} if encryption.bucket_key else told


def _wanted(bucket: Bucket, request: Mapping[str, Any]) -> tuple[str, str, bool]:
    """(algorithm, key, whether the bucket's key is used)."""
    default = bucket.documents.get("encryption", {"Rules": []})["Rules"]
    rule = default[0] if default else {}
    by_default = rule.get("ApplyServerSideEncryptionByDefault", {})
    algorithm = request.get("ServerSideEncryption")
    bucket_key = bool(request.get("BucketKeyEnabled", rule.get("BucketKeyEnabled", False)))
    if algorithm is None:
        algorithm = by_default.get("SSEAlgorithm", AES256)
        key = request.get("SSEKMSKeyId") or by_default.get("KMSMasterKeyID", "")
    else:
        key = request.get("SSEKMSKeyId") or (by_default.get("KMSMasterKeyID", "") if algorithm == KMS else "")
    if algorithm not in (AES256, KMS):
        raise NotImplementedHere(f"s3: server-side encryption {algorithm}")
    return algorithm, key, bucket_key and algorithm == KMS


def _context(request: Mapping[str, Any], arn: str) -> dict[str, str]:
    given = request.get("SSEKMSEncryptionContext")
    if not given:
        return {"aws:s3:arn": arn}
    try:
        pairs = json.loads(base64.b64decode(given, validate=True))
    except (binascii.Error, ValueError) as error:
        raise invalid_argument("The encryption context must be base64 of a JSON object of strings.") from error
    if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
        raise invalid_argument("The encryption context must be base64 of a JSON object of strings.")
    return {**pairs, "aws:s3:arn": arn}
