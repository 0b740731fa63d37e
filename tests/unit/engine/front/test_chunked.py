"""Bodies with `Content-Encoding: aws-chunked`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.front.chunked import ChunkedDecoder

SIGNED = (
    b"5;chunk-signature="
    + b"a" * 64
    + b"\r\nhello\r\n0;chunk-signature="
    + b"b" * 64
    + b"\r\nx-amz-checksum-crc32:AAAAAA==\r\n"
    b"x-amz-trailer-signature:" + b"c" * 64 + b"\r\n\r\n"
)


def _encode(chunks: list[bytes]) -> bytes:
    return b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks) + b"0\r\n\r\n"


@given(
    st.lists(st.binary(min_size=1, max_size=300), max_size=5),
    st.lists(st.integers(min_value=1, max_value=50), min_size=1, max_size=20),
)
def test_the_bytes_come_out_however_the_socket_cuts_them(chunks: list[bytes], cuts: list[int]) -> None:
    encoded = _encode(chunks)
    decoder = ChunkedDecoder()
    output = b""
    position = turn = 0
    while position < len(encoded):
        size = cuts[turn % len(cuts)]
        output += decoder.feed(encoded[position : position + size])
        position, turn = position + size, turn + 1
    assert output == b"".join(chunks)
    assert decoder.is_complete


def test_signatures_of_chunks_are_passed_over_and_trailers_told() -> None:
    decoder = ChunkedDecoder()
    assert decoder.feed(SIGNED) == b"hello"
    assert decoder.is_complete
    assert decoder.trailers["x-amz-checksum-crc32"] == "AAAAAA=="


def test_a_body_without_its_last_chunk_is_not_complete() -> None:
    decoder = ChunkedDecoder()
    assert decoder.feed(b"5\r\nhello\r\n") == b"hello"
    assert not decoder.is_complete


@pytest.mark.parametrize(
    ("body", "fault"),
    [(b"no number\r\n", "chunk header"), (b"2\r\nhello\r\n", "longer than"), (b"1" * 9000, "without an end")],
)
def test_broken_framing_is_refused(body: bytes, fault: str) -> None:
    with pytest.raises(AwsError, match=fault) as error:
        ChunkedDecoder().feed(body)
    assert error.value.code == "InvalidRequest"


@pytest.mark.parametrize("size", [b"-5", b"+5", b"0x5", b"1_0", b" 5", b"f" * 17, b"", "\u0665".encode()])
def test_a_size_is_digits_and_nothing_else(size: bytes) -> None:
    """Python would read more as a number, and never come to the end of a negative one."""
    with pytest.raises(AwsError, match="chunk header"):
        ChunkedDecoder().feed(size + b"\r\nhello\r\n0\r\n\r\n")
