"""Checksums that are not computed while a body streams: of checksums, and of bodies joined. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.services.s3.errors import invalid_request

CHECKSUM_NAMES = ("CRC32", "SHA1", "SHA256")
FULL_OBJECT = "FULL_OBJECT"
COMPOSITE = "COMPOSITE"
CRC32_POLYNOMIAL = 0xEDB88320


def check_algorithm(name: str | None) -> None:
    """Raises NotImplementedHere for those that the engine does not compute."""
    if name is not None and name not in CHECKSUM_NAMES:
        raise NotImplementedHere(f"s3: the checksum algorithm {name}", f"{', '.join(CHECKSUM_NAMES)} are")


def multipart_type(algorithm: str, asked: str | None) -> str:
    """How the checksum of a multipart upload's object comes about. Raises AwsError."""
    if not algorithm:
        return ""
    if asked == FULL_OBJECT and algorithm != "CRC32":
        raise invalid_request(
            f"The FULL_OBJECT checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        )
    return asked or COMPOSITE


def checksum_of(algorithm: str, data: bytes) -> str:
    if algorithm == "CRC32":
        digest = zlib.crc32(data).to_bytes(4, "big")
    else:
        digest = hashlib.new(algorithm.lower(), data, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def join_crc32(parts: Iterable[tuple[str, int]]) -> str:
    """The CRC-32 of bodies one after the other, from the CRC-32 (base64) and size of each."""
    joined = 0
    for checksum, size in parts:
        joined = _times(joined, _power(size)) ^ int.from_bytes(base64.b64decode(checksum), "big")
    return base64.b64encode(joined.to_bytes(4, "big")).decode()


def _times(a: int, b: int) -> int:
    """The product of two polynomials over GF(2) modulo the CRC's; bit 31 is the coefficient of x**0."""
    product = 0
    for bit in range(31, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = b >> 1 ^ (CRC32_POLYNOMIAL if b & 1 else 0)
    return product


def _power(size: int) -> int:
    """x**(8 * size): what appending `size` bytes multiplies a CRC by."""
    result, factor = 1 << 31, 1 << 23
    while size:
        if size & 1:
            result = _times(result, factor)
        factor = _times(factor, factor)
        size >>= 1
    return result
