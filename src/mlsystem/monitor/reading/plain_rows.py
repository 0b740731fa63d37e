"""Rows of plain text, cells between commas, on their way into a typed table: the fast way for what most data is.

It works where each column is throughout what its first rows show: whole numbers, numbers, flags or words without quotes,
as many in each row. One pattern on the row says so; then the cells are cast without another look. Whatever does not fit
makes the source uneven, and somebody else reads it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
from duckdb import DuckDBPyConnection

from mlsystem.monitor.moments import LARGEST
from mlsystem.monitor.reading import kinds
from mlsystem.monitor.reading.table import Field, count_types
from mlsystem.monitor.reading.text_source import SAMPLE_ROWS, Need
from mlsystem.monitor.types import BOOLEAN_PATTERN, InferredType, TypeCounts

_MOST_COLUMNS = 2000  # a pattern for more of them would be too large
_WHOLE = r"[-+]?[0-9]+"
_PATTERNS = {
    InferredType.INTEGRAL: _WHOLE,
    InferredType.FRACTIONAL: rf"{_WHOLE}(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)?",
    InferredType.BOOLEAN: BOOLEAN_PATTERN,
    InferredType.STRING: r'[^,"\r\n]+',
    InferredType.UNKNOWN: "",
}


@dataclass(frozen=True)
class PlainRows:
    """Rows that may be plain: SQL for a relation with the column `row`, its parameters, the names of the columns.

    A row is text, or NULL where it is known not to be plain. After some of its columns a line may end.
    """

    relation: str
    parameters: Sequence[object]
    names: Sequence[str]
    line_ends: frozenset[int] = frozenset()

    def cell(self, place: int) -> str:
        """SQL for the text of a cell."""
        cell = f"cells[{place + 1}]"
        return f"nullif(rtrim({cell}, chr(13) || chr(10)), '')" if place in self.line_ends else f"nullif({cell}, '')"

    def is_plain(self, guesses: Sequence[InferredType]) -> str:
        """SQL for whether a row has a cell for each column, and what is guessed of that in it."""
        ends = ["(?:\\r?\\n)?" if place in self.line_ends else "" for place in range(len(guesses))]
        cells = [f"(?:{_PATTERNS[guess]})?{end}" for guess, end in zip(guesses, ends, strict=True)]
        return f"regexp_full_match(row, '{','.join(cells)}')"


class UnevenRowsError(Exception):
    """Not every row is plain and like the first ones."""


def load_plain(
    connection: DuckDBPyConnection, table: str, rows: PlainRows, expected: Sequence[InferredType | None]
) -> list[tuple[Field, TypeCounts]]:
    """The columns as fields of a table, with what their values look like. Raises UnevenRowsError; then there is no table.

    Among the numbers of a column that has fractions, those that are whole count as integral, even if written as 5.0.
    """
    if not 2 <= len(rows.names) <= _MOST_COLUMNS:
        raise UnevenRowsError
    try:
        guesses = _guesses(connection, rows)
        needs = [Need.of(guess, kind) for guess, kind in zip(guesses, expected, strict=True)]
        if any(_is_unsure(guess, kind) for guess, kind in zip(guesses, expected, strict=True)):
            raise UnevenRowsError
        _load(connection, table, rows, needs)
        types = _types(connection, table, guesses)
    except (UnevenRowsError, duckdb.Error) as error:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
        raise UnevenRowsError from error
    return [(_field(rows, table, place, need), types[place]) for place, need in enumerate(needs)]


def _is_unsure(guess: InferredType, expected: InferredType | None) -> bool:
    """Whether it matters of each single value what it looks like."""
    return expected not in (None, guess) and not (guess is InferredType.INTEGRAL and expected.is_numeric)


def _field(rows: PlainRows, table: str, place: int, need: Need) -> Field:
    text = f"t{place}" if need.text else None
    return Field(rows.names[place], table, "NULL", f"n{place}" if need.number else None, text)


def _guesses(connection: DuckDBPyConnection, rows: PlainRows) -> list[InferredType]:
    """What the columns of the first rows hold."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE first AS SELECT row, string_split(row, ',') AS cells "  # noqa: S608
        f"FROM {rows.relation} LIMIT {SAMPLE_ROWS}",
        rows.parameters,
    )
    fields = [Field("", "first", kinds.kind(rows.cell(place)), None, None) for place in range(len(rows.names))]
    guesses = [types.infer() for types in count_types(connection, fields)]
    _require_no_row(connection, f"first WHERE {rows.is_plain(guesses)} IS NOT TRUE")
    return guesses


def _require_no_row(connection: DuckDBPyConnection, rows: str) -> None:
    ((count,),) = connection.execute(f"SELECT count(*) FROM {rows}").fetchall()  # noqa: S608
    if count:
        raise UnevenRowsError


def _load(connection: DuckDBPyConnection, table: str, rows: PlainRows, needs: Sequence[Need]) -> None:
    # A cast leaves out spaces and line ends.
    kept = [f"TRY_CAST(cells[{place + 1}] AS DOUBLE) AS n{place}" for place, need in enumerate(needs) if need.number]
    kept += [f"{rows.cell(place)} AS t{place}" for place, need in enumerate(needs) if need.text]
    is_plain = rows.is_plain([need.guess for need in needs])
    connection.execute(
        f"CREATE TABLE {table} AS SELECT {', '.join(kept)}, is_plain "  # noqa: S608
        f"FROM (SELECT {is_plain} AS is_plain, string_split(row, ',') AS cells FROM {rows.relation})",
        rows.parameters,
    )
    _require_no_row(connection, f"{table} WHERE is_plain IS NOT TRUE")


def _types(connection: DuckDBPyConnection, table: str, guesses: Sequence[InferredType]) -> list[TypeCounts]:
    """Raises UnevenRowsError where numbers alone do not tell."""
    return [_type_counts(connection, table, place, guess) for place, guess in enumerate(guesses)]


def _type_counts(connection: DuckDBPyConnection, table: str, place: int, guess: InferredType) -> TypeCounts:
    if guess is InferredType.UNKNOWN:
        return TypeCounts()
    if not guess.is_numeric:
        # Words repeat themselves: it is enough to look at each once.
        words = f"(SELECT {kinds.kind(f't{place}')} AS kind, count(*) AS rows FROM {table} GROUP BY t{place})"  # noqa: S608
        counts = ", ".join(f"CAST(coalesce(sum(rows) FILTER (kind = {kind}), 0) AS BIGINT)" for kind in kinds.KINDS)
        return TypeCounts(*_row(connection, f"SELECT {counts} FROM {words}"))  # noqa: S608
    number = f"n{place}"
    aggregates = f"count({number}), count_if({number} <> floor({number})), count_if(abs({number}) > {LARGEST})"
    present, fractions, too_large = _row(connection, f"SELECT {aggregates} FROM {table}")  # noqa: S608
    if too_large or (guess is InferredType.FRACTIONAL and not fractions):
        raise UnevenRowsError
    return TypeCounts(fractional=fractions, integral=present - fractions)


def _row(connection: DuckDBPyConnection, query: str) -> tuple[int, ...]:
    (row,) = connection.execute(query).fetchall()
    return row


def has_plain_names(names: Sequence[str]) -> bool:
    """Whether a line of these names is one line, and says which cell is which."""
    return not any(re.search(r'[,"\r\n]', name) for name in names)
