"""The header Range."""

from __future__ import annotations

import pytest

from mlsystem.engine.decide.errors import AwsError
from mlsystem.engine.services.s3.byte_range import ByteRange, read_range


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-9", ByteRange(0, 10, 100)),
        ("bytes=90-", ByteRange(90, 10, 100)),
        ("bytes=90-500", ByteRange(90, 10, 100)),
        ("bytes=-10", ByteRange(90, 10, 100)),
        ("bytes=-500", ByteRange(0, 100, 100)),
        ("bytes=99-99", ByteRange(99, 1, 100)),
        (None, None),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
    ],
)
def test_what_is_asked_for(header: str | None, wanted: ByteRange | None) -> None:
    assert read_range(header, 100) == wanted


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=100-", 100), ("bytes=100-200", 100), ("bytes=-0", 100), ("bytes=0-", 0)]
)
def test_what_cannot_be_had_is_416(header: str, size: int) -> None:
    with pytest.raises(AwsError) as error:
        read_range(header, size)
    assert (error.value.code, error.value.status) == ("InvalidRange", 416)


def test_the_answer_states_its_range() -> None:
    assert ByteRange(90, 10, 100).header == "bytes 90-99/100"
