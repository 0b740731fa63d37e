"""A dataset as the analysis sees it: a number of rows, and columns by name, each read when it is asked for."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from mlsystem.monitor.moments import Floats
from mlsystem.monitor.profile import Categories
from mlsystem.monitor.reading.table import Field, categories, numbers, some_rows
from mlsystem.monitor.reading.text_source import Need
from mlsystem.monitor.types import InferredType, TypeCounts
from mlsystem.monitor.unreadable import Unreadable
from mlsystem.monitor.unusual_values import Values

POSITIONAL_NAME = "_c{}"
_SAMPLED_TOGETHER = 10_000  # rows, but of wide data fewer:
_CELLS_TOGETHER = 3_000_000


@dataclass(frozen=True)
class Dataset:
    """`columns` may be read by several threads, a column each; `records` is how many captured ones there were, also those
    that are too old to be among the rows; None where the data are no captured records.
    """

    connection: DuckDBPyConnection
    row_count: int
    columns: Sequence["TableColumn"]
    unreadable: Unreadable
    records: int | None = None

    def sample(self, numeric: Mapping[str, bool], rows: int) -> Iterator[tuple[int, Mapping[str, Values]]]:
        """Blocks of rows, all of them or (nearly) as many as wanted, spread evenly; before each the number of rows left out.

        `numeric` says which columns are wanted, and whether as numbers. Columns that were not kept so are left out.
        """
        fields = {
            column.name: (column.field, numeric[column.name])
            for column in self.columns
            if column.name in numeric and (column.field.number if numeric[column.name] else column.field.text)
        }
        if not fields:
            return
        together = max(1, min(_SAMPLED_TOGETHER, _CELLS_TOGETHER // len(fields)))
        apart = max(together, self.row_count * together // rows)
        for start in range(0, self.row_count, apart):
            stop = min(start + together, self.row_count)
            yield apart - together if start else 0, some_rows(self.connection, fields, start, stop)


class TableColumn:
    """A `profile.Column` whose values are in a table of DuckDB."""

    def __init__(
        self, connection: DuckDBPyConnection, name: str, field: Field, types: TypeCounts, need: Need, row_count: int
    ) -> None:
        self._connection = connection
        self.name = name
        self.types = types
        self.field = field
        self._need = need
        self._row_count = row_count

    def numbers(self) -> Iterator[Floats] | None:
        """The numbers, if its own type or the expected one is numeric."""
        return numbers(self._connection.cursor(), self.field, self._row_count) if self._need.number else None

    def categories(self) -> Categories | None:
        """The categories, if its own type or the expected one is not numeric."""
        return categories(self._connection.cursor(), self.field) if self._need.text else None


def names_of_columns(own: Sequence[str], expected: Mapping[str, InferredType]) -> list[str]:
    """A column without a name of its own ("") takes the baseline's name for its position, else `_c<position>`.

    `expected` holds the baseline's names and types in its order.
    """
    baseline = list(expected)
    fallback = [baseline[i] if i < len(baseline) else POSITIONAL_NAME.format(i) for i in range(len(own))]
    return list(_unique(name or fallback[i] for i, name in enumerate(own)))


def _unique(names: Iterable[str]) -> Iterator[str]:
    """The names; one that was there before gets a number."""
    taken: set[str] = set()
    for name in names:
        candidates = itertools.chain([name], (f"{name}_{copy}" for copy in itertools.count(1)))
        unique = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(unique)
        yield unique
