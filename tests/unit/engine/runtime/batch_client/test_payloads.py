"""How objects are taken apart into records and requests."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from mlsystem.engine.runtime.batch_client.config import MEGABYTE, Limits
from mlsystem.engine.runtime.batch_client.payloads import BadInput, Pair, batches, open_input, payload, records


def _records(content: bytes, is_split: bool = True, limit: int | None = None) -> list[bytes]:
    return list(records(io.BytesIO(content), is_split, limit))


def _requests(*sent: bytes, limit: int | None = 100, is_multi_record: bool = True) -> list[bytes]:
    limits = Limits(1, limit, is_multi_record)
    return [payload(group) for group in batches([Pair(one, one) for one in sent], limits)]


def test_lines_are_records_whatever_ends_them_and_empty_ones_are_none() -> None:
    assert _records(b"a\nb\r\n\nc") == [b"a", b"b", b"c"]
    assert _records(b"") == []


def test_what_is_not_split_is_one_record() -> None:
    assert _records(b"a\nb\n", is_split=False) == [b"a\nb\n"]


def test_a_record_may_be_as_large_as_a_payload_and_no_larger() -> None:
    for ending in (b"", b"\n", b"\r\n"):
        assert _records(b"x" * MEGABYTE + ending, limit=MEGABYTE) == [b"x" * MEGABYTE]
    assert _records(b"x" * MEGABYTE, is_split=False, limit=MEGABYTE) == [b"x" * MEGABYTE]
    for is_split in (True, False):
        with pytest.raises(BadInput, match=r"larger than MaxPayloadInMB \(1 MB\)"):
            _records(b"x" * (MEGABYTE + 1), is_split, limit=MEGABYTE)


def test_a_request_holds_as_many_records_as_fit() -> None:
    assert _requests(b"aaa", b"bbb", b"c", limit=7) == [b"aaa\nbbb", b"c"]
    assert _requests(b"aaa", b"bbb", b"c", limit=6) == [b"aaa", b"bbb\nc"]
    assert _requests(b"aaa", b"bbb", b"c", limit=9) == [b"aaa\nbbb\nc"]
    assert _requests(b"aaa", b"bbb", limit=None) == [b"aaa\nbbb"]


def test_single_records_are_a_request_each() -> None:
    assert _requests(b"a", b"b", is_multi_record=False) == [b"a", b"b"]


def test_gzip_is_unpacked_and_what_is_broken_says_so(tmp_path: Path) -> None:
    whole = gzip.compress(b"a\nb\n" * 1000)
    for content, is_good in ((whole, True), (whole[:-9], False), (b"a\nb\n", False), (whole[:20] + b"x" * 40, False)):
        (tmp_path / "object").write_bytes(content)
        with open_input(tmp_path / "object", is_gzip=True) as file:
            if is_good:
                assert list(records(file, True, None)) == [b"a", b"b"] * 1000
            else:
                with pytest.raises(BadInput, match="not what Gzip makes"):
                    list(records(file, True, None))
