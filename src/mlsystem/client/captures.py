"""Captured requests and answers of an endpoint, newest first, as they lie in S3.

SageMaker writes files of JSON lines: `<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/<mm-ss-...>.jsonl`. Keys are listed in their
order only, oldest first, and an hour may have thousands: so the tree is walked from its end, folder by folder and minute by minute, and no
more is read than a page shows.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from mlsystem.client.captured_record import Body, Record, read_lines
from mlsystem.client.connection import Connection
from mlsystem.client.endpoint import Capture
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.stored_file import FinalDocuments

RECORDS, FILES = 25, 12  # of a page: so many records, of at most so many files
MOST_READ = 8 * 1024 * 1024  # of a file, its end
MINUTE_MARK = "-"  # what stands behind the minute in a file's name
LINE = re.compile(r"-?[0-9]{1,9}")  # of a file, or of its end: below zero
DEPTHS = (4, 2, 2, 2)  # digits of a year, a month, a day, an hour


@dataclass(frozen=True)
class Cursor:
    """Where a page goes on: with the records before `line` of the file `key` (None: with all of them), then those of the files before it.

    Without a key: with the newest.
    """

    key: str = ""
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.key}:{'' if self.line is None else self.line}" if self.key else ""


@dataclass(frozen=True)
class Found:
    """`next` is empty at the beginning of the hour. `files` were read; `cut` are those that are too large to be read whole."""

    records: tuple[Record, ...]
    next: Cursor
    files: int
    cut: int


class Captures:
    """Of one variant. Names of files and folders are relative to the variant's own folder, and never lead out of it."""

    def __init__(
        self,
        connection: Connection,
        capture: Capture,
        endpoint: str,
        variant: str,
        documents: FinalDocuments | None = None,
    ):
        self._connection = connection
        self._documents = documents or FinalDocuments()
        self._s3 = connection.client("s3")
        self.bucket, prefix = capture.place
        self.folder = f"{prefix}{endpoint}/{variant}/"
        self._known: dict[str, list[str]] = {}  # folders that were listed, for as long as a page is made

    def newest_hour(self) -> str:
        """As `yyyy/mm/dd/hh`; empty where nothing was captured."""
        return self._last("", 4)

    def hours(self, day: str) -> list[str]:
        """Those with records of a day (`yyyy/mm/dd`), newest first."""
        return [f"{day}/{hour}" for hour in self._folders(f"{day}/")]

    def neighbours(self, day: str) -> tuple[str, str]:
        """The days with records before and after a day; empty where there is none."""
        return self._beside(day, lambda one: one < day, newest=True), self._beside(
            day, lambda one: one > day, newest=False
        )

    def page(self, hour: str, cursor: Cursor, inference_id: str = "", most: int = RECORDS) -> Found:
        """Records of an hour, newest first. With `inference_id` only that one, as far as a page's files reach."""
        records: list[Record] = []
        files, cut = 0, 0
        for key in self._files(hour, cursor.key):
            if files == FILES:
                return Found(tuple(records), Cursor(key), files, cut)
            lines, first = self._lines(key)
            files, cut = files + 1, cut + (first < 0)
            for record in reversed(read_lines(lines, key, first)):
                if (key == cursor.key and cursor.line is not None and record.line >= cursor.line) or (
                    inference_id not in ("", record.inference_id)
                ):
                    continue
                if len(records) == most:
                    return Found(tuple(records), Cursor(records[-1].key, records[-1].line), files, cut)
                records.append(record)
        return Found(tuple(records), Cursor(), files, cut)

    def record(self, key: str, line: int) -> Record:
        """Raises NotFound."""
        lines, first = self._lines(key)
        found = next((one for one in read_lines(lines, key, first) if one.line == line), None)
        if found is None:
            raise NotFound(f"{key} has no record {line}; it may have been removed")
        return found

    def body(self, key: str, line: int, side: str) -> Body:
        """`side`: input or output. Raises NotFound."""
        record = self.record(key, line)
        body = record.output if side == "output" else record.input
        if body is None:
            raise NotFound(f"no {side} of this request was captured")
        return body

    # ------------------------------------------------------------------ inner
    def _files(self, hour: str, start: str) -> Iterator[str]:
        """From the newest, or from `start` on, to the oldest of the hour."""
        for minute in self._minutes(f"{hour}/"):
            if start and minute > start:
                continue
            for key in sorted(self._keys(minute), reverse=True):
                if not start or key <= start:
                    yield key

    def _minutes(self, folder: str) -> list[str]:
        """Beginnings of the names of an hour's files, last first."""
        answer = self._list(folder, MINUTE_MARK)
        whole = [item["Key"].removeprefix(self.folder) for item in answer.get("Contents", ())]
        parts = [item["Prefix"].removeprefix(self.folder) for item in answer.get("CommonPrefixes", ())]
        return sorted([*whole, *parts], reverse=True)

    def _keys(self, beginning: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=f"{self.folder}{beginning}"):
            yield from (item["Key"].removeprefix(self.folder) for item in page.get("Contents", ()))

    def _lines(self, key: str) -> tuple[list[bytes], int]:
        """The file's lines, and the number of the first. Where its beginning is not read, they are counted from its end: below zero."""
        if not _is_inside(key):
            raise NotFound(f"{key!r} is no file of captured records")
        name = f"the end of s3://{self.bucket}/{self.folder}{key}"
        return self._documents.kept(self._connection, name, lambda: self._read_end(key))

    def _read_end(self, key: str) -> tuple[int, tuple[list[bytes], int]]:
        """With its size: files of captured records are written once."""
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=f"{self.folder}{key}", Range=f"bytes=-{MOST_READ}")
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                raise NotFound(f"{key} is not there any more") from error
            raise ClientFailure(f"{key} cannot be read: {error.response['Error']['Message']}") from error
        body: bytes = answer["Body"].read()
        whole = int(answer.get("ContentRange", f"/{len(body)}").rpartition("/")[2])
        lines = body.splitlines()
        return len(body), (lines[1:], 1 - len(lines)) if whole > len(body) else (lines, 0)

    def _beside(self, day: str, wanted: Callable[[str], bool], *, newest: bool) -> str:
        """In the same month, else in the nearest month that has records."""
        month, year = day[:7], day[:4]
        days = [f"{month}/{one}" for one in self._folders(f"{month}/")]
        months = [f"{year}/{one}" for one in self._folders(f"{year}/")]
        pick = max if newest else min
        if fitting := [one for one in days if wanted(one)]:
            return pick(fitting)
        if fitting := [one for one in months if wanted(f"{one}/{'99' if newest else '00'}") and one != month]:
            chosen = pick(fitting)
            return f"{chosen}/{pick(self._folders(f'{chosen}/'))}"
        if fitting := [one for one in self._folders("") if (one < year if newest else one > year)]:
            chosen = pick(fitting)
            month = f"{chosen}/{pick(self._folders(f'{chosen}/'))}"
            return f"{month}/{pick(self._folders(f'{month}/'))}"
        return ""

    def _last(self, folder: str, depth: int) -> str:
        for _ in range(depth):
            inner = self._folders(folder)
            if not inner:
                return ""
            folder += f"{inner[0]}/"
        return folder.rstrip("/")

    def _folders(self, folder: str) -> list[str]:
        """Names of what lies in it, last first."""
        if folder not in self._known:
            answer = self._list(folder, "/")
            begin = len(self.folder) + len(folder)
            found = (item["Prefix"][begin:-1] for item in answer.get("CommonPrefixes", ()))
            self._known[folder] = sorted(found, reverse=True)
        return self._known[folder]

    def _list(self, folder: str, delimiter: str) -> dict[str, list[dict[str, str]]]:
        try:
            return dict(
                self._s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.folder}{folder}", Delimiter=delimiter)
            )
        except ClientError as error:
            raise ClientFailure(f"s3://{self.bucket}/{self.folder}: {error.response['Error']['Message']}") from error


def is_hour(text: str) -> bool:
    parts = text.split("/")
    return tuple(map(len, parts)) == DEPTHS and all(part.isdecimal() for part in parts)


def read_cursor(text: str) -> Cursor:
    """What a Cursor is written as; anything else is the beginning."""
    key, _, line = text.rpartition(":")
    if not _is_inside(key):
        return Cursor()
    return Cursor(key, int(line)) if LINE.fullmatch(line) else Cursor(key)


def _is_inside(key: str) -> bool:
    """A name such as Captures gives out."""
    return is_hour(key.rpartition("/")[0]) and ".." not in key
