"""Nested values as flat columns: `a.b` for the member b of a, `a.0` for the first item of the list a.

The same rule for a captured body (here, value by value) and for JSON lines and Parquet (in SQL, column by column), so
that a baseline from a file fits the traffic that is captured later.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from duckdb import DuckDBPyConnection
from duckdb.sqltypes import DuckDBPyType

from mlsystem.monitor.errors import DatasetError

SEPARATOR = "."
# Of structures in structures: for a hundred of them DuckDB takes minutes.
DEEPEST = 20
_LISTS = {"list", "array"}


def flat_members(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """The scalars of a JSON value with their names. Empty objects and lists have none."""
    prefix = name + SEPARATOR if name else ""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from flat_members(member, f"{prefix}{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from flat_members(item, f"{prefix}{index}")
    else:
        yield name, value


@dataclass(frozen=True)
class Scalar:
    """A flat column of a table: its name, the SQL that yields it, and the id of its DuckDB type."""

    name: str
    expression: str
    type_id: str


def flat_columns(connection: DuckDBPyConnection, table: str) -> list[Scalar]:
    """The scalar columns of a table whose columns may be structures and lists. Raises DatasetError beyond DEEPEST of them."""

    def longest(expression: str) -> int:
        row = connection.execute(f"SELECT max(len({expression})) FROM {table}").fetchone()  # noqa: S608
        return int(row[0]) if row and row[0] is not None else 0

    relation = connection.table(table)
    return [
        scalar
        for name, kind in zip(relation.columns, relation.types, strict=True)
        for scalar in _expand(name, quoted(name), kind, longest)
    ]


def quoted(name: str) -> str:
    """A column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def _expand(
    name: str, expression: str, kind: object, longest: Callable[[str], int], depth: int = 0
) -> Iterator[Scalar]:
    if not isinstance(kind, DuckDBPyType):
        raise TypeError(f"column {name} has a type that is no type: {kind!r}")
    if depth > DEEPEST:
        raise DatasetError(f"the column {name[:100]} is nested more than {DEEPEST} levels deep")
    if kind.id == "struct":
        for member, member_kind in kind.children:
            inner = f"struct_extract({expression}, {_literal(member)})"
            yield from _expand(f"{name}{SEPARATOR}{member}", inner, member_kind, longest, depth + 1)
    elif kind.id in _LISTS:
        ((_, item_kind), *_) = kind.children
        for index in range(longest(expression)):
            yield from _expand(f"{name}{SEPARATOR}{index}", f"{expression}[{index + 1}]", item_kind, longest, depth + 1)
    elif str(kind) == "JSON":  # values of several types: as text without the quotes that JSON would put around it
        yield Scalar(name, f"({expression} ->> '$')", kind.id)
    else:
        yield Scalar(name, expression, kind.id)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
