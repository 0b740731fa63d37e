"""What is asked of tables in DuckDB: how many values look like what, the numbers in row order, and the categories."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from duckdb import DuckDBPyConnection

from mlsystem.monitor.moments import LARGEST, Floats
from mlsystem.monitor.profile import KEPT_CATEGORIES, Categories
from mlsystem.monitor.reading import kinds
from mlsystem.monitor.types import TypeCounts
from mlsystem.monitor.unusual_values import Values

_COLUMNS_A_QUERY = 100  # four aggregates each: one query on thousands of columns would take long to plan
COLUMNS_AT_ONCE = 200  # of whole rows: a quarter of a megabyte of each column is in memory while they are read
# DuckDB keeps so many rows together, so that a query for a range of row ids reads no others.
_ROWS_A_BLOCK = 122_880


@dataclass(frozen=True)
class Field:
    """A column of a table: SQL for what a value looks like (one of `kinds.KINDS`), for it as a number, and as text."""

    name: str  # of the column in its file; "" if it has none
    table: str
    kind: str
    number: str | None
    text: str | None


def count_types(connection: DuckDBPyConnection, fields: Sequence[Field]) -> list[TypeCounts]:
    """For each field, how many of its values look like what."""
    counts: list[TypeCounts] = []
    for table, group in itertools.groupby(fields, key=lambda field: field.table):
        mine = list(group)
        for start in range(0, len(mine), _COLUMNS_A_QUERY):
            some = mine[start : start + _COLUMNS_A_QUERY]
            inner = ", ".join(f"{field.kind} AS k{index}" for index, field in enumerate(some))
            wanted = ", ".join(kinds.counts(f"k{index}") for index in range(len(some)))
            (row,) = connection.execute(f"SELECT {wanted} FROM (SELECT {inner} FROM {table})").fetchall()  # noqa: S608
            counts += kinds.type_counts(row)
    return counts


def count_rows(connection: DuckDBPyConnection, table: str) -> int:
    """The number of rows of a table."""
    ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608
    return int(count)


def numbers(connection: DuckDBPyConnection, field: Field, row_count: int) -> Iterator[Floats]:
    """The numbers of a field in row order, by blocks; what is missing or too large to reckon with is left out."""
    query = f"SELECT {field.number} AS number FROM {field.table} WHERE rowid >= ? AND rowid < ?"  # noqa: S608
    for start in range(0, row_count, _ROWS_A_BLOCK):
        found = connection.execute(query, [start, start + _ROWS_A_BLOCK]).fetchnumpy()["number"]
        present = found.compressed() if isinstance(found, np.ma.MaskedArray) else found
        yield present[np.abs(present) <= LARGEST]


def some_rows(
    connection: DuckDBPyConnection, fields: Mapping[str, tuple[Field, bool]], start: int, stop: int
) -> dict[str, Values]:
    """Rows by their numbers, from 0: the columns as numbers (NaN is missing) where the flag is set, else as text."""
    found: dict[str, Values] = {}
    for mine in _groups(fields):
        table = next(field.table for field, _ in mine.values())
        wanted = ", ".join(
            f"{field.number if is_number else field.text} AS v{place}"
            for place, (field, is_number) in enumerate(mine.values())
        )
        query = f"SELECT {wanted} FROM {table} WHERE rowid >= ? AND rowid < ?"  # noqa: S608
        columns = connection.execute(query, [start, stop]).fetchnumpy()
        for place, (name, (_, is_number)) in enumerate(mine.items()):
            column = np.ma.filled(
                columns[f"v{place}"].astype(float if is_number else object), np.nan if is_number else None
            )
            found[name] = column if is_number else column.tolist()
    return found


def _groups(fields: Mapping[str, tuple[Field, bool]]) -> Iterator[dict[str, tuple[Field, bool]]]:
    """Fields of one table each, and so few that what DuckDB reads of them at a time fits into the memory that it has."""
    for table in dict.fromkeys(field.table for field, _ in fields.values()):
        mine = [(name, pair) for name, pair in fields.items() if pair[0].table == table]
        for start in range(0, len(mine), COLUMNS_AT_ONCE):
            yield dict(mine[start : start + COLUMNS_AT_ONCE])


def categories(connection: DuckDBPyConnection, field: Field) -> Categories:
    """The different values of a field as text, the most frequent ones with their numbers of rows."""
    grouped = (
        f"SELECT {field.text} AS value, count(*) AS rows FROM {field.table} WHERE value IS NOT NULL GROUP BY value"  # noqa: S608
    )
    rows = connection.execute(
        f"SELECT value, rows, count(*) OVER () FROM ({grouped}) ORDER BY rows DESC, value LIMIT {KEPT_CATEGORIES}"  # noqa: S608
    ).fetchall()
    return Categories(rows[0][2] if rows else 0, tuple((value, count) for value, count, _ in rows))
