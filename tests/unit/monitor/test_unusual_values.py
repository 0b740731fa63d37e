"""How unusual a value is: the share of the baseline that is at least as unusual."""

import numpy as np
import pytest

from mlsystem.monitor.unusual_values import RARE, Judged, Values, judge_of
from tests.unit.monitor.report.made import numbers, words

THOUSAND = numbers("n", [float(i) for i in range(1000)])


def of_numbers(*values: float) -> Judged:
    judge = judge_of(THOUSAND, np.array(values))
    assert judge is not None
    return judge.judge(np.array(values))


def of_texts(
    counts: dict[str, int], *values: str | None, rows: int | None = None, distinct: int | None = None
) -> Judged:
    judge = judge_of(words("w", counts, rows, distinct), values)
    assert judge is not None
    return judge.judge(values)


def test_a_number_is_as_unusual_as_the_tails_beyond_it() -> None:
    shares = of_numbers(3.0, 996.0, 500.0, 1000.0).shares.tolist()
    assert shares == [pytest.approx(9 / 1001), pytest.approx(9 / 1001), 1.0, pytest.approx(1 / 1001)]


def test_ordinary_values_count_nothing() -> None:
    found = of_numbers(*[float(i) for i in range(20, 980)])
    assert not found.scores.any()
    assert (found.shares >= RARE).all()


def test_what_lies_beyond_all_of_the_baseline_counts_the_more_the_farther_out_it_is() -> None:
    scores = of_numbers(999.0, 1001.0, 5e3, 1e9, 1e308, -1e308).scores
    assert (np.diff(scores[:4]) > 0).all()
    assert np.isfinite(scores).all()


def test_a_missing_value_is_unusual_where_hardly_any_was_missing() -> None:
    shares = of_numbers(float("nan"), float("inf"), float("-inf")).shares.tolist()
    assert shares == [pytest.approx(0.5 / 1001)] * 3
    often = judge_of(numbers("n", [1.0] * 40, rows=1000), np.array([np.nan]))
    assert often is not None
    assert often.judge(np.array([np.nan])).shares.tolist() == [1.0]


def test_a_baseline_of_one_number_finds_any_other_unusual() -> None:
    judge = judge_of(numbers("n", [5.0] * 200), np.array([5.0]))
    assert judge is not None
    assert judge.judge(np.array([5.0, 5.5])).scores.tolist() == [
        0.0,
        pytest.approx(-np.log(1 / 201 / RARE) + np.log1p(0.1)),
    ]


def test_a_category_is_as_unusual_as_all_that_are_as_rare_or_rarer() -> None:
    shares = of_texts({"a": 990, "b": 6, "c": 4}, "a", "b", "c", "new").shares.tolist()
    assert shares == [pytest.approx(share / 1001) for share in (1000.5, 10.5, 4.5, 0.5)]


def test_no_name_in_a_column_of_names_is_unusual() -> None:
    assert not of_texts({f"name {i}": 1 for i in range(500)}, "name 7").scores.any()
    unlisted = of_texts({"name 1": 1}, "name 7", rows=1000, distinct=1000)
    assert unlisted.shares.tolist() == [pytest.approx(0.5 / 2.0)]


def test_a_missing_text_is_judged_as_a_missing_number_is() -> None:
    assert of_texts({"a": 1000}, None).shares.tolist() == [pytest.approx(0.5 / 1001)]


@pytest.mark.parametrize(
    ("feature", "values"), [(THOUSAND, ["a"]), (words("w", {"a": 9}), np.array([1.0]))], ids=["text", "number"]
)
def test_what_the_baseline_knows_only_as_another_kind_is_not_judged(feature: object, values: Values) -> None:
    assert judge_of(feature, values) is None  # type: ignore[arg-type]
