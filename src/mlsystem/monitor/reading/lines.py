"""Files of JSON lines: where each line stands, and the object in it or why there is none."""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mlsystem.monitor.errors import DatasetError

Json = Mapping[str, object]


class UnreadableRecordError(ValueError):
    """A line that is no record of its kind, or one that a user's script makes nothing of; the text says why."""


@dataclass(frozen=True)
class Line:
    """One line that is not empty: where it stands, and its text."""

    file: Path
    number: int  # from 1
    text: bytes

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.file}:{self.number}"

    @property
    def is_text(self) -> bool:
        """Whether it can be a line at all."""
        return b"\0" not in self.text


def lines_of(files: Sequence[Path]) -> Iterator[Line]:
    """The lines of all files, in their order. Raises DatasetError if one cannot be read."""
    for file in files:
        with opened(file) as lines:
            for number, text in enumerate(lines, start=1):
                if text.strip():
                    yield Line(file, number, text.removeprefix(codecs.BOM_UTF8) if number == 1 else text)


@contextmanager
def opened(file: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """A file as it was before it was compressed, if its name says that it is. Raises DatasetError."""
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as content:
            yield content
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{file} cannot be read: {error}") from error


def json_object(text: bytes) -> Json:
    """The object in a line. Raises UnreadableRecordError."""
    try:
        value = json.loads(text.decode())
    except (ValueError, RecursionError) as error:  # JSON's and UTF-8's, and what is nested too deeply
        raise UnreadableRecordError(f"not a line of JSON: {error}") from error
    if not isinstance(value, dict):
        raise UnreadableRecordError("not a JSON object")
    return value


def captured(text: bytes) -> Json:
    """A line of a capture file. Raises UnreadableRecordError."""
    record = json_object(text)
    if not isinstance(record.get("captureData"), dict):
        raise UnreadableRecordError("not a captured invocation: it has no captureData")
    return record
