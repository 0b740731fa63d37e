"""What is asked of a table in DuckDB: how many values look like what, the numbers, and the categories.

Columns of text are typed value by value, by the patterns of `types`; columns of Parquet and JSON that have a type keep
it. NaN and infinity are not values: they count as missing.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from duckdb import DuckDBPyConnection

from mlsystem.monitor.profile import KEPT_CATEGORIES, Categories
from mlsystem.monitor.reading.flattening import Scalar
from mlsystem.monitor.types import BOOLEAN_PATTERN, NON_INTEGRAL_MARKS, NUMBER_PATTERN, TypeCounts

_INTEGRAL_TYPES = {
    *("tinyint", "smallint", "integer", "bigint", "hugeint"),
    *("utinyint", "usmallint", "uinteger", "ubigint", "uhugeint"),
}
_FRACTIONAL_TYPES = {"float", "double", "decimal"}
_COLUMNS_A_QUERY = 100  # four aggregates each: one query on thousands of columns would take long to plan

_KINDS = _FRACTIONAL, _INTEGRAL, _BOOLEAN, _STRING = 1, 2, 3, 4  # in the order of TypeCounts


class Table:
    """A table and its flat columns."""

    def __init__(self, connection: DuckDBPyConnection, name: str, scalars: Sequence[Scalar]) -> None:
        self._connection = connection
        self._name = name
        self.scalars = scalars

    def count_rows(self) -> int:
        """The number of rows."""
        ((count,),) = self._query(f"SELECT count(*) FROM {self._name}").fetchall()  # noqa: S608
        return int(count)

    def count_types(self) -> Iterator[TypeCounts]:
        """For each column, how many of its values look like what."""
        for start in range(0, len(self.scalars), _COLUMNS_A_QUERY):
            some = self.scalars[start : start + _COLUMNS_A_QUERY]
            kinds = ", ".join(f"{_kind(scalar)} AS k{index}" for index, scalar in enumerate(some))
            counts = ", ".join(
                f"coalesce(count_if(k{index} = {kind}), 0)" for index in range(len(some)) for kind in _KINDS
            )
            (row,) = self._query(f"SELECT {counts} FROM (SELECT {kinds} FROM {self._name})").fetchall()  # noqa: S608
            for index in range(len(some)):
                yield TypeCounts(*row[len(_KINDS) * index : len(_KINDS) * (index + 1)])

    def numbers(self, scalar: Scalar, types: TypeCounts) -> npt.NDArray[np.float64]:
        """The finite numbers of a column (whose values look like `types`), in row order; the rest is left out."""
        number = _number(scalar, only_numbers=not types.string and not types.boolean)
        result = self._query(f"SELECT {number} AS number FROM {self._name}").fetchnumpy()["number"]  # noqa: S608
        present = result.compressed() if isinstance(result, np.ma.MaskedArray) else result
        numbers: npt.NDArray[np.float64] = present[np.isfinite(present)]
        return numbers

    def categories(self, scalar: Scalar) -> Categories:
        """The different values of a column as text, the most frequent ones with their numbers of rows."""
        value = f"CAST({scalar.expression} AS VARCHAR)"
        grouped = f"SELECT {value} AS value, count(*) AS rows FROM {self._name} WHERE value IS NOT NULL GROUP BY value"  # noqa: S608
        rows = self._query(
            f"SELECT value, rows, count(*) OVER () FROM ({grouped}) ORDER BY rows DESC, value LIMIT {KEPT_CATEGORIES}"  # noqa: S608
        ).fetchall()
        return Categories(rows[0][2] if rows else 0, tuple((value, count) for value, count, _ in rows))

    def _query(self, query: str) -> DuckDBPyConnection:
        return self._connection.execute(query)


def _kind(scalar: Scalar) -> str:
    """SQL for what a value looks like: one of _KINDS, or NULL if it is missing."""
    value = scalar.expression
    if scalar.type_id in _FRACTIONAL_TYPES:
        return f"CASE WHEN isfinite(CAST({value} AS DOUBLE)) THEN {_FRACTIONAL} END"
    if scalar.type_id in _INTEGRAL_TYPES or scalar.type_id == "boolean":
        return f"CASE WHEN {value} IS NOT NULL THEN {_BOOLEAN if scalar.type_id == 'boolean' else _INTEGRAL} END"
    text = f"CAST({value} AS VARCHAR)"
    marked = " OR ".join(f"contains({text}, '{mark}')" for mark in NON_INTEGRAL_MARKS)
    # DuckDB evaluates a WHEN only for the values that got that far.
    return (
        f"CASE WHEN {value} IS NULL THEN NULL "
        f"WHEN {_looks_numeric(text)} THEN CASE WHEN {marked} THEN {_FRACTIONAL} ELSE {_INTEGRAL} END "
        f"WHEN regexp_full_match({text}, '{BOOLEAN_PATTERN}') THEN {_BOOLEAN} ELSE {_STRING} END"
    )


def _number(scalar: Scalar, only_numbers: bool) -> str:
    """SQL for a value as a DOUBLE, or NULL. The patterns allow a space before the first digit; a cast does not."""
    if scalar.type_id in _INTEGRAL_TYPES | _FRACTIONAL_TYPES:
        return f"CAST({scalar.expression} AS DOUBLE)"
    text = f"CAST({scalar.expression} AS VARCHAR)"
    number = f"coalesce(TRY_CAST({text} AS DOUBLE), TRY_CAST(replace({text}, ' ', '') AS DOUBLE))"
    # A cast is not as strict as the patterns (it takes "Infinity" and "1_000"), so among strings they decide.
    return number if only_numbers else f"CASE WHEN {_looks_numeric(text)} THEN {number} END"


def _looks_numeric(text: str) -> str:
    return f"regexp_full_match({text}, '{NUMBER_PATTERN}')"
