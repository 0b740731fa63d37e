"""Columns whose values a test has in memory, profiles of them, and columns as a test reads them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mlsystem.monitor.moments import Floats
from mlsystem.monitor.profile import Categories, Column, DatasetProfile, feature_profile
from mlsystem.monitor.types import TypeCounts


@dataclass(frozen=True)
class KnownColumn:
    """A `profile.Column`."""

    name: str
    types: TypeCounts
    known_numbers: Floats | None = None
    known_categories: Categories | None = None

    def numbers(self) -> list[Floats] | None:
        return None if self.known_numbers is None else [self.known_numbers]

    def categories(self) -> Categories | None:
        return self.known_categories


def profile(item_count: int, columns: Iterable[Column]) -> DatasetProfile:
    return DatasetProfile(item_count, tuple(feature_profile(column, item_count) for column in columns))


@dataclass(frozen=True)
class ReadColumn:
    """What was read of a column."""

    types: TypeCounts
    numbers: list[float] | None
    categories: Categories | None


Read = Callable[..., dict[str, ReadColumn]]


def read_column(column: Column) -> ReadColumn:
    blocks = column.numbers()
    numbers = None if blocks is None else [number for block in blocks for number in block.tolist()]
    return ReadColumn(column.types, numbers, column.categories())
