"""How far the answers of a shadow variant agree with those of production."""

from __future__ import annotations

import pytest

from mlsystem.client.shadow import agree


def test_pairs_are_found_by_id_and_their_numbers_compared_row_by_row() -> None:
    production = {"a": "0.5\n0.7\n", "b": "0.1", "only here": "0.9"}
    shadow = {"a": "0.5\n0.6\n", "b": "0.1", "only there": "0.9"}
    found = agree(production, shadow)
    assert (found.pairs, found.equal) == (2, 1)
    assert found.mean_difference == pytest.approx(0.1 / 3)
    assert found.largest_difference == pytest.approx(0.1)


def test_answers_without_numbers_differ_without_measure() -> None:
    found = agree({"a": "yes", "b": "red,0.8"}, {"a": "no", "b": "red,0.4"})
    assert (found.pairs, found.equal) == (2, 0)
    assert found.largest_difference == pytest.approx(0.4)


def test_nothing_in_common_is_no_pair() -> None:
    assert agree({"a": "1"}, {"b": "1"}).pairs == 0
