"""The figures of AWS's page on model-quality metrics, made again from the counts that it shows.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
"""

import pytest

from mlsystem.monitor.quality.evaluation import Quality, evaluate, pairs_of
from mlsystem.monitor.quality.pairs import Answer
from mlsystem.monitor.quality.problem import Problem, ProblemType

SMALL = {("0", "0"): 1, ("0", "1"): 2, ("1", "1"): 1}
LARGE = {("0", "0"): 1180, ("0", "1"): 510, ("1", "0"): 268, ("1", "1"): 138}


def judged(kind: ProblemType, counts: dict[tuple[str, str], int]) -> Quality:
    problem = Problem(kind, inference="answer")
    pairs = pairs_of(problem)
    for (truth, said), count in counts.items():
        pairs.add([Answer(truth, said)] * count)
    return evaluate(problem, pairs)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("recall", 1.0),
        ("precision", 0.3333333333333333),
        ("accuracy", 0.5),
        ("recall_best_constant_classifier", 1.0),
        ("precision_best_constant_classifier", 0.25),
        ("accuracy_best_constant_classifier", 0.25),
        ("true_positive_rate", 1.0),
        ("true_negative_rate", 0.33333333333333337),
        ("false_positive_rate", 0.6666666666666666),
        ("false_negative_rate", 0.0),
        ("f0_5", 0.3846153846153846),
        ("f1", 0.5),
        ("f2", 0.7142857142857143),
        ("f0_5_best_constant_classifier", 0.29411764705882354),
        ("f1_best_constant_classifier", 0.4),
        ("f2_best_constant_classifier", 0.625),
    ],
)
def test_binary_classification(name: str, value: float) -> None:
    metric = judged(ProblemType.BINARY, SMALL).metric(name)
    assert metric is not None
    assert metric.value == pytest.approx(value, rel=1e-15)


def test_the_confusion_matrix_is_by_what_turned_out_and_then_by_what_was_said() -> None:
    assert judged(ProblemType.BINARY, SMALL).confusion == {"0": {"0": 1, "1": 2}, "1": {"0": 0, "1": 1}}
    expected = {"0": {"0": 1180, "1": 510}, "1": {"0": 268, "1": 138}}
    assert judged(ProblemType.MULTICLASS, LARGE).confusion == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accuracy", 0.6288167938931297),
        ("weighted_recall", 0.6288167938931297),
        ("weighted_precision", 0.6983172269629505),
        ("weighted_f0_5", 0.6803947317178771),
        ("weighted_f1", 0.6571162346664904),
        ("weighted_f2", 0.6384024354394601),
    ],
)
def test_multiclass_classification(name: str, value: float) -> None:
    metric = judged(ProblemType.MULTICLASS, LARGE).metric(name)
    assert metric is not None
    assert metric.value == pytest.approx(value, rel=1e-14)


def test_the_constant_classifier_says_the_most_frequent_class_and_not_as_in_aws_example_the_rarer_one() -> None:
    """Of 2,096 rows 406 are of class 1, which is the 0.1937 that AWS shows; a better constant is class 0."""
    metric = judged(ProblemType.MULTICLASS, LARGE).metric("accuracy_best_constant_classifier")
    assert metric is not None
    assert metric.value == 1 - 0.19370229007633588


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mae", 0.3711832061068702),
        ("mse", 0.3711832061068702),
        ("rmse", 0.609248066149471),
        ("r2", -1.3766111872212665),
    ],
)
def test_regression_of_the_same_rows(name: str, value: float) -> None:
    metric = judged(ProblemType.REGRESSION, LARGE).metric(name)
    assert metric is not None
    assert metric.value == pytest.approx(value, rel=1e-13)


def test_the_deviations_have_the_size_of_those_of_aws() -> None:
    """Which rows were drawn is not known, so five draws may differ threefold."""
    quality = judged(ProblemType.REGRESSION, LARGE)
    for name, deviation in [("mae", 0.0037566), ("mse", 0.0037566), ("rmse", 0.0030793), ("r2", 0.022654)]:
        metric = quality.metric(name)
        assert metric is not None
        assert deviation / 3 < metric.deviation < deviation * 3
