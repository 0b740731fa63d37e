"""What holds for every method of the registry: equal data are no drift, more drift is no less, few values are few."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsystem.monitor.distances import CATEGORICAL_METHODS, MINIMUM_SAMPLE, NUMERIC_METHODS, Method, Scale
from mlsystem.monitor.sketch import Floats
from tests.unit.monitor.distances.samples import COUNTS, NUMBERS, counted, sample

EVERY_METHOD: list[Any] = [
    pytest.param(method, id=f"{kind}-{name}")
    for kind, methods in (("numbers", NUMERIC_METHODS), ("categories", CATEGORICAL_METHODS))
    for name, method in methods.items()
]
RANGES = {  # what a method's page promises
    Scale.LARGEST_DIFFERENCE: (0.0, 1.0),
    Scale.SIGNIFICANCE: (0.0, 1.0),
    Scale.STABILITY_INDEX: (0.0, math.inf),
    Scale.JENSEN_SHANNON: (0.0, 1.0),
    Scale.DEVIATIONS: (0.0, 1e6),
}


@given(NUMBERS)
@settings(deadline=None, database=None)
def test_the_same_numbers_are_no_drift_in_any_order_and_number(numbers: list[float]) -> None:
    for method in NUMERIC_METHODS.values():
        for again in (numbers, numbers[::-1], numbers * 3):
            measured = method.measure(sample(numbers), sample(again))
            assert measured is not None
            assert measured.distance == pytest.approx(0.0, abs=1e-7)


@given(COUNTS)
@settings(deadline=None, database=None)
def test_the_same_counts_are_no_drift(counts: dict[str, int]) -> None:
    for method in CATEGORICAL_METHODS.values():
        measured = method.measure(counted(**counts), counted(**counts))
        assert measured is None or measured.distance == pytest.approx(0.0, abs=1e-7)


@given(NUMBERS, NUMBERS, COUNTS, COUNTS)
@settings(deadline=None, database=None)
def test_a_distance_is_in_the_range_that_its_page_promises(
    one: list[float], other: list[float], counts: dict[str, int], others: dict[str, int]
) -> None:
    measures = [(m.scale, m.measure(sample(one), sample(other))) for m in NUMERIC_METHODS.values()]
    measures += [(m.scale, m.measure(counted(**counts), counted(**others))) for m in CATEGORICAL_METHODS.values()]
    for scale, measured in measures:
        least, largest = RANGES[scale]
        assert measured is None or least - 1e-12 <= measured.distance <= largest
        assert measured is None or measured.chance >= 0.0
        assert measured is None or (measured.p_value is not None) == (scale is Scale.SIGNIFICANCE)


@pytest.mark.parametrize("name", NUMERIC_METHODS)
@pytest.mark.parametrize("kind", ["normal", "skewed", "integers"])
def test_the_farther_numbers_are_shifted_the_larger_the_distance(name: str, kind: str) -> None:
    random = np.random.default_rng(5)
    draws: dict[str, Floats] = {
        "normal": random.normal(size=500),
        "skewed": random.gamma(1.0, size=500),
        "integers": random.integers(0, 9, 500).astype(np.float64),
    }
    before = sample(draws[kind])
    found = [NUMERIC_METHODS[name].measure(before, sample(draws[kind] + shift)) for shift in np.linspace(0.0, 4.0, 17)]
    distances = [measured.distance for measured in found if measured]
    assert len(distances) == 17
    assert distances == sorted(distances)
    assert distances[0] < 1e-9 < distances[-1]


@pytest.mark.parametrize("name", CATEGORICAL_METHODS)
def test_the_more_rows_change_their_category_the_larger_the_distance(name: str) -> None:
    before = counted(a=400, b=300, c=300)
    found = [CATEGORICAL_METHODS[name].measure(before, counted(a=400 - n, b=300, c=300 + n)) for n in range(0, 400, 20)]
    distances = [measured.distance for measured in found if measured]
    assert len(distances) == 20
    assert distances == sorted(distances)


@given(
    st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=3),
    st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=3),
)
@settings(deadline=None, database=None)
def test_a_handful_of_any_numbers_gives_a_number(one: list[float], other: list[float]) -> None:
    for method in NUMERIC_METHODS.values():
        measured = method.measure(sample(one), sample(other))
        assert measured is not None
        assert math.isfinite(measured.distance)
        assert math.isfinite(measured.chance)


def test_the_same_data_give_the_same_distance_to_the_last_digit() -> None:
    random = np.random.default_rng(9)
    before, now = random.normal(size=20_000), random.normal(size=7000)
    for method in NUMERIC_METHODS.values():
        assert method.measure(sample(before), sample(now)) == method.measure(sample(before), sample(now))


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_a_default_threshold_means_something(method: Method[Any]) -> None:
    assert method.fault(method.default_threshold) is None
    assert method.fault(math.nan) is not None
    assert method.fault(math.inf) is not None


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_only_model_monitors_own_methods_take_any_threshold_and_any_number_of_values(method: Method[Any]) -> None:
    assert (method.fault(-1.0) is None) == method.is_original
    assert method.minimum_sample == (1 if method.is_original else MINIMUM_SAMPLE)


def windows_of(rows: int) -> Iterator[tuple[Any, Any]]:
    random = np.random.default_rng(11)
    before = sample(random.normal(size=200_000))
    return ((before, sample(random.normal(size=rows))) for _ in range(3))


@pytest.mark.parametrize(
    ("name", "too_few", "enough"),  # as docs/drift.md says
    [("PSI", 100, 120), ("JensenShannon", 350, 450), ("Wasserstein", 250, 450)],
)
def test_how_many_values_a_default_threshold_needs(name: str, too_few: int, enough: int) -> None:
    method = NUMERIC_METHODS[name]
    for rows, is_enough in [(too_few, False), (enough, True)]:
        for before, now in windows_of(rows):
            measured = method.measure(before, now)
            assert measured is not None
            assert (measured.chance <= method.default_threshold) == is_enough


@pytest.mark.parametrize("method", [name for name, method in NUMERIC_METHODS.items() if not method.is_original])
def test_thirty_values_are_enough_for_a_drift_that_everybody_sees(method: str) -> None:
    random = np.random.default_rng(21)
    measured = NUMERIC_METHODS[method].measure(sample(random.normal(size=30)), sample(random.normal(4.0, size=30)))
    assert measured is not None
    assert measured.distance > max(
        measured.chance, NUMERIC_METHODS[method].limit(NUMERIC_METHODS[method].default_threshold)
    )


@pytest.mark.parametrize("method", [name for name, method in CATEGORICAL_METHODS.items() if not method.is_original])
def test_thirty_rows_are_enough_for_categories_that_are_all_new(method: str) -> None:
    measured = CATEGORICAL_METHODS[method].measure(counted(a=15, b=15), counted(c=30))
    assert measured is not None
    assert measured.distance > max(measured.chance, CATEGORICAL_METHODS[method].default_threshold)
