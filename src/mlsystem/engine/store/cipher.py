"""How bodies lie on disk: AES-256-GCM in chunks, so that a range is read without the rest.

Every body has a key of its own that encrypts nothing else, so the number of the chunk can be the nonce, and a chunk that was altered,
moved or taken from another body does not open. The key itself is sealed by whoever keeps it (see the rooms).
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mlsystem.engine.decide.errors import EngineError

CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
KEY_BYTES = 32
NONCE_BYTES = 12


class ChunkCipher:
    """Seals and opens the chunks of one body."""

    def __init__(self, key: bytes):
        self._cipher = AESGCM(key)

    def seal(self, index: int, chunk: bytes | bytearray | memoryview) -> bytes:
        return self._cipher.encrypt(index.to_bytes(NONCE_BYTES, "big"), chunk, None)

    def open(self, index: int, sealed: bytes) -> bytes:
        """Raises EngineError for a chunk that is not what was written."""
        try:
            return self._cipher.decrypt(index.to_bytes(NONCE_BYTES, "big"), sealed, None)
        except InvalidTag as error:
            raise EngineError(f"chunk {index} of a body on disk is damaged, or its key is another's") from error


def seal_key(outer: bytes, key: bytes, purpose: str) -> bytes:
    """`key`, encrypted under the key `outer` and bound to what it is for."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(outer).encrypt(nonce, key, purpose.encode())


def open_key(outer: bytes, sealed: bytes, purpose: str) -> bytes:
    """The reverse. Raises EngineError when `sealed` was not sealed by `outer` for this purpose."""
    try:
        return AESGCM(outer).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode())
    except InvalidTag as error:
        raise EngineError(f"the sealed key of {purpose} does not open: the data folder is damaged") from error
