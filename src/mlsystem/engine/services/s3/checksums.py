"""Checksums beyond those that are computed while a body streams: by name, of checksums, and of bodies joined.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlsystem.engine.decide.errors import NotImplementedHere
from mlsystem.engine.services.s3.errors import invalid_request
from mlsystem.engine.store.bodies import Body

if TYPE_CHECKING:
    from mlsystem.engine.services.s3.crc import Crc

FULL_OBJECT = "FULL_OBJECT"
COMPOSITE = "COMPOSITE"
# The width in bits and the reflected polynomial.
CRCS = {"CRC32": (32, 0xEDB88320), "CRC32C": (32, 0x82F63B78), "CRC64NVME": (64, 0x9A6C9329AC4BC9B5)}
CHECKSUM_NAMES = (*CRCS, "SHA1", "SHA256")
# The first is the usual one.
POSSIBLE_TYPES = {
    "CRC32": (COMPOSITE, FULL_OBJECT),
    "CRC32C": (COMPOSITE, FULL_OBJECT),
    "CRC64NVME": (FULL_OBJECT,),
    "SHA1": (COMPOSITE,),
    "SHA256": (COMPOSITE,),
}


def check_algorithm(name: str | None) -> None:
    """Raises NotImplementedHere for those that the engine does not compute."""
    if name is not None and name not in CHECKSUM_NAMES:
        raise NotImplementedHere(f"s3: the checksum algorithm {name}", f"{', '.join(CHECKSUM_NAMES)} are")


def multipart_type(algorithm: str, asked: str | None) -> str:
    """How the checksum of a multipart upload's object comes about. Raises AwsError."""
    if not algorithm:
        return ""
    chosen = asked or POSSIBLE_TYPES[algorithm][0]
    if chosen not in POSSIBLE_TYPES[algorithm]:
        raise invalid_request(
            f"The {chosen} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        )
    return chosen


def checksum_of_body(body: Body, name: str) -> str:
    """Of a body that lies aside: known from its streaming, or computed by reading it once more."""
    known = body.checksums.get(name.lower())
    return known if known is not None else _computed(name, body.pieces())


def checksum_of(name: str, data: bytes) -> str:
    return _computed(name, [data])


def join_crcs(name: str, parts: Iterable[tuple[str, int]]) -> str:
    """The CRC of bodies one after the other, from the CRC (base64) and size of each."""
    crc = crc_of(name)
    decoded = ((int.from_bytes(base64.b64decode(checksum), "big"), size) for checksum, size in parts)
    return _encoded(crc, crc.joined(decoded))


@functools.cache
def crc_of(name: str) -> Crc:
    # Importing NumPy takes longer than opening all the rest of this room, and boto3's clients never need it.
    from mlsystem.engine.services.s3.crc import Crc

    return Crc(*CRCS[name])


def _computed(name: str, pieces: Iterable[bytes]) -> str:
    if name in CRCS:
        return _encoded(crc_of(name), crc_of(name).of(pieces))
    digest = hashlib.new(name.lower(), usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return base64.b64encode(digest.digest()).decode()


def _encoded(crc: Crc, value: int) -> str:
    return base64.b64encode(value.to_bytes(crc.width // 8, "big")).decode()
