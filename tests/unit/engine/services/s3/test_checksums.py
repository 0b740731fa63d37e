"""Checksums of joined bodies, and the rules of completing a multipart upload."""

from __future__ import annotations

import base64
import hashlib
import itertools
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.s3.checksums import CRCS, checksum_of, crc_of, join_crcs, multipart_type
from mlsystem.engine.services.s3.upload import (
    SMALLEST_PART_BYTES,
    UploadedPart,
    choose_parts,
    join_checksums,
    joined_etag,
    part_key,
)


def _part(number: int, data: bytes = b"", size: int | None = None) -> UploadedPart:
    return UploadedPart(
        key=part_key("u", number),
        number=number,
        holder="h",
        size=len(data) if size is None else size,
        etag=hashlib.md5(data).hexdigest(),
        checksums={"CRC32": checksum_of("CRC32", data), "SHA256": checksum_of("SHA256", data)},
    )


def _asked(*parts: UploadedPart) -> list[dict[str, Any]]:
    return [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]


@pytest.mark.parametrize(
    ("name", "check"), [("CRC32", 0xCBF43926), ("CRC32C", 0xE3069283), ("CRC64NVME", 0xAE8B14860A799888)]
)
def test_crcs_have_the_check_values_of_the_catalogue(name: str, check: int) -> None:
    assert crc_of(name).of([b"1234", b"", b"56789"]) == check


@given(st.integers(min_value=0, max_value=5000), st.lists(st.integers(min_value=1, max_value=3000), max_size=4))
def test_a_crc_in_lanes_is_the_crc_however_the_bytes_are_cut(size: int, cuts: list[int]) -> None:
    data = bytes(index * 89 % 256 for index in range(size))
    borders = sorted({0, *(cut for cut in cuts if cut < size), size})
    pieces = [data[start:end] for start, end in itertools.pairwise(borders)]
    assert crc_of("CRC32").of(pieces) == zlib.crc32(data)


@given(st.sampled_from(sorted(CRCS)), st.lists(st.binary(max_size=2000), min_size=1, max_size=6))
def test_the_crc_of_the_whole_follows_from_those_of_the_parts(name: str, parts: list[bytes]) -> None:
    joined = join_crcs(name, [(checksum_of(name, part), len(part)) for part in parts])
    assert joined == checksum_of(name, b"".join(parts))


def test_a_composite_checksum_is_that_of_the_parts_checksums() -> None:
    parts = [_part(1, b"one"), _part(2, b"two")]
    digests = hashlib.sha256(b"one").digest() + hashlib.sha256(b"two").digest()
    expected = base64.b64encode(hashlib.sha256(digests).digest()).decode()
    assert join_checksums("SHA256", "COMPOSITE", parts) == f"{expected}-2"


def test_the_etag_is_the_md5_of_the_parts_md5s() -> None:
    digests = hashlib.md5(b"one").digest() + hashlib.md5(b"two").digest()
    assert joined_etag([_part(1, b"one"), _part(2, b"two")]) == f"{hashlib.md5(digests).hexdigest()}-2"


@pytest.mark.parametrize(
    ("algorithm", "asked", "wanted"),
    [
        ("", None, ""),
        ("CRC32", None, "COMPOSITE"),
        ("CRC32", "FULL_OBJECT", "FULL_OBJECT"),
        ("SHA1", "COMPOSITE", "COMPOSITE"),
        ("CRC64NVME", None, "FULL_OBJECT"),
    ],
)
def test_the_type_of_a_multipart_checksum(algorithm: str, asked: str | None, wanted: str) -> None:
    assert multipart_type(algorithm, asked) == wanted


@pytest.mark.parametrize(("algorithm", "asked"), [("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")])
def test_some_checksums_have_one_type_only(algorithm: str, asked: str) -> None:
    with pytest.raises(AwsError, match=asked):
        multipart_type(algorithm, asked)


def test_parts_may_be_left_out_and_the_last_may_be_small() -> None:
    parts = {number: _part(number, b"x", SMALLEST_PART_BYTES) for number in (1, 2, 3)}
    parts[7] = _part(7, b"x", 1)
    assert [part.number for part in choose_parts(_asked(parts[1], parts[3], parts[7]), parts)] == [1, 3, 7]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ([], "MalformedXML"),
        (_asked(_part(2, b"b"), _part(1, b"a")), "InvalidPartOrder"),
        (_asked(_part(1, b"a"), _part(1, b"a")), "InvalidPartOrder"),
        (_asked(_part(9, b"a")), "InvalidPart"),
        (_asked(_part(1, b"other")), "InvalidPart"),
        ([{**_asked(_part(1, b"a"))[0], "ChecksumCRC32": "AAAAAA=="}], "InvalidPart"),
        (_asked(_part(1, b"a"), _part(2, b"b")), "EntityTooSmall"),
    ],
)
def test_what_cannot_be_completed(asked: list[dict[str, Any]], code: str) -> None:
    uploaded = {1: _part(1, b"a"), 2: _part(2, b"b")}
    with pytest.raises(AwsError) as error:
        choose_parts(asked, uploaded)
    assert error.value.code == code
