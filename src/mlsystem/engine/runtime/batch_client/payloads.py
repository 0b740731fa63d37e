"""An input object taken apart: its records, and the payloads in which they are sent."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from .config import MEGABYTE, Limits


class Pair(NamedTuple):
    """A record, and what is sent of it."""

    record: bytes
    sent: bytes


class BadInput(Exception):
    """An input object that cannot be sent as it is."""


def open_input(path: Path, is_gzip: bool) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path)) if is_gzip else path.open("rb")


def records(file: BinaryIO, is_split: bool, limit: int | None) -> Iterator[bytes]:
    """Lines without what ends them (empty ones are no records), or the whole. Raises BadInput."""
    try:
        while record := file.readline(-1 if limit is None else limit + 2) if is_split else file.read(_more(limit)):
            content = record.rstrip(b"\r\n") if is_split else record
            if limit is not None and len(content) > limit:
                what = "a record" if is_split else "the object, which is not split,"
                raise BadInput(f"{what} is larger than MaxPayloadInMB ({limit // MEGABYTE} MB)")
            if content:
                yield content
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise BadInput(f"the object is not what Gzip makes: {error}") from error


def _more(limit: int | None) -> int:
    """One byte more than may be: so that one sees that it is too large."""
    return -1 if limit is None else limit + 1


def batches(found: Iterable[Pair], limits: Limits) -> Iterator[list[Pair]]:
    """Groups that are one request each: one record, or as many as fit with line ends between them."""
    group: list[Pair] = []
    size = 0
    for pair in found:
        length = len(pair.sent)
        is_full = limits.payload_bytes is not None and size + 1 + length > limits.payload_bytes
        if group and (is_full or not limits.is_multi_record):
            yield group
            group = []
        size = size + 1 + length if group else length
        group.append(pair)
    if group:
        yield group


def payload(group: list[Pair]) -> bytes:
    return b"\n".join(pair.sent for pair in group)
