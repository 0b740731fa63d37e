"""Rows of plain files, each with the answer and the truth in its columns: what a baseline is made of."""

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import duckdb

from mlsystem.monitor.quality.problem import Cells
from mlsystem.monitor.reading.files import names_for_duckdb
from mlsystem.monitor.reading.flattening import flat_members
from mlsystem.monitor.reading.format import DatasetFormat, Kind
from mlsystem.monitor.reading.lines import UnreadableRecordError, json_object, lines_of
from mlsystem.monitor.reading.rows import cell
from mlsystem.monitor.unreadable import UnreadableTally

_ROWS_AT_ONCE = 10_000

Placed = tuple[str, Cells]  # where the row stands, and its cells


def table_rows(files: Sequence[Path], form: DatasetFormat, tally: UnreadableTally) -> Iterator[Placed]:
    """The rows of all files, in their order; what is no row goes to the tally.

    Raises UnicodeDecodeError, csv.Error, EOFError, OSError, duckdb.Error for a file that cannot be read any further.
    """
    for file in files:
        match form.kind:
            case Kind.CSV:
                yield from _csv_rows(file, form.has_header, tally)
            case Kind.JSON_LINES:
                yield from _json_rows(file, tally)
            case Kind.PARQUET:
                yield from _parquet_rows(file)
            case Kind.CAPTURE | Kind.MERGE:
                raise ValueError(f"{form.kind.value} are records, not tables")


def _csv_rows(file: Path, has_header: bool, tally: UnreadableTally) -> Iterator[Placed]:
    with _opened(file) as text:
        reader = csv.reader(text)
        first = next(reader, None)
        if first is None:
            return
        names = first if has_header else None
        if names is None:
            yield f"{file}:1", [value or None for value in first]
        before = reader.line_num
        for row in reader:
            place, lines, before = f"{file}:{reader.line_num}", reader.line_num - before, reader.line_num
            if len(row) == len(first):
                cells = [value or None for value in row]
                yield place, dict(zip(names, cells, strict=True)) if names else cells
            elif row:  # a quote that is never closed takes lines with it, and each of them counts
                tally.add(f"{place}: {len(row)} cells, and the first line has {len(first)}", lines)


def _opened(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8", newline="")
    return file.open(encoding="utf-8", newline="")


def _json_rows(file: Path, tally: UnreadableTally) -> Iterator[Placed]:
    for line in lines_of([file]):
        try:
            members = dict(flat_members(json_object(line.text)))
        except (UnreadableRecordError, RecursionError) as error:
            tally.add(f"{line.place}: {error}")
        else:
            yield line.place, {name: cell(member) for name, member in members.items()}


def _parquet_rows(file: Path) -> Iterator[Placed]:
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        found = connection.execute(
            "SELECT * FROM read_parquet(?, hive_partitioning = false)", [names_for_duckdb([file])]
        )
        names = [column[0] for column in found.description]
        number = 0
        while rows := found.fetchmany(_ROWS_AT_ONCE):
            for values in rows:
                number += 1
                yield f"{file}: row {number}", _flat(dict(zip(names, values, strict=True)))


def _flat(row: Mapping[str, object]) -> dict[str, str | None]:
    return {name: cell(member) for name, member in flat_members(dict(row))}
