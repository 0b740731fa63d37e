"""How the lines of the audit trail hold together: the engine writes them so, and `mlsystem audit verify` reads them so.

Each line ends in a keyed hash over itself and over the hash of the line before it. So nobody without the key can change, remove, insert
or move a line; a file beside the trail says how far it has come, so that none can be removed at its end either.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TRAIL, KEY, HEAD = "audit.jsonl", "audit.key", "audit.head"
KEPT_FILES = 4
"""Older files, beside the one that is written."""
NUMBERED = re.compile(re.escape(TRAIL) + r"\.([1-9]\d*)")

_SEAL = re.compile(rb',"hash":"([0-9a-f]{64})"}}\n')
_SEAL_BYTES = 77
_HEAD = re.compile(r"(\d{20}) ([0-9a-f]{64}) ([0-9a-f]{64})\n")


@dataclass(frozen=True)
class Link:
    """How far the chain has come: the number of a line, and its hash."""

    sequence: int
    hash: str


START = Link(0, "0" * 64)


@dataclass(frozen=True)
class Gap:
    """What the writer knows to be wrong before a line, and tells in it.

    `lost` lines could not be written, as on a full disk. `torn` is what stands there of a line that was cut. `is_headless`: nothing
    said how far the trail had come. `is_first`: the writer has just opened the file, so that the hash before is told too.
    """

    lost: int = 0
    torn: bytes = b""
    is_headless: bool = False
    is_first: bool = False


@dataclass(frozen=True)
class Line:
    """A line as it was read; `covered` is what its hash is over, beside the hash before and what was torn."""

    covered: bytes
    link: Link
    lost: int
    torn_bytes: int
    is_headless: bool
    previous: str
    record: dict[str, Any] = field(repr=False)

    def follows(self, key: bytes, before: Link, torn: bytes = b"") -> bool:
        if self.link.sequence != before.sequence + 1 or len(torn) != self.torn_bytes:
            return False
        return hmac.compare_digest(_hash(key, before, torn, self.covered), self.link.hash)


def sealed(key: bytes, before: Link, record: bytes, gap: Gap) -> tuple[bytes, Link]:
    """The line for a record, which is a JSON object in one line, and how far the chain has come with it."""
    sequence = before.sequence + 1
    told = b',"integrity":{"sequence":%d' % sequence
    if gap.is_first:
        told += b',"previous":"%s"' % before.hash.encode()
    if gap.lost:
        told += b',"lost":%d' % gap.lost
    if gap.torn:
        told += b',"torn":%d' % len(gap.torn)
    if gap.is_headless:
        told += b',"headless":true'
    covered = record[:-1] + told
    link = Link(sequence, _hash(key, before, gap.torn, covered))
    return b'%s,"hash":"%s"}}\n' % (covered, link.hash.encode()), link


def read_line(raw: bytes) -> Line | None:
    """None for what no writer wrote so."""
    seal = _SEAL.fullmatch(raw[-_SEAL_BYTES:])
    if seal is None:
        return None
    try:
        record = json.loads(raw)
        told = record.pop("integrity")
        return Line(
            raw[:-_SEAL_BYTES],
            Link(int(told["sequence"]), seal[1].decode()),
            int(told.get("lost", 0)),
            int(told.get("torn", 0)),
            bool(told.get("headless", False)),
            str(told.get("previous", "")),
            record,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def head_text(key: bytes, link: Link) -> bytes:
    """Of the file that says how far the trail has come; always of the same length, so that it is written over."""
    text = f"{link.sequence:020d} {link.hash}"
    return f"{text} {_head_hash(key, text)}\n".encode()


def read_head(key: bytes, text: str) -> Link | None:
    """None for what no writer wrote."""
    found = _HEAD.fullmatch(text)
    if found is None or not hmac.compare_digest(_head_hash(key, f"{found[1]} {found[2]}"), found[3]):
        return None
    return Link(int(found[1]), found[2])


def read_key(folder: Path) -> bytes:
    """Raises FileNotFoundError, and ValueError for a file that holds no key."""
    return bytes.fromhex((folder / KEY).read_text())


def older_files(folder: Path) -> dict[int, Path]:
    """Those that are full, by their number, the oldest first."""
    found = {int(match[1]): path for path in folder.iterdir() if (match := NUMBERED.fullmatch(path.name))}
    return dict(sorted(found.items()))


def _hash(key: bytes, before: Link, torn: bytes, covered: bytes) -> str:
    # Keyed BLAKE2: every request waits for it, and OpenSSL's HMAC takes five times as long to begin.
    return hashlib.blake2b(before.hash.encode() + torn + covered, key=key, digest_size=32, person=b"line").hexdigest()


def _head_hash(key: bytes, text: str) -> str:
    return hashlib.blake2b(text.encode(), key=key, digest_size=32, person=b"head").hexdigest()
