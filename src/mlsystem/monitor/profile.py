"""The statistics of a dataset: what statistics.json holds, and what a check compares."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mlsystem.monitor.moments import Floats, Moments, RunningMoments
from mlsystem.monitor.sketch import Bucket, KllSketch
from mlsystem.monitor.types import InferredType, TypeCounts
from mlsystem.monitor.unreadable import NOTHING_UNREADABLE, Unreadable

# How many categories of a feature are kept, the most frequent ones. What is cut off has a share of less than 1/1000
# each, so it changes an L-infinity distance by no more than that, and a file stays small where every value differs.
KEPT_CATEGORIES = 1000


@dataclass(frozen=True)
class Categories:
    """The values of a column of text: how many different ones, and the most frequent, with their number of rows."""

    distinct: int
    counts: tuple[tuple[str, int], ...]  # most frequent first, equals by value


class Column(Protocol):
    """A column of a dataset. Nothing of its values is in memory before it is asked for."""

    @property
    def name(self) -> str:
        """Its name, different from those of the other columns."""
        ...

    @property
    def types(self) -> TypeCounts:
        """How many of its values look like what."""
        ...

    def numbers(self) -> Iterable[Floats] | None:
        """Where it is (or is to be compared as) numeric: the numbers that are present and finite, in row order, by blocks."""
        ...

    def categories(self) -> Categories | None:
        """Where it is (or is to be compared as) text: its different values."""
        ...


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
    unreadable: Unreadable = NOTHING_UNREADABLE  # rows that are in neither of the two
    records: int | None = (
        None  # captured ones, where it was made of such: also those that could not be read, or were too old
    )

    def feature(self, name: str) -> FeatureProfile | None:
        """The feature of that name, if there is one."""
        return next((feature for feature in self.features if feature.name == name), None)


def feature_profile(column: Column, item_count: int) -> FeatureProfile:
    """The profile of one column of a dataset of that many rows."""
    inferred, numbers = column.types.infer(), column.numbers()
    numerical = _numerical(numbers) if numbers is not None else None
    # A number that no double can hold (1e999) looks like one and is none: it counts as missing.
    numeric = numerical.moments.count if numerical else 0
    present = numeric if inferred.is_numeric and numbers is not None else column.types.present
    return FeatureProfile(
        name=column.name,
        inferred_type=inferred,
        num_present=present,
        num_missing=item_count - present,
        types=column.types,
        numerical=numerical,
        categories=column.categories(),
    )


def _numerical(blocks: Iterable[Floats]) -> NumericalStatistics | None:
    """None where there is no number."""
    moments, sketch = RunningMoments(), KllSketch()
    for block in blocks:
        moments.update(block)
        sketch.update(block)
    if moments.count == 0:
        return None
    plain = moments.result()
    return NumericalStatistics(plain, sketch.buckets(plain.minimum, plain.maximum), sketch)
