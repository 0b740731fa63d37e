"""How the data of two runs differ: rows, columns, and how far apart each column's values lie.

Both runs have a baseline, a profile of what their model was trained on, with the model's answers to it. They are compared as the monitor
compares production with a baseline, by the method and the threshold of the older one: what lies far apart here would be called drift.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from mlsystem.client.connection import Connection
from mlsystem.client.errors import ClientFailure
from mlsystem.client.missing import Missing, or_missing
from mlsystem.client.stored_file import read_file, read_json
from mlsystem.monitor.comparison import compare
from mlsystem.monitor.constraints import MonitoringConfig
from mlsystem.monitor.constraints_document import parse_constraints
from mlsystem.monitor.errors import MonitorError
from mlsystem.monitor.profile import DatasetProfile, FeatureProfile
from mlsystem.monitor.statistics_document import parse_statistics

FOLDER = "production-baseline"
ANSWER = "prediction"


@dataclass(frozen=True)
class Column:
    """What a profile says of one: `typical` is the mean, or the most frequent value with its share."""

    kind: str
    missing: float
    typical: str


@dataclass(frozen=True)
class ColumnDifference:
    """`before` or `now` None: the column is not there. `distance` None: `obstacle` says why it could not be measured."""

    name: str
    before: Column | None
    now: Column | None
    distance: float | None
    limit: float
    obstacle: str

    @property
    def is_far(self) -> bool:
        return self.distance is not None and self.distance > self.limit


@dataclass(frozen=True)
class Baseline:
    """Of one run. `violations` of its own constraints, which a sound baseline has none of."""

    rows: int
    columns: int
    violations: int | Missing


@dataclass(frozen=True)
class DataDifference:
    """`columns`: those that lie farthest apart first."""

    before: Baseline
    now: Baseline
    columns: tuple[ColumnDifference, ...]

    @property
    def far(self) -> tuple[ColumnDifference, ...]:
        return tuple(one for one in self.columns if one.is_far)


def read_baseline(connection: Connection, run: str) -> Baseline:
    """Of the run in that folder. Raises NotFound and ClientFailure."""
    profile = _read_profile(connection, run)
    return _baseline(connection, run, profile)


def data_difference(connection: Connection, before: str, now: str) -> DataDifference:
    """Of the runs in these folders. Raises NotFound and ClientFailure."""
    older, newer = _read_profile(connection, before), _read_profile(connection, now)
    uri = f"{before}/{FOLDER}/constraints.json"
    try:
        config = parse_constraints(read_json(connection, uri)).config
    except MonitorError as error:
        raise ClientFailure(f"{uri} cannot be read: {error}") from error
    return DataDifference(
        _baseline(connection, before, older), _baseline(connection, now, newer), differences(older, newer, config)
    )


def differences(before: DatasetProfile, now: DatasetProfile, config: MonitoringConfig) -> tuple[ColumnDifference, ...]:
    """Pure. Columns that came or went are first, then those that lie far apart."""
    found = list(_differences(before, now, config))
    return tuple(sorted(found, key=lambda one: (one.before is not None and one.now is not None, -(one.distance or 0))))


def _differences(before: DatasetProfile, now: DatasetProfile, config: MonitoringConfig) -> Iterator[ColumnDifference]:
    older = {one.name: one for one in before.features}
    newer = {one.name: one for one in now.features}
    for name in {**older, **newer}:
        was, has = older.get(name), newer.get(name)
        found = compare(name, has, was, config)
        distance = found.measured.distance if found.measured else None
        yield ColumnDifference(name, _column(was), _column(has), distance, found.limit, found.obstacle or "")


def _column(feature: FeatureProfile | None) -> Column | None:
    if feature is None:
        return None
    typical = ""
    if feature.inferred_type.is_numeric and feature.numerical:
        typical = f"mean {feature.numerical.moments.mean:.4g}"
    elif feature.categories and feature.categories.counts:
        value, count = feature.categories.counts[0]
        typical = f"{value} ({100 * count / feature.num_present:.0f} %) of {feature.categories.distinct}"
    return Column(feature.inferred_type.value, 1 - feature.completeness, typical)


def _baseline(connection: Connection, run: str, profile: DatasetProfile) -> Baseline:
    uri = f"{run}/{FOLDER}/constraint_violations.json"
    violations = or_missing(lambda: len(read_json(connection, uri).get("violations", ())))
    return Baseline(profile.item_count, sum(one.name != ANSWER for one in profile.features), violations)


def _read_profile(connection: Connection, run: str) -> DatasetProfile:
    uri = f"{run}/{FOLDER}/statistics.json"
    try:
        return _profile(read_file(connection, uri))
    except (MonitorError, ValueError) as error:
        raise ClientFailure(f"{uri} is no profile of data: {error}") from error


@lru_cache(maxsize=8)
def _profile(content: bytes) -> DatasetProfile:
    """Of a run that is looked at often; reading it takes a tenth of a second."""
    return parse_statistics(json.loads(content))
