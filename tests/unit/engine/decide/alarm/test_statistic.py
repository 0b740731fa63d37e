"""Statistics of one period."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsystem.engine.decide.alarm import Samples, merged, samples_of, statistic


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("Average", 2.5),
        ("Sum", 10.0),
        ("Minimum", 1.0),
        ("Maximum", 4.0),
        ("SampleCount", 4.0),
        ("p50", 2.0),
        ("p75", 3.0),
        ("p99", 4.0),
        ("p0", 1.0),
        ("p100", 4.0),
    ],
)
def test_a_statistic_of_four_values(name: str, figure: float) -> None:
    assert statistic(samples_of([4, 1, 3, 2]), name) == figure


def test_values_may_come_with_counts() -> None:
    samples = samples_of([1, 10], [99, 1])
    assert (statistic(samples, "p99"), statistic(samples, "p99.5"), statistic(samples, "SampleCount")) == (1, 10, 100)


def test_a_percentile_of_a_statistic_set_is_known_only_if_it_holds_one_value() -> None:
    assert statistic(Samples(4, 10, 1, 4), "p50") is None
    assert statistic(Samples(4, 8, 2, 2), "p50") == 2
    assert statistic(merged([samples_of([1.0]), Samples(4, 10, 1, 4)]), "p50") is None


@given(st.lists(st.lists(st.integers(-1000, 1000), min_size=1), min_size=1))
def test_merging_is_the_same_as_having_put_all_at_once(parts: list[list[int]]) -> None:
    together = samples_of([float(value) for part in parts for value in part])
    apart = merged([samples_of([float(value) for value in part]) for part in parts])
    for name in ("Average", "Sum", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p99"):
        assert statistic(apart, name) == statistic(together, name)
