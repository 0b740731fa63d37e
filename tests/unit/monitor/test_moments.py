"""Plain statistics, to the last digit, in the order of the rows."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsystem.monitor.moments import moments

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200)


def test_the_statistics_of_one_to_four() -> None:
    result = moments(np.array([1.0, 2.0, 3.0, 4.0]))
    assert (result.count, result.total, result.mean) == (4, 10.0, 2.5)
    assert (result.minimum, result.maximum) == (1.0, 4.0)
    assert result.std_dev == math.sqrt(1.25)  # of the population, not of a sample


@given(NUMBERS)
@settings(deadline=None, database=None)
def test_the_sum_is_added_up_from_the_first_row_to_the_last(numbers: list[float]) -> None:
    expected = 0.0
    for number in numbers:
        expected += number
    assert moments(np.array(numbers)).total == expected


@given(NUMBERS)
@settings(deadline=None, database=None)
def test_the_standard_deviation_is_the_true_one_but_for_rounding(numbers: list[float]) -> None:
    exact = [Fraction(number) for number in numbers]
    mean = sum(exact) / len(exact)
    variance = sum((number - mean) ** 2 for number in exact) / len(exact)
    assert math.isclose(moments(np.array(numbers)).std_dev ** 2, float(variance), rel_tol=1e-9, abs_tol=1e-9)


def test_the_running_update_shows_in_the_last_digit() -> None:
    """0.1, 0.2, ... 1.0: the update gives ...832, a sum of squares around the mean (NumPy's) ...831."""
    numbers = np.array([step / 10 for step in range(1, 11)])
    count = mean = squares = 0.0
    for number in numbers.tolist():
        count += 1.0
        delta = number - mean
        mean += delta / count
        squares += delta * (delta - delta / count)
    assert moments(numbers).std_dev == math.sqrt(squares / count)


def test_a_single_row_has_no_spread() -> None:
    assert moments(np.array([7.5])).std_dev == 0.0
