"""Columns that came, went or moved are found, the farthest first."""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.client.data_difference import differences
from mlsystem.monitor.constraints import MonitoringConfig
from mlsystem.monitor.profile import Categories, DatasetProfile, FeatureProfile
from mlsystem.monitor.types import InferredType, TypeCounts

ROWS = 100


def _profile(**columns: Mapping[str, int]) -> DatasetProfile:
    features = (
        FeatureProfile(
            name,
            InferredType.STRING,
            sum(counts.values()),
            ROWS - sum(counts.values()),
            TypeCounts(),
            categories=Categories(len(counts), tuple(counts.items())),
        )
        for name, counts in columns.items()
    )
    return DatasetProfile(ROWS, tuple(features))


def test_columns_that_came_and_went_are_told_and_those_that_moved() -> None:
    before = _profile(same={"a": 50, "b": 50}, moved={"a": 90, "b": 10}, gone={"a": 100})
    now = _profile(same={"a": 50, "b": 50}, moved={"a": 10, "b": 80}, came={"a": 100})
    found = differences(before, now, MonitoringConfig(comparison_threshold=0.2, comparison_method="Simple"))
    assert [one.name for one in found] == ["gone", "came", "moved", "same"]
    gone, came, moved, same = found
    assert gone.now is None
    assert came.before is None
    assert gone.obstacle
    assert (moved.is_far, same.is_far, same.distance) == (True, False, 0.0)
    assert moved.now is not None
    assert (round(moved.now.missing, 2), moved.now.typical) == (0.1, "a (11 %) of 2")
