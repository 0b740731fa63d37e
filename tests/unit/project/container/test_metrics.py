"""Every expected figure here is computed by hand from its definition; the arithmetic stands beside it."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

metrics: Any = importlib.import_module("metrics")


def value(group: dict[str, Any], name: str) -> float:
    return float(group[name]["value"])


@pytest.mark.parametrize(
    ("labels", "scores", "auc"),
    [
        ([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 3 / 4),  # pairs won: 0.35>0.1, 0.8>0.1, 0.8>0.4
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], 1.0),
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], 0.0),
        ([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], 0.5),  # all tied: each pair counts half
        ([0, 1, 1, 0, 1], [0.2, 0.2, 0.7, 0.7, 0.9], (0.5 + 0 + 1 + 0.5 + 1 + 1) / 6),
        ([1, 0], [float("-1e300"), 1e300], 0.0),
    ],
)
def test_auc_is_the_share_of_pairs_won_where_a_tie_counts_half(
    labels: list[int], scores: list[float], auc: float
) -> None:
    assert metrics.area_under_curve(np.array(labels), np.array(scores)) == pytest.approx(auc, abs=1e-12)


def test_auc_agrees_with_counting_all_pairs_of_tied_data() -> None:
    random = np.random.default_rng(7)
    labels, scores = random.integers(0, 2, 400), random.integers(0, 12, 400) / 11
    positive, negative = scores[labels == 1][:, None], scores[labels == 0][None, :]
    pairs = (positive > negative).mean() + (positive == negative).mean() / 2
    assert metrics.area_under_curve(labels, scores) == pytest.approx(pairs, abs=1e-12)


def test_binary_metrics_of_awss_own_example() -> None:
    """The example of SageMaker's page on model quality: 4 rows, one positive, two false alarms."""
    labels, scores = np.array([0, 0, 0, 1]), np.array([0.2, 0.6, 0.7, 0.9])
    group = metrics.binary_metrics(labels, scores, 0.5, ("0", "1"))
    assert group["confusion_matrix"] == {"0": {"0": 1, "1": 2}, "1": {"0": 0, "1": 1}}
    expected = {
        "recall": 1.0,
        "precision": 1 / 3,
        "accuracy": 0.5,
        "recall_best_constant_classifier": 1.0,
        "precision_best_constant_classifier": 0.25,
        "accuracy_best_constant_classifier": 0.25,
        "true_positive_rate": 1.0,
        "true_negative_rate": 1 / 3,
        "false_positive_rate": 2 / 3,
        "false_negative_rate": 0.0,
        "auc": 1.0,
        "f0_5": 0.3846153846153846,
        "f1": 0.5,
        "f2": 0.7142857142857143,
        "f0_5_best_constant_classifier": 0.29411764705882354,
        "f1_best_constant_classifier": 0.4,
        "f2_best_constant_classifier": 0.625,
    }
    assert {name: value(group, name) for name in expected} == pytest.approx(expected)
    assert {entry["standard_deviation"] for name, entry in group.items() if name in expected} == {"NaN"}


def test_a_score_at_the_threshold_counts_as_positive() -> None:
    group = metrics.binary_metrics(np.array([0, 1]), np.array([0.3, 0.4]), 0.4, ("no", "yes"))
    assert group["confusion_matrix"] == {"no": {"no": 1, "yes": 0}, "yes": {"no": 0, "yes": 1}}


def test_curves_begin_at_the_strictest_threshold_and_end_at_the_loosest() -> None:
    group = metrics.binary_metrics(np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.4, 0.9]), 0.5, ("0", "1"))
    roc = group["receiver_operating_characteristic_curve"]
    assert roc["true_positive_rates"] == [0.0, 0.5, 1.0, 1.0]
    assert roc["false_positive_rates"] == [0.0, 0.0, 0.5, 1.0]
    assert group["precision_recall_curve"]["precisions"] == [1.0, 1.0, pytest.approx(2 / 3), 0.5]


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    random = np.random.default_rng(3)
    labels, scores = random.integers(0, 2, 5000), random.random(5000)
    roc = metrics.binary_metrics(labels, scores, 0.5, ("0", "1"))["receiver_operating_characteristic_curve"]
    assert len(roc["true_positive_rates"]) == 101
    assert (roc["true_positive_rates"][-1], roc["false_positive_rates"][-1]) == (1.0, 1.0)


def test_multiclass_figures_are_weighted_by_the_rows_of_each_class() -> None:
    """a: 3 rows, answered twice, 2 hits (f1 0.8). b: 2 rows, answered 3 times, 2 hits (f1 0.8). c: 1 row, hit."""
    group = metrics.multiclass_metrics(np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 2]), ("a", "b", "c"))
    assert group["confusion_matrix"]["a"] == {"a": 2, "b": 1, "c": 0}
    assert value(group, "accuracy") == pytest.approx(5 / 6)
    assert value(group, "weighted_recall") == pytest.approx((3 * (2 / 3) + 2 * 1 + 1) / 6)
    assert value(group, "weighted_precision") == pytest.approx((3 * 1 + 2 * (2 / 3) + 1) / 6)
    assert value(group, "weighted_f1") == pytest.approx((3 * 0.8 + 2 * 0.8 + 1) / 6)


def test_weighted_f1_is_not_the_macro_mean() -> None:
    """9 rows of a all hit; of 1 row of b none: f1(a) = 2*0.9*1/1.9, f1(b) = 0."""
    labels, predicted = np.array([0] * 9 + [1]), np.zeros(10, dtype=np.int64)
    group = metrics.multiclass_metrics(labels, predicted, ("a", "b"))
    assert value(group, "weighted_f1") == pytest.approx(0.9 * (1.8 / 1.9))
    assert value(group, "weighted_f1_best_constant_classifier") == value(group, "weighted_f1")


def test_regression_metrics() -> None:
    """Errors 1, -1, 2, 0: mae 1, mse 1.5; labels 1..4 vary by 1.25 around 2.5."""
    group = metrics.regression_metrics(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 1.0, 5.0, 4.0]))
    assert {name: value(group, name) for name in group} == pytest.approx(
        {"mae": 1.0, "mse": 1.5, "rmse": 1.5**0.5, "r2": 1 - 1.5 / 1.25}
    )


def test_deviations_are_given_from_200_rows_on_and_are_the_same_each_time() -> None:
    random = np.random.default_rng(5)
    labels, scores = random.integers(0, 2, 200), random.random(200)
    first, again = (metrics.binary_metrics(labels, scores, 0.5, ("0", "1")) for _ in range(2))
    assert first == again
    assert 0 < first["auc"]["standard_deviation"] < 0.1
    short = metrics.binary_metrics(labels[:199], scores[:199], 0.5, ("0", "1"))
    assert short["auc"]["standard_deviation"] == "NaN"


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1]])
def test_an_auc_of_one_class_is_an_error_and_not_a_number(labels: list[int]) -> None:
    with pytest.raises(metrics.UndefinedMetricError, match="one class only"):
        metrics.binary_metrics(np.array(labels), np.linspace(0, 1, len(labels)), 0.5, ("0", "1"))


def test_an_r2_of_a_constant_is_an_error() -> None:
    with pytest.raises(metrics.UndefinedMetricError, match="all labels"):
        metrics.regression_metrics(np.array([2.0, 2.0]), np.array([1.0, 2.0]))


def test_a_sample_that_misses_a_rare_class_costs_the_deviation_only() -> None:
    first_sample = np.random.default_rng(metrics.SEED).choice(300, 240, replace=False)
    labels = np.zeros(300, dtype=np.int64)
    labels[np.setdiff1d(np.arange(300), first_sample)[0]] = 1
    group = metrics.binary_metrics(labels, labels / 2, 0.5, ("0", "1"))
    assert group["auc"] == {"value": 1.0, "standard_deviation": "NaN"}


def test_residuals_are_counted_in_classes_that_follow_the_labels_alone() -> None:
    """Labels -1 and 1 have a standard deviation of 1, so the classes reach from -2 to 2; what lies beyond is in the outermost."""
    labels = np.array([-1.0, 1.0, -1.0, 1.0])
    found = metrics.residual_histogram(labels, labels + np.array([0.01, 0.01, 9.0, -9.0]))
    edges, counts = found["edges"], found["counts"]
    assert (edges[0], edges[-1], sum(counts)) == (-2.0, 2.0, 4)
    assert (counts[0], counts[-1], counts[len(counts) // 2]) == (1, 1, 2)
