"""A dataset as the analysis sees it: a number of rows, and columns by name, read one at a time."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlsystem.monitor.profile import Column
from mlsystem.monitor.reading.table import Table
from mlsystem.monitor.types import InferredType

POSITIONAL_NAME = "_c{}"


class Dataset:
    """One table, or several that stand side by side (the outputs and the inputs of captured invocations)."""

    def __init__(self, tables: Sequence[Table], row_count: int) -> None:
        self._tables = tables
        self.row_count = row_count

    def columns(self, expected: Mapping[str, InferredType]) -> Iterator[Column]:
        """The columns, with the statistics that their own type needs and those that the expected type needs.

        `expected` holds the baseline's names and types in its order: a column without a name of its own takes the
        baseline's name for its position, else `_c<position>`.
        """
        names = self._names(list(expected))
        for table in self._tables:
            for scalar, types in zip(table.scalars, table.count_types(), strict=True):
                name = next(names)
                kinds = {types.infer(), expected.get(name, types.infer())} - {InferredType.UNKNOWN}
                yield Column(
                    name,
                    types,
                    numbers=table.numbers(scalar, types) if any(kind.is_numeric for kind in kinds) else None,
                    categories=table.categories(scalar) if not all(kind.is_numeric for kind in kinds) else None,
                )

    def _names(self, baseline: Sequence[str]) -> Iterator[str]:
        own = [scalar.name for table in self._tables for scalar in table.scalars]
        positions = range(len(own))
        fallback = [baseline[i] if i < len(baseline) else POSITIONAL_NAME.format(i) for i in positions]
        return _unique(name or fallback[i] for i, name in enumerate(own))


def _unique(names: Iterable[str]) -> Iterator[str]:
    """The names; one that was there before gets a number."""
    taken: set[str] = set()
    for name in names:
        candidates = itertools.chain([name], (f"{name}_{copy}" for copy in itertools.count(1)))
        unique = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(unique)
        yield unique
