"""KMS's ciphertexts: which key and material made them, and AES-256-GCM with the encryption context as authenticated data.

AWS does not publish its own format; this one serves the same: a ciphertext names its key, and opens only in its context.
https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mlsystem.engine.decide.errors import AwsError

FORMAT = b"\x01"
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_ID_END = 1 + 16
MATERIAL_ID_END = KEY_ID_END + 32
NONCE_END = MATERIAL_ID_END + NONCE_BYTES


@dataclass(frozen=True)
class Blob:
    """A ciphertext, taken apart."""

    key_id: str
    material_id: str
    nonce: bytes
    sealed: bytes

    @property
    def header(self) -> bytes:
        return FORMAT + uuid.UUID(self.key_id).bytes + bytes.fromhex(self.material_id)


def read_blob(data: bytes) -> Blob:
    """Raises AwsError(InvalidCiphertextException)."""
    if len(data) < NONCE_END + TAG_BYTES or data[:1] != FORMAT:
        raise _invalid()
    key_id = str(uuid.UUID(bytes=data[1:KEY_ID_END]))
    return Blob(
        key_id, data[KEY_ID_END:MATERIAL_ID_END].hex(), data[MATERIAL_ID_END:NONCE_END], bytes(data[NONCE_END:])
    )


def encrypt(material: bytes, key_id: str, material_id: str, plaintext: bytes, context: Mapping[str, str]) -> bytes:
    blob = Blob(key_id, material_id, secrets.token_bytes(NONCE_BYTES), b"")
    sealed = AESGCM(material).encrypt(blob.nonce, plaintext, blob.header + _canonical(context))
    return blob.header + blob.nonce + sealed


def decrypt(material: bytes, blob: Blob, context: Mapping[str, str]) -> bytes:
    """Raises AwsError(InvalidCiphertextException) for an altered ciphertext, and for another context."""
    try:
        return AESGCM(material).decrypt(blob.nonce, blob.sealed, blob.header + _canonical(context))
    except InvalidTag as error:
        raise _invalid() from error


def _canonical(context: Mapping[str, str]) -> bytes:
    return json.dumps(sorted(context.items()), ensure_ascii=False, separators=(",", ":")).encode()


def _invalid() -> AwsError:
    return AwsError(
        "InvalidCiphertextException",
        "The ciphertext is not one of this engine's KMS, has been altered, or was made in another encryption context.",
    )
