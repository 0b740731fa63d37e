"""Statistics of a part of the values: AWS's own examples, and its words on which bound counts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsystem.engine.decide.alarm import Samples, check_statistic, samples_of, statistic
from mlsystem.engine.decide.errors import AwsError

TEN = samples_of([float(value) for value in range(10, 101, 10)])


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("TC(30:70)", 4),  # 40, 50, 60, 70: the lower bound is exclusive, the upper one inclusive
        ("TC(30:)", 7),
        ("TC(:30)", 3),
        ("TC(29.9999999999:30)", 1),
        ("TC(100:)", 0),
        ("TC(20%:80%)", 6),
        ("tc90", 9),
        ("TC(:95%)", 9.5),
        ("TM(30:70)", 55),
        ("tm90", 50),
        ("TM(10%:90%)", 55),
        ("TM(100:)", None),
        ("IQM", 55),
        ("TM(25%:75%)", 55),
        ("TS(80%:)", 190),
        ("ts90", 450),
        ("TS(100:)", 0),
        ("PR(:30)", 30),
        ("PR(20:30)", 10),
        ("WM(20:50)", (20 * 2 + 30 + 40 + 50 * 6) / 10),
        ("wm90", (10 + 20 + 30 + 40 + 50 + 60 + 70 + 80 + 90 * 2) / 10),
        ("WM(10%:90%)", (10 + 20 + 30 + 40 + 50 + 60 + 70 + 80 + 90 * 2) / 10),
    ],
)
def test_a_figure_of_ten_values(name: str, figure: float | None) -> None:
    found = statistic(TEN, name)
    assert found == (figure if figure is None else pytest.approx(figure))


@pytest.mark.parametrize(
    "name",
    [
        *("TC", "TC()", "TC(:)", "TC(%:%)", "TC(1%:5)", "TC(5:1)", "TC(5:5)", "TC(:101%)", "PR(1%:2%)", "PR90"),
        *("tm", "tm101", "IQM(25%:75%)", "TC(-1:2)", "TC(1.12345678901:)", "XX(1:2)", "tc(1:2)"),
    ],
)
def test_what_is_no_statistic_is_refused(name: str) -> None:
    with pytest.raises(AwsError, match="is not supported"):
        check_statistic(name)


@pytest.mark.parametrize("name", ["TC(1:)", "tm90", "PR(:3)", "wm99", "IQM"])
def test_of_a_statistic_set_it_is_known_only_if_it_holds_one_value(name: str) -> None:
    assert statistic(Samples(4, 10, 1, 4), name) is None
    assert statistic(Samples(4, 8, 2, 2), name) == statistic(samples_of([2.0] * 4), name)


def test_of_negative_values_there_are_no_percentiles() -> None:
    assert statistic(samples_of([-1.0, 1.0, 2.0]), "p50") is None


@given(st.lists(st.floats(0, 1000), min_size=1), st.floats(0, 1000))
def test_what_is_above_and_what_is_not_are_all(values: list[float], bound: float) -> None:
    text = f"{bound:.10f}"
    samples, above = samples_of(values), sum(value > float(text) for value in values)
    assert statistic(samples, f"TC({text}:)") == above
    assert statistic(samples, f"TC(:{text})") == len(values) - above
    assert statistic(samples, f"PR(:{text})") == pytest.approx(100 * (len(values) - above) / len(values))
    whole = statistic(samples, "TM(0%:100%)")
    assert whole is not None and math.isclose(whole, statistic(samples, "Average") or 0.0, abs_tol=1e-9)
