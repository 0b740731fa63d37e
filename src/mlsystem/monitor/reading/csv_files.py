"""CSV files as columns of text, by a schema that their first lines give.

DuckDB could tell a file's dialect and columns itself, but it also tells itself which lines to skip: a line too long or
too short would move the beginning of the data. Said outright, such a line is set aside, and counted.
"""

import csv
import io
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from duckdb import DuckDBPyConnection

from mlsystem.monitor.errors import DatasetError
from mlsystem.monitor.reading.files import names_for_duckdb
from mlsystem.monitor.reading.lines import opened
from mlsystem.monitor.reading.plain_rows import PlainRows, has_plain_names
from mlsystem.monitor.reading.text_source import TextSource
from mlsystem.monitor.unreadable import UnreadableTally

_DIALECT = "auto_detect = false, delim = ',', quote = '\"', escape = '\"'"
# Lines that are kept aside, of each file and reading of it. A file with more of them is not this kind of file.
_REJECTED = "store_rejects = true, rejects_table = 'rejected', rejects_scan = 'rejected_in', rejects_limit = 1000000"


def csv_source(files: Sequence[Path], has_header: bool) -> TextSource:
    """Files as one source; columns that have the same name are one.

    Without a header the columns have no names, and every file has as many as the first one.
    """
    first_rows = [_first_row(path) for path in (files if has_header else files[:1])]
    if not has_header:
        identifiers = {str(position): f"c{position}" for position in range(len(first_rows[0]))}
        sources = [(list(identifiers), list(files))]
    else:
        headers = [_header(row) for row in first_rows]
        names = dict.fromkeys(name for header in headers for name in header)
        identifiers = {name: f"c{position}" for position, name in enumerate(names)}
        grouped = groupby(zip(headers, files, strict=True), key=lambda pair: pair[0])
        sources = [(header, [file for _, file in pairs]) for header, pairs in grouped]
    selects = [
        f"SELECT * FROM read_csv(?, columns = { {identifiers[name]: 'VARCHAR' for name in columns} }, "  # noqa: S608
        f"header = {str(has_header).lower()}, {_DIALECT}, {_REJECTED})"
        for columns, _ in sources
    ]
    parameters = [names_for_duckdb(some) for _, some in sources]
    relation = f"({' UNION ALL BY NAME '.join(selects)})"
    return TextSource(relation, parameters, [name if has_header else "" for name in identifiers])


def csv_rows(files: Sequence[Path], has_header: bool) -> PlainRows | None:
    """The lines of files as rows that may be plain; None if the files do not all have the same names of columns."""
    first_rows = [_first_row(path) for path in (files if has_header else files[:1])]
    if any(row != first_rows[0] for row in first_rows) or (has_header and not has_plain_names(first_rows[0])):
        return None
    relation = (
        "read_csv(?, columns = {row: 'VARCHAR'}, auto_detect = false, delim = '\x01', quote = '', escape = '', "
        f"header = {str(has_header).lower()})"
    )
    names = _header(first_rows[0]) if has_header else [""] * len(first_rows[0])
    return PlainRows(relation, [names_for_duckdb(files)], names)


def count_rejected(connection: DuckDBPyConnection, tally: UnreadableTally) -> None:
    """Adds the lines that DuckDB could not read. An open quote takes the lines behind it with it: they count, too."""
    rows = connection.execute(
        "SELECT DISTINCT ON (file_path, line_byte_position) file_path, line, error_message, csv_line FROM rejected "
        "JOIN rejected_in USING (scan_id, file_id) ORDER BY file_path, line_byte_position"
    ).fetchall()
    for path, line, message, text in rows:
        tally.add(f"{path}:{line}: {message}", 1 + text.rstrip("\n").count("\n"), is_text="\0" not in text)


def _first_row(path: Path) -> list[str]:
    """Raises DatasetError if there is none, or if it is no text."""
    try:
        with opened(path) as content:
            lines = io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline="")
            row = next(csv.reader(lines), [])
        for cell in row:
            cell.encode(errors="surrogateescape").decode()
    except (csv.Error, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read as csv: {error}") from error
    if not row or any("\0" in cell for cell in row):
        raise DatasetError(f"{path} cannot be read as csv: its first line is {'no text' if row else 'empty'}")
    return row


def _header(row: Sequence[str]) -> list[str]:
    """Names of columns: those of the first row; a second one of the same name, or an empty one, gets its position."""
    names: list[str] = []
    for position, name in enumerate(row):
        names.append(name if name and name not in names else f"{name}_c{position}")
    return names
