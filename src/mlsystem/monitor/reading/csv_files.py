"""CSV files as a table, by a schema that their first lines give.

DuckDB could tell a file's dialect and columns itself, but it also tells itself which lines to skip: a line too long or
too short would move the beginning of the data. Said outright, such a line is an error.
"""

import csv
import gzip
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from duckdb import DuckDBPyConnection

from mlsystem.monitor.reading.flattening import Scalar

_DIALECT = "auto_detect = false, delim = ',', quote = '\"', escape = '\"'"


def load_csv(connection: DuckDBPyConnection, table: str, files: Sequence[Path], has_header: bool) -> list[Scalar]:
    """Loads files as one table of text; columns that have the same name are one. Returns the columns.

    Without a header the columns have no names, and every file has as many as the first one.
    """
    first_rows = [_first_row(path) for path in (files if has_header else files[:1])]
    if not has_header:
        identifiers = {str(position): f"c{position}" for position in range(len(first_rows[0]))}
        sources = [(list(identifiers), files)]
    else:
        headers = [_header(row) for row in first_rows]
        names = dict.fromkeys(name for header in headers for name in header)
        identifiers = {name: f"c{position}" for position, name in enumerate(names)}
        grouped = groupby(zip(headers, files, strict=True), key=lambda pair: pair[0])
        sources = [(header, [file for _, file in pairs]) for header, pairs in grouped]
    selects = [
        f"SELECT * FROM read_csv(?, columns = { {identifiers[name]: 'VARCHAR' for name in columns} }, "  # noqa: S608
        f"header = {str(has_header).lower()}, {_DIALECT})"
        for columns, _ in sources
    ]
    parameters = [[str(file) for file in some] for _, some in sources]
    connection.execute(f"CREATE TEMP TABLE {table} AS " + " UNION ALL BY NAME ".join(selects), parameters)
    return [Scalar(name if has_header else "", identifier, "varchar") for name, identifier in identifiers.items()]


def _first_row(path: Path) -> list[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as lines:
        return next(csv.reader(lines), [])


def _header(row: Sequence[str]) -> list[str]:
    """Names of columns: those of the first row; a second one of the same name, or an empty one, gets its position."""
    names: list[str] = []
    for position, name in enumerate(row):
        names.append(name if name and name not in names else f"{name}_c{position}")
    return names
