"""Categories then and now: the frequent ones, the rest, and which came or went."""

import pytest

from mlsystem.monitor.report.category_shares import Appearance, category_shares
from tests.unit.monitor.report.made import words


def test_shares_are_of_the_values_and_the_most_frequent_of_either_side_come_first() -> None:
    shares = category_shares(words("w", {"a": 6, "b": 4}, rows=20), words("w", {"b": 8, "c": 2}))
    assert [(one.value, one.before, one.now) for one in shares.shares] == [
        ("b", 0.4, 0.8),
        ("a", 0.6, 0.0),
        ("c", 0.0, 0.2),
    ]
    assert shares.new == Appearance(1, 0.2, ("c",))
    assert shares.gone == Appearance(1, 0.6, ("a",))


def test_rare_ones_are_one_bar_together() -> None:
    many = {f"v{i:02}": 100 - i for i in range(20)}
    shares = category_shares(words("w", many), words("w", many))
    assert len(shares.shares) == 8
    assert sum(one.before for one in shares.shares) + shares.other.before == pytest.approx(1.0)


def test_a_category_is_new_only_where_the_list_of_the_baseline_is_complete() -> None:
    before = words("w", {"a": 500}, rows=1000, distinct=501)
    assert category_shares(before, words("w", {"a": 1, "z": 1})).new == Appearance()


def test_where_a_side_has_no_value_nothing_is_new_or_gone() -> None:
    shares = category_shares(words("w", {"a": 3}), None)
    assert (shares.new, shares.gone) == (Appearance(), Appearance())
    assert [(one.before, one.now) for one in shares.shares] == [(1.0, 0.0)]
    assert shares.other.now == 0.0


def test_a_category_as_long_as_a_book_does_not_fill_the_file() -> None:
    shares = category_shares(words("w", {"x" * 10_000: 1}), words("w", {"y" * 10_000: 1}))
    assert max(len(one.value) for one in shares.shares) == 200
    assert max(map(len, shares.new.values)) == 200
