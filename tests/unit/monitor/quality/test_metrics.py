"""Every metric against its definition, worked out row by row without the code under test."""

import math
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlsystem.monitor.quality.evaluation import Quality, UndefinedProblemError, evaluate, pairs_of
from mlsystem.monitor.quality.pairs import Answer
from mlsystem.monitor.quality.problem import Problem, ProblemType
from tests.unit.monitor.quality.made import SCORED, judge, labelled, scored

FEW = settings(max_examples=40, deadline=None)
ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 5).map(lambda step: step / 5)), min_size=1, max_size=40)


def value(quality: Quality, name: str) -> float:
    metric = quality.metric(name)
    assert metric is not None
    return metric.value


def share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def equal(found: float, expected: float) -> bool:
    return (math.isnan(found) and math.isnan(expected)) or found == pytest.approx(expected, rel=1e-12, abs=1e-15)


@FEW
@given(ROWS)
def test_binary_metrics_are_the_counts_that_they_stand_for(rows: list[tuple[bool, float]]) -> None:
    quality = scored([int(truth) for truth, _ in rows], [score for _, score in rows])
    tp = sum(truth and score >= 0.5 for truth, score in rows)
    fp = sum(not truth and score >= 0.5 for truth, score in rows)
    fn = sum(truth and score < 0.5 for truth, score in rows)
    tn = len(rows) - tp - fp - fn
    expected = {
        "recall": share(tp, tp + fn),
        "precision": share(tp, tp + fp),
        "accuracy": share(tp + tn, len(rows)),
        "true_positive_rate": share(tp, tp + fn),
        "true_negative_rate": share(tn, tn + fp),
        "false_positive_rate": share(fp, tn + fp),
        "false_negative_rate": share(fn, tp + fn),
        "f0_5": share(5 * tp, 5 * tp + fn + 4 * fp),
        "f1": share(2 * tp, 2 * tp + fn + fp),
        "f2": share(5 * tp, 5 * tp + 4 * fn + fp),
        "precision_best_constant_classifier": share(tp + fn, len(rows)),
        "recall_best_constant_classifier": share(tp + fn, tp + fn),
    }
    assert {name: True for name in expected} == {name: equal(value(quality, name), expected[name]) for name in expected}
    if tp + fn and tn + fp:
        assert quality.confusion == {"0": {"0": tn, "1": fp}, "1": {"0": fn, "1": tp}}


@FEW
@given(ROWS)
def test_the_area_under_the_curve_is_the_chance_to_rank_a_positive_row_higher(rows: list[tuple[bool, float]]) -> None:
    quality = scored([int(truth) for truth, _ in rows], [score for _, score in rows])
    positives, negatives = [s for t, s in rows if t], [s for t, s in rows if not t]
    wins = [Fraction((p > n) * 2 + (p == n), 2) for p in positives for n in negatives]
    assert equal(value(quality, "auc"), float(sum(wins) / len(wins)) if wins else math.nan)
    curves = quality.curves.get("receiver_operating_characteristic_curve")
    assert (curves is None) == (not wins)
    if curves:
        assert (curves["false_positive_rates"][0], curves["true_positive_rates"][0]) == (0.0, 0.0)
        assert (curves["false_positive_rates"][-1], curves["true_positive_rates"][-1]) == (1.0, 1.0)


@FEW
@given(ROWS)
def test_the_area_under_precision_is_the_mean_precision_at_each_positive_row(rows: list[tuple[bool, float]]) -> None:
    quality = scored([int(truth) for truth, _ in rows], [score for _, score in rows])
    positives = [score for truth, score in rows if truth]
    at = [sum(p >= s for p in positives) / sum(score >= s for _, score in rows) for s in positives]
    assert equal(value(quality, "au_prc"), sum(at) / len(at) if at else math.nan)


@FEW
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1, max_size=40))
def test_weighted_metrics_are_those_of_each_class_weighed_by_its_rows(rows: list[tuple[str, str]]) -> None:
    quality = labelled([truth for truth, _ in rows], [said for _, said in rows])
    actual, said = Counter(truth for truth, _ in rows), Counter(answer for _, answer in rows)
    hits = Counter(truth for truth, answer in rows if truth == answer)
    expected = dict.fromkeys(("weighted_recall", "weighted_precision", "weighted_f1"), 0.0)
    for label, count in actual.items():
        recall = hits[label] / count
        precision = hits[label] / said[label] if said[label] else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        for name, figure in zip(expected, (recall, precision, f1), strict=True):
            expected[name] += count / len(rows) * figure
    assert {name: value(quality, name) for name in expected} == pytest.approx(expected)
    assert value(quality, "accuracy") == pytest.approx(sum(hits.values()) / len(rows))
    assert value(quality, "accuracy_best_constant_classifier") == max(actual.values()) / len(rows)


NUMBERS = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))


@FEW
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30))
def test_regression_metrics_are_sums_over_errors(rows: list[tuple[float, float]]) -> None:
    answers = [Answer(repr(truth), repr(said)) for truth, said in rows]
    quality = judge(Problem(ProblemType.REGRESSION, inference="answer"), answers)
    errors = [Fraction(said) - Fraction(truth) for truth, said in rows]
    mse = float(sum(error**2 for error in errors) / len(rows))
    assert value(quality, "mae") == pytest.approx(float(sum(map(abs, errors)) / len(rows)))
    assert value(quality, "mse") == pytest.approx(mse)
    assert value(quality, "rmse") == pytest.approx(math.sqrt(mse))
    mean = sum(Fraction(truth) for truth, _ in rows) / len(rows)
    spread = float(sum((Fraction(truth) - mean) ** 2 for truth, _ in rows) / len(rows))
    if spread > 1e-3:
        assert value(quality, "r2") == pytest.approx(1 - mse / spread, rel=1e-6, abs=1e-6)


def test_what_the_rows_do_not_define_is_not_a_number() -> None:
    quality = scored([0, 0], [0.1, 0.2])
    undefined = [metric.name for metric in quality.metrics if math.isnan(metric.value)]
    assert {"recall", "precision", "auc", "au_prc", "f1", "false_negative_rate"} <= set(undefined)
    assert value(quality, "accuracy") == 1.0
    constant = judge(Problem(ProblemType.REGRESSION, inference="a"), [Answer("5", "4"), Answer("5", "6")])
    assert math.isnan(value(constant, "r2"))
    huge = judge(Problem(ProblemType.REGRESSION, inference="a"), [Answer("1e300", "-1e300"), Answer("0", "0")])
    assert math.isnan(value(huge, "mse"))


def test_labels_decide_where_there_are_labels_and_else_the_threshold() -> None:
    answers = [Answer("1", "0", "0.9"), Answer("0", "1", "0.2")]
    with_both = Problem(ProblemType.BINARY, inference="a", probability="p")
    assert value(judge(with_both, answers), "accuracy") == 0.0
    assert value(judge(with_both, answers), "auc") == 1.0
    assert value(judge(SCORED, answers), "accuracy") == 1.0
    assert value(judge(Problem(ProblemType.BINARY, probability="p", threshold=0.95), answers), "recall") == 0.0
    assert value(judge(Problem(ProblemType.BINARY, probability="p", threshold=0.9), answers), "recall") == 1.0
    assert judge(Problem(ProblemType.BINARY, inference="a"), answers).metric("auc") is None


@pytest.mark.parametrize(
    ("truths", "positive", "recall"),
    [
        (["1", "1.0", "0", "01"], None, 1.0),
        (["TRUE", "true", "False", "True"], None, 1.0),
        (["yes", "yes", "no", "yes"], "yes", 1.0),
        (["yes", "yes", "yes", "yes"], "yes", 1.0),
        (["2", "2", "10", "2"], "2.0", 1.0),
    ],
)
def test_labels_are_compared_by_what_they_mean(truths: list[str], positive: str | None, recall: float) -> None:
    problem = Problem(ProblemType.BINARY, inference="answer", positive_label=positive)
    assert value(judge(problem, [Answer(truth, truth.lower()) for truth in truths]), "recall") == recall


@pytest.mark.parametrize(
    ("labels", "positive", "fault"),
    [
        (["yes", "no"], None, "of the classes no, yes none is known as the positive one: set positive_label"),
        (["a", "b", "c"], "a", "BinaryClassification has two classes, and here are a, b, c"),
        (["a", "b"], "c", "the positive_label c is none of the classes a, b"),
    ],
)
def test_labels_that_do_not_fit_the_problem_are_named(labels: list[str], positive: str | None, fault: str) -> None:
    problem = Problem(ProblemType.BINARY, inference="answer", positive_label=positive)
    with pytest.raises(UndefinedProblemError, match=fault):
        judge(problem, [Answer(label, label) for label in labels])


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(None, "1", "0.5"), "the ground truth is missing"),
        (Answer("1", " ", "0.5"), "the prediction is missing"),
        (Answer("1", "1", "high"), "the probability is 'high', which is no number"),
        (Answer("1", "1", "nan"), "the probability is 'nan', which is no finite number"),
    ],
)
def test_a_cell_that_means_nothing_is_named_and_nothing_of_its_record_is_kept(answer: Answer, fault: str) -> None:
    pairs = pairs_of(Problem(ProblemType.BINARY, inference="a", probability="p"))
    with pytest.raises(ValueError, match=fault):
        pairs.add([Answer("1", "1", "0.5"), answer])
    assert len(pairs) == 0


def test_a_thousand_classes_are_classes_and_more_are_a_mistake() -> None:
    pairs = pairs_of(Problem(ProblemType.MULTICLASS, inference="a"))
    pairs.add([Answer(f"c{number}", f"c{number}") for number in range(1000)])
    with pytest.raises(ValueError, match="more than 1000 classes: is it a regression"):
        pairs.add([Answer("one more", "c1")])
    assert evaluate(Problem(ProblemType.MULTICLASS, inference="a"), pairs).rows == 1000


def test_a_curve_of_many_scores_is_thinned_and_keeps_its_ends() -> None:
    quality = scored([i % 2 for i in range(1000)], [i / 1000 for i in range(1000)])
    curve = quality.curves["precision_recall_curve"]
    assert len(curve["recalls"]) == len(curve["precisions"]) == 101
    assert (curve["recalls"][0], curve["recalls"][-1], curve["precisions"][-1]) == (0.0, 1.0, 0.5)
