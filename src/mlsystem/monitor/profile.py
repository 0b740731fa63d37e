"""The statistics of a dataset: what statistics.json holds, and what a check compares."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlsystem.monitor.moments import Moments, moments
from mlsystem.monitor.sketch import Bucket, KllSketch
from mlsystem.monitor.types import InferredType, TypeCounts

# How many categories of a feature are kept, the most frequent ones. What is cut off has a share of less than 1/1000
# each, so it changes an L-infinity distance by no more than that, and a file stays small where every value differs.
KEPT_CATEGORIES = 1000


@dataclass(frozen=True)
class Categories:
    """The values of a column of text: how many different ones, and the most frequent, with their number of rows."""

    distinct: int
    counts: tuple[tuple[str, int], ...]  # most frequent first, equals by value


@dataclass(frozen=True)
class Column:
    """A column as it was read. Numbers are there where it is (or is to be compared as) numeric, else categories."""

    name: str
    types: TypeCounts
    numbers: npt.NDArray[np.float64] | None = None  # those that are present and finite, in row order
    categories: Categories | None = None


@dataclass(frozen=True)
class NumericalStatistics:
    """The statistics of a feature as numbers."""

    moments: Moments
    buckets: Sequence[Bucket]
    sketch: KllSketch


@dataclass(frozen=True)
class FeatureProfile:
    """One feature. `numerical` and `categories` may both be there: a single stray word makes a column of numbers a
    String, and drift must still be seen in the rest.
    """

    name: str
    inferred_type: InferredType
    num_present: int
    num_missing: int
    types: TypeCounts
    numerical: NumericalStatistics | None = None
    categories: Categories | None = None

    @property
    def completeness(self) -> float:
        """The share of rows that have a value."""
        return self.num_present / (self.num_present + self.num_missing)


@dataclass(frozen=True)
class DatasetProfile:
    """A dataset of at least one row."""

    item_count: int
    features: tuple[FeatureProfile, ...]

    def feature(self, name: str) -> FeatureProfile | None:
        """The feature of that name, if there is one."""
        return next((feature for feature in self.features if feature.name == name), None)


def profile(item_count: int, columns: Iterable[Column]) -> DatasetProfile:
    """The profile of a dataset of that many rows; takes the columns one by one, so that one at a time is in memory."""
    return DatasetProfile(item_count, tuple(_feature(column, item_count) for column in columns))


def _feature(column: Column, item_count: int) -> FeatureProfile:
    inferred, numbers = column.types.infer(), column.numbers
    # A number that no double can hold (1e999) looks like one and is none: it counts as missing.
    present = len(numbers) if inferred.is_numeric and numbers is not None else column.types.present
    return FeatureProfile(
        name=column.name,
        inferred_type=inferred,
        num_present=present,
        num_missing=item_count - present,
        types=column.types,
        numerical=_numerical(numbers) if numbers is not None and len(numbers) else None,
        categories=column.categories,
    )


def _numerical(numbers: npt.NDArray[np.float64]) -> NumericalStatistics:
    plain = moments(numbers)
    sketch = KllSketch()
    sketch.update(numbers)
    return NumericalStatistics(plain, sketch.buckets(plain.minimum, plain.maximum), sketch)
