"""SQL that tells what a value looks like, and what number it is.

Text is typed value by value, by the patterns of `types`; values of Parquet and JSON that have a type keep it. NaN and
infinity are not values: they count as missing.
"""

from mlsystem.monitor.types import BOOLEAN_PATTERN, NON_INTEGRAL_MARKS, NUMBER_PATTERN, TypeCounts

KINDS = FRACTIONAL, INTEGRAL, BOOLEAN, STRING = 1, 2, 3, 4  # in the order of TypeCounts

_INTEGRAL_TYPES = {
    *("tinyint", "smallint", "integer", "bigint", "hugeint"),
    *("utinyint", "usmallint", "uinteger", "ubigint", "uhugeint"),
}
_FRACTIONAL_TYPES = {"float", "double", "decimal"}


def kind(value: str, type_id: str = "varchar") -> str:
    """What a value of that DuckDB type looks like: one of KINDS, or NULL if it is missing."""
    if type_id in _FRACTIONAL_TYPES:
        return f"CASE WHEN isfinite(CAST({value} AS DOUBLE)) THEN {FRACTIONAL} END"
    if type_id in _INTEGRAL_TYPES or type_id == "boolean":
        return f"CASE WHEN {value} IS NOT NULL THEN {BOOLEAN if type_id == 'boolean' else INTEGRAL} END"
    text = as_text(value, type_id)
    marked = " OR ".join(f"contains({text}, '{mark}')" for mark in NON_INTEGRAL_MARKS)
    # DuckDB evaluates a WHEN only for the values that got that far.
    return (
        f"CASE WHEN {value} IS NULL THEN NULL "
        f"WHEN {_looks_numeric(text)} THEN CASE WHEN {marked} THEN {FRACTIONAL} ELSE {INTEGRAL} END "
        f"WHEN regexp_full_match({text}, '{BOOLEAN_PATTERN}') THEN {BOOLEAN} ELSE {STRING} END"
    )


def number(value: str, type_id: str = "varchar") -> str:
    """A value as a DOUBLE, or NULL where it looks like none. It may be infinite."""
    if type_id in _INTEGRAL_TYPES | _FRACTIONAL_TYPES:
        return f"CAST({value} AS DOUBLE)"
    text = as_text(value, type_id)
    # A cast is not as strict as the patterns (it takes "Infinity" and "1_000"), so they decide; and it does not take
    # the space that they allow before the first digit.
    cast = f"coalesce(TRY_CAST({text} AS DOUBLE), TRY_CAST(replace({text}, ' ', '') AS DOUBLE))"
    return f"CASE WHEN {_looks_numeric(text)} THEN {cast} END"


def as_text(value: str, type_id: str) -> str:
    """A value as text."""
    return value if type_id == "varchar" else f"CAST({value} AS VARCHAR)"


def counts(name: str) -> str:
    """How many values of a column of kinds are of each of KINDS, as four columns."""
    return ", ".join(f"coalesce(count_if({name} = {kind}), 0)" for kind in KINDS)  # of no row it is NULL


def type_counts(row: tuple[int, ...]) -> list[TypeCounts]:
    """What the `counts` of several columns came to."""
    return [TypeCounts(*row[start : start + len(KINDS)]) for start in range(0, len(row), len(KINDS))]


def _looks_numeric(text: str) -> str:
    return f"regexp_full_match({text}, '{NUMBER_PATTERN}')"
