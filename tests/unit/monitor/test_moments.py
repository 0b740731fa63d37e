"""Plain statistics, to the last digit, in the order of the rows."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsystem.monitor.moments import ONE_BY_ONE, Floats, Moments, RunningMoments


def moments(numbers: Floats) -> Moments:
    running = RunningMoments()
    running.update(numbers)
    return running.result()


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
    """The value was worked out step by step with Spark's update; squares around the mean end in ...792."""
    numbers = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    assert moments(numbers).std_dev == 0.22912878474779202
    assert float(np.std(numbers)) == 0.229128784747792


def test_a_single_row_has_no_spread() -> None:
    assert moments(np.array([7.5])).std_dev == 0.0


@given(NUMBERS, st.lists(st.integers(0, 200), max_size=5))
@settings(deadline=None, database=None)
def test_how_the_numbers_are_cut_into_blocks_makes_no_difference(numbers: list[float], cuts: list[int]) -> None:
    running = RunningMoments()
    for block in np.split(np.array(numbers), sorted(cut for cut in cuts if cut < len(numbers))):
        running.update(block)
    assert running.result() == moments(np.array(numbers))


def test_beyond_the_numbers_that_are_taken_one_by_one_the_deviation_is_merged() -> None:
    numbers = np.random.default_rng(5).normal(1e6, 3.0, 3 * ONE_BY_ONE)
    result = moments(numbers)
    assert math.isclose(result.std_dev, float(np.std(numbers)), rel_tol=1e-9)
    assert result.total == float(np.add.accumulate(numbers)[-1])
