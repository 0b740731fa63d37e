"""The standard error is what a metric really varies by; the original's deviation is half of it."""

import math

import numpy as np
import pytest

from mlsystem.monitor.quality.noise import deviations, standard_errors
from tests.unit.monitor.quality.made import scored, some_scores

ROWS = 4000


def share_of(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> dict[str, float]:
    return {"share": float(flags.mean())}


@pytest.mark.parametrize("rows", [40, ROWS, 200_000])
def test_of_a_share_it_is_what_the_binomial_distribution_says(rows: int) -> None:
    flags = np.arange(rows) % 10 == 0
    found = standard_errors(lambda chosen: share_of(flags[chosen]), rows)["share"]
    assert found == pytest.approx(math.sqrt(0.1 * 0.9 / rows), rel=0.25)  # a hundred samples tell it to 7 %


def test_of_any_metric_it_is_the_spread_over_new_rows() -> None:
    quality = scored(*some_scores(1000))
    again = [scored(*some_scores(1000, seed)) for seed in range(2, 42)]
    for name in ("auc", "au_prc", "f2", "precision"):
        found = quality.metric(name)
        assert found is not None
        values = [metric.value for each in again if (metric := each.metric(name))]
        assert found.error == pytest.approx(float(np.std(values)), rel=0.4)


def test_the_originals_deviation_needs_two_hundred_rows_and_is_about_half_of_the_error() -> None:
    flags = np.arange(ROWS) % 10 == 0
    assert deviations(lambda chosen: share_of(flags[chosen]), 199) == {}
    found = deviations(lambda chosen: share_of(flags[chosen]), ROWS)["share"]
    assert found == pytest.approx(math.sqrt(0.1 * 0.9 / ROWS) / 2, rel=0.7)


def test_the_same_rows_have_the_same_noise() -> None:
    assert scored(*some_scores(300)) == scored(*some_scores(300))


def test_a_share_that_no_row_contradicts_is_not_taken_for_certain() -> None:
    quality = scored([0, 1] * 50, [0.1, 0.9] * 50)
    accuracy, recall = quality.metric("accuracy"), quality.metric("recall")
    assert accuracy is not None
    assert recall is not None
    assert (accuracy.error, recall.error) == (0.02, 0.04)  # two rows of those that it rests on
