"""The audit trail of the local engine, read where it lies: is it whole, and what does it say?

On AWS it is CloudTrail that keeps one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

from mlsystem.audit_chain import HEAD, TRAIL, Line, Link, older_files, read_head, read_key, read_line
from mlsystem.client.audit_check import Check, Report
from mlsystem.client.errors import ClientFailure, NotFound

ATTEMPTS = 10
PERSON = " person/"


@dataclass(frozen=True)
class Wanted:
    """Which records: all of these must hold. `who` is part of an ARN or of an access key id, `what` a pattern such as `s3:Put*`."""

    since: datetime | None = None
    who: str = ""
    what: str = "*"
    refused_only: bool = False

    def matches(self, record: dict[str, Any]) -> bool:
        if self.refused_only and "errorCode" not in record:
            return False
        if self.since is not None and datetime.fromisoformat(record["eventTime"]) < self.since:
            return False
        return self.who.lower() in who(record).lower() and fnmatch(what(record).lower(), self.what.lower())


def who(record: dict[str, Any]) -> str:
    identity = record["userIdentity"]
    known = (person(record), identity.get("arn"), identity.get("invokedBy"), identity.get("accessKeyId"))
    return " ".join(text for text in known if text) or str(identity["type"]).lower()


def person(record: dict[str, Any]) -> str:
    """Whom the console was asked by. Programs could say what they like there, but they have not its key."""
    is_root = record["userIdentity"]["type"] == "Root"
    name = record["userAgent"].rpartition(PERSON)[2] if is_root and PERSON in record["userAgent"] else ""
    return unquote(name) if " " not in name else ""


def principal(record: dict[str, Any]) -> str:
    """The first that is known of ARN, service and key."""
    identity = record["userIdentity"]
    return str(identity.get("arn") or identity.get("invokedBy") or identity.get("accessKeyId") or identity["type"])


def what(record: dict[str, Any]) -> str:
    """`s3:PutObject`."""
    return f"{record['eventSource'].partition('.')[0]}:{record['eventName']}"


def records(home: Path, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """The oldest first. Lines that are not the engine's are left out: `verify` tells of them. Raises NotFound."""
    with ExitStack() as stack:
        for _, file in _files(home, stack):
            for raw in file:
                line = read_line(raw)
                if line is not None and _is_record(line) and wanted.matches(line.record):
                    yield line.record


def verify(home: Path, noted: Link | None = None) -> Report:
    """Raises NotFound without a trail, and ClientFailure without its key."""
    try:
        key = read_key(home)
    except (OSError, ValueError) as error:
        raise ClientFailure(f"the key of the audit trail, {home / 'audit.key'}, cannot be read: {error}") from error
    check = Check(key)
    with ExitStack() as stack:
        # Before the lines: those that are written meanwhile are beyond it.
        head = read_head(key, _head(home))
        files = _files(home, stack)
        check.numbers(number for number, _ in files if number)
        for number, file in files:
            name = f"{TRAIL}.{number}" if number else TRAIL
            for place, raw in enumerate(file, start=1):
                check.line(name, place, raw)
    return check.report(head, noted)


def read_link(text: str) -> Link:
    """`123:<hash>`, as `verify` names the end of the trail. Raises ClientFailure."""
    number, _, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != 64:
        raise ClientFailure(f"{text!r} is no line that `mlsystem audit verify` named: NUMBER:HASH")
    return Link(int(number), digest)


def _is_record(line: Line) -> bool:
    return isinstance(line.record.get("userIdentity"), dict) and isinstance(line.record.get("eventTime"), str)


def _head(home: Path) -> str:
    try:
        return (home / HEAD).read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _files(home: Path, stack: ExitStack) -> list[tuple[int, BinaryIO]]:
    """By number, 0 for the one that is written, all opened between two rotations."""
    for _ in range(ATTEMPTS):
        try:
            names = older_files(home)
            opened: list[tuple[int, BinaryIO]] = []
            for number, path in names.items():
                opened.append((number, stack.enter_context(path.open("rb"))))
            if (home / TRAIL).exists():
                opened.append((0, stack.enter_context((home / TRAIL).open("rb"))))
            if list(older_files(home)) == list(names):
                break
        except FileNotFoundError:
            continue
    else:
        raise ClientFailure(f"the files of the audit trail in {home} change while they are opened")
    if not opened:
        raise NotFound(f"there is no audit trail in {home}: an engine writes it from its first request on")
    return opened
