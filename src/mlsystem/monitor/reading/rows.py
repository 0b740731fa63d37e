"""Rows that Python makes, on their way to DuckDB: a plain CSV file that knows its own columns.

Captured bodies come in any shape. A file takes a row in microseconds and holds any number of them, which neither
inserting row by row nor keeping them in memory does.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from mlsystem.monitor.reading.files import names_for_duckdb
from mlsystem.monitor.reading.text_source import TextSource

# A row without names (its cells have positions), or with them.
Row = Sequence[str | None] | Mapping[str, str | None]

_LONGEST_LINE = 64 << 20
_UNENCODABLE = "backslashreplace"  # JSON can say half a surrogate pair, which UTF-8 cannot


class RowFile:
    """A file of rows that is written once, then read as a source. Columns appear in the order of their first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w", encoding="utf-8", errors=_UNENCODABLE, newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._columns: dict[int | str, int] = {}
        self._has_names = False

    def __enter__(self) -> "RowFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, row: Row) -> None:
        """Adds a row; a cell of None is a missing value."""
        if isinstance(row, Mapping):
            self._has_names = True
            self._writer.writerow(self._place(row))
        elif self._has_names:
            self._writer.writerow(self._place(dict(enumerate(row))))
        else:
            for position in range(len(self._columns), len(row)):
                self._columns[position] = position
            self._writer.writerow(row or [None])

    def _place(self, row: Mapping[str, str | None] | Mapping[int, str | None]) -> list[str | None]:
        for key in row:
            self._columns.setdefault(key, len(self._columns))
        cells: list[str | None] = [None] * max(1, len(self._columns))
        for key, cell in row.items():
            cells[self._columns[key]] = cell
        return cells

    def source(self) -> TextSource | None:
        """The rows as columns of text, or None if no row had a cell. The file must be closed."""
        if not self._columns:
            return None
        columns = {f"c{index}": "VARCHAR" for index in self._columns.values()}
        relation = (
            f"read_csv(?, columns = {columns}, auto_detect = false, header = false, delim = ',', quote = '\"', "
            f"escape = '\"', new_line = '\\n', null_padding = true, parallel = false, max_line_size = {_LONGEST_LINE})"
        )
        names = [key.encode(errors=_UNENCODABLE).decode() if isinstance(key, str) else "" for key in self._columns]
        return TextSource(relation, [names_for_duckdb([self._path])], names)


def cell(value: object) -> str | None:
    """A scalar of JSON as the text of a cell."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value) if isinstance(value, float) else str(value)
