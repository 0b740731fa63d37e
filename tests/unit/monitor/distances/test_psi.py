"""PSI: the sum that the books have, for numbers and for categories, and within its bound where a sketch is used."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

from mlsystem.monitor.distances.bins import bin_bounds, shares_of_categories, shares_of_numbers
from mlsystem.monitor.distances.psi import psi_of_categories, psi_of_numbers, stability_index
from tests.unit.monitor.distances.samples import (
    COUNTS,
    MANY_NUMBERS,
    SMALL,
    counted,
    enclosure,
    exact,
    sample,
)


def by_hand(one: dict[str, int], other: dict[str, int]) -> float:
    rows, others = sum(one.values()), sum(other.values())
    total = 0.0
    for name in one.keys() | other.keys():
        p, q = max(one.get(name, 0), 0.5) / rows, max(other.get(name, 0), 0.5) / others
        total += (p - q) * math.log(p / q)
    return total


def test_the_index_of_a_table_from_a_textbook() -> None:
    """Ten per cent of the population have moved from the first class to the second."""
    measured = psi_of_categories(counted(a=500, b=500), counted(a=400, b=600))
    assert measured.distance == pytest.approx(0.1 * math.log(0.5 / 0.4) + 0.1 * math.log(0.6 / 0.5))


@given(COUNTS, COUNTS)
@settings(deadline=None, database=None)
def test_the_index_of_categories_is_the_plain_sum_and_symmetric(one: dict[str, int], other: dict[str, int]) -> None:
    there, back = (
        psi_of_categories(counted(**one), counted(**other)),
        psi_of_categories(counted(**other), counted(**one)),
    )
    assert there.distance == pytest.approx(by_hand(one, other), abs=1e-12)
    assert there.distance == pytest.approx(back.distance, abs=1e-12)
    assert there.distance >= 0.0


def test_the_index_of_numbers_is_that_of_the_tenths_of_the_baseline() -> None:
    before, now = np.random.default_rng(1).normal(size=2000), np.random.default_rng(2).normal(0.4, 1.2, size=1500)
    edges = [-math.inf, *bin_bounds(sample(before)).tolist(), math.inf]
    tables = [
        {f"{i}": int(((side > edges[i]) & (side <= edges[i + 1])).sum()) for i in range(len(edges) - 1)}
        for side in (before, now)
    ]
    assert psi_of_numbers(sample(before), sample(now)).distance == pytest.approx(by_hand(tables[0], tables[1]))
    assert len(edges) == 11


def test_an_empty_bin_counts_as_half_a_row() -> None:
    measured = psi_of_categories(counted(a=50, b=50), counted(a=100))
    assert measured.distance == pytest.approx(by_hand({"a": 50, "b": 50}, {"a": 100}))
    assert math.isfinite(measured.distance)


def test_the_same_shares_of_another_number_of_rows_are_no_distance() -> None:
    assert stability_index(shares_of_categories(counted(a=10, b=30), counted(a=100, b=300))) == 0.0


@given(MANY_NUMBERS, MANY_NUMBERS)
@settings(deadline=None, database=None)
def test_what_a_sketch_gives_lies_within_its_bound(one: list[float], other: list[float]) -> None:
    before, now = sample(one, SMALL), sample(other, SMALL)
    estimated = shares_of_numbers(before, now)
    bounds = bin_bounds(before)
    true = [np.diff(exact(side).cumulated(bounds), prepend=0.0, append=1.0) for side in (one, other)]
    floors = 0.5 / len(one), 0.5 / len(other)

    def term(p: float, q: float) -> float:
        p, q = max(p, floors[0]), max(q, floors[1])
        return (p - q) * math.log(p / q)

    errors = 2.0 * before.rank_error + 1e-12, 2.0 * now.rank_error + 1e-12
    least, largest = enclosure(term, estimated.baseline, estimated.current, *errors)
    truth = sum(term(p, q) for p, q in zip(true[0].tolist(), true[1].tolist(), strict=True))
    assert least - 1e-9 <= truth <= largest + 1e-9
    assert least - 1e-9 <= stability_index(estimated) <= largest + 1e-9
