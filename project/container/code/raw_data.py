"""Raw CSV files read as rows of named columns, and what is wrong with single rows counted.

A row that cannot be read is left out, counted and reported: one bad line must not stop a retraining at night, and too
many must. Rows are streamed, so that the size of the data is not bound by memory.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from utils import ContainerError, open_csv


@dataclass
class BadRows:
    """How many rows of a data set were left out, and why; the first of them is named."""

    data_set: str
    read: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first: str = ""

    def add(self, reason: str, place: str) -> None:
        self.first = self.first or f"{place}: {reason}"
        self.reasons[reason.partition(":")[0]] += 1

    @property
    def count(self) -> int:
        return self.reasons.total()

    def require_few(self, max_share: float) -> None:
        if self.read == self.count:
            raise ContainerError(f"{self.data_set}: no row can be used; {self}")
        if self.count > max_share * self.read:
            raise ContainerError(f"{self.data_set}: too many bad rows (more than {max_share:.1%}); {self}")

    def __str__(self) -> str:
        if not self.count:
            return f"{self.read} rows"
        reasons = ", ".join(f"{count} with {reason}" for reason, count in self.reasons.most_common())
        return f"{self.read} rows, {self.count} of them bad ({reasons}; first: {self.first})"


@dataclass(frozen=True)
class RawRow:
    """The wanted cells of one line, in the wanted order, without spaces around them; `place` is its file and line."""

    place: str
    cells: list[str]


def header_of(path: Path) -> list[str]:
    """The names of a file's columns."""
    with open_csv(path) as text:
        header = next(_lines(csv.reader(text), path), [])
    if not header:
        raise ContainerError(f"{path}: the file is empty; a header with the columns' names is needed")
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise ContainerError(f"{path}: the header names the column {twice[0]!r} twice")
    return header


def rows_of(files: list[Path], columns: list[str], bad: BadRows) -> Iterator[RawRow]:
    """The rows of all files, with just these columns. Rows of a wrong width are counted in `bad` and left out."""
    for path in files:
        header = header_of(path)
        places = [_place_of(name, header, path) for name in columns]
        with open_csv(path) as text:
            reader = csv.reader(text)
            lines = _lines(reader, path)
            next(lines)
            for line in lines:
                bad.read += 1
                place = f"{path.name} line {reader.line_num}"
                if len(line) == len(header):
                    yield RawRow(place, [line[index].strip() for index in places])
                else:
                    bad.add(f"a wrong number of columns: {len(line)} instead of {len(header)}", place)


def _place_of(name: str, header: list[str], path: Path) -> int:
    if name not in header:
        raise ContainerError(f"{path}: there is no column {name!r}; the file has {', '.join(header)}"[:1000])
    return header.index(name)


def _lines(reader: Iterator[list[str]], path: Path) -> Iterator[list[str]]:
    """Lines that are not blank; an unreadable file is named."""
    try:
        yield from (line for line in reader if line)
    except csv.Error as error:
        raise ContainerError(f"{path}: not CSV: {error}") from error
