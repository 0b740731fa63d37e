"""Worse, not worse, or that nobody can tell: what each of them promises."""

import json
import math

import pytest

from mlsystem.monitor.quality.constraints import (
    Operator,
    QualityConstraint,
    QualityConstraints,
    suggest_quality_constraints,
)
from mlsystem.monitor.quality.evaluation import Metric, Quality
from mlsystem.monitor.quality.problem import ProblemType
from mlsystem.monitor.quality.quality_document import quality_document
from mlsystem.monitor.quality.statistics_document import QualityStatistics
from mlsystem.monitor.quality.verdicts import MetricVerdict, QualityVerdict, decide_quality
from mlsystem.monitor.quality.violations import quality_violations
from mlsystem.monitor.unreadable import NOTHING_UNREADABLE, Unreadable
from tests.unit.monitor.quality.made import scored, some_scores

WORSE, NOT_WORSE, CANNOT_TELL = QualityVerdict.WORSE, QualityVerdict.NOT_WORSE, QualityVerdict.CANNOT_TELL
WINDOWS = 60


def accuracy(value: float, error: float, rows: int = 1000) -> Quality:
    return Quality(ProblemType.MULTICLASS, rows, (Metric("accuracy", value, math.nan, error, rows),))


def at_least(threshold: float, margin: float | None = None) -> QualityConstraints:
    constraint = QualityConstraint("accuracy", threshold, Operator.LESS, margin)
    return QualityConstraints(ProblemType.MULTICLASS, (constraint,))


def verdict_on(
    quality: Quality, constraints: QualityConstraints, baseline: QualityStatistics | None = None
) -> MetricVerdict:
    (found,) = decide_quality(quality, constraints, baseline, NOTHING_UNREADABLE).metrics
    return found


@pytest.mark.parametrize(
    ("value", "error", "verdict"),
    [
        (0.90, 0.01, NOT_WORSE),
        (0.88, 0.01, NOT_WORSE),  # lower, but no more than chance gives, and not by the margin of 0.05
        (0.87, 0.02, CANNOT_TELL),  # 0.9 or below 0.85: both may be true
        (0.86, 0.01, WORSE),
        (0.89, 0.003, WORSE),  # a little, and certainly
        (0.90, 0.05, CANNOT_TELL),
        (0.99, 0.05, NOT_WORSE),
        (0.10, 0.05, WORSE),
    ],
)
def test_a_value_is_weighed_against_its_threshold_and_its_noise(
    value: float, error: float, verdict: QualityVerdict
) -> None:
    assert verdict_on(accuracy(value, error), at_least(0.9)).verdict is verdict


def test_an_error_is_worse_if_it_is_larger() -> None:
    for value, verdict in [(1.0, NOT_WORSE), (1.2, WORSE), (0.5, NOT_WORSE)]:
        quality = Quality(ProblemType.REGRESSION, 1000, (Metric("rmse", value, math.nan, 0.05, 1000),))
        constraints = QualityConstraints(ProblemType.REGRESSION, (QualityConstraint("rmse", 1.0, Operator.GREATER),))
        assert verdict_on(quality, constraints).verdict is verdict


def test_a_margin_of_ones_own_moves_what_matters() -> None:
    quality = accuracy(0.895, 0.01)
    assert verdict_on(quality, at_least(0.9)).verdict is NOT_WORSE
    assert verdict_on(quality, at_least(0.9, margin=0.01)).verdict is CANNOT_TELL


def test_a_threshold_that_was_measured_is_as_noisy_as_its_baseline_and_one_that_was_set_is_exact() -> None:
    quality = accuracy(0.87, 0.01)
    assert verdict_on(quality, at_least(0.9), QualityStatistics(10**9, {"accuracy": 0.9})).error == pytest.approx(0.01)
    measured = verdict_on(quality, at_least(0.9), QualityStatistics(1000, {"accuracy": 0.9}))
    assert measured.error == pytest.approx(0.01 * math.sqrt(2))
    assert verdict_on(quality, at_least(0.9), QualityStatistics(1000, {"accuracy": 0.91})).error == 0.01


def test_what_cannot_be_told_says_how_many_rows_would_tell() -> None:
    found = verdict_on(accuracy(0.9, 0.05), at_least(0.9))
    assert found.rows_needed == 2706  # (1.645 x 0.05 / 0.05) squared, times a thousand
    assert found.reason == (
        "0.9 on 1,000 rows is equal to the threshold 0.9, but chance alone gives up to 0.1163; "
        "if it stays so, some 2,706 rows in all would tell"
    )
    nearly_worse = verdict_on(accuracy(0.80, 0.05), at_least(0.9))
    assert (nearly_worse.verdict, nearly_worse.rows_needed) == (CANNOT_TELL, 1353)  # (2.326 x 0.05 / 0.1) squared
    exactly = verdict_on(accuracy(0.9, 0.05), at_least(0.9, margin=0.0))
    assert (exactly.verdict, exactly.rows_needed) == (CANNOT_TELL, None)


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (Metric("accuracy", 0.1, math.nan, 0.01, 29), "it rests on 29 rows, and 30 are needed"),
        (Metric("accuracy", math.nan, math.nan, math.nan, 100), "the rows do not define it"),
        (Metric("accuracy", 0.1, math.nan, math.nan, 100), "its noise is not known"),
        (Metric("other", 0.1, math.nan, 0.01, 100), "it was not measured"),
    ],
)
def test_what_was_not_measured_well_enough_is_never_good_news(metric: Metric, reason: str) -> None:
    found = verdict_on(Quality(ProblemType.MULTICLASS, 100, (metric,)), at_least(0.0))
    assert found.verdict is CANNOT_TELL
    assert found.reason.startswith(reason)


def test_it_is_worse_if_one_metric_is_and_not_worse_only_if_each_is_not() -> None:
    quality = scored(*some_scores(5000))
    constraints = suggest_quality_constraints(quality)
    told = decide_quality(quality, constraints, None, NOTHING_UNREADABLE)
    assert told.sentence == "not worse (of 12 metrics: 12 not worse)"
    few = scored(*some_scores(100))
    assert decide_quality(few, constraints, None, NOTHING_UNREADABLE).verdict is CANNOT_TELL
    bad = decide_quality(scored(*some_scores(5000, worse=0.5)), constraints, None, NOTHING_UNREADABLE)
    assert (bad.verdict, bad.sentence) == (WORSE, "worse (of 12 metrics: 12 worse)")


def test_what_is_not_found_in_a_part_of_the_rows_may_be_in_the_rest() -> None:
    lost = Unreadable(20, ("f:1: not a line of JSON",))
    good, bad = accuracy(0.9, 0.01), accuracy(0.5, 0.01)
    assert decide_quality(good, at_least(0.9), None, lost).verdict is CANNOT_TELL
    assert decide_quality(bad, at_least(0.9), None, lost).verdict is WORSE
    assert decide_quality(good, at_least(0.9), None, Unreadable(10, ("f:1: x",))).verdict is NOT_WORSE


@pytest.mark.parametrize("rows", [300, 1000])
def test_a_model_that_has_not_changed_is_called_worse_once_in_a_hundred_runs_and_violates_in_most(rows: int) -> None:
    """docs/model-quality.md says so. Of 60 windows 4 would show a promise of 1 in 100 to be broken (p = 0.003)."""
    train = scored(*some_scores(20_000))
    constraints = suggest_quality_constraints(train)
    baseline = QualityStatistics(train.rows, {metric.name: metric.value for metric in train.metrics})
    windows = [scored(*some_scores(rows, seed)) for seed in range(100, 100 + WINDOWS)]
    found = [decide_quality(window, constraints, baseline, NOTHING_UNREADABLE).verdict for window in windows]
    assert found.count(WORSE) < 4
    assert sum(bool(quality_violations(window, constraints)) for window in windows) > WINDOWS / 2


def test_the_document_has_everything_that_a_verdict_rests_on() -> None:
    quality = accuracy(0.9, 0.05)
    told = decide_quality(quality, at_least(0.9), None, NOTHING_UNREADABLE)
    document = quality_document(quality, told, Unreadable(1, ("f:1: why",)), {"captures": 5})
    assert json.loads(json.dumps(document)) == {
        "version": 0.0,
        "verdict": "cannot tell",
        "summary": "cannot tell (of 1 metrics: 1 cannot tell)",
        "problem_type": "MulticlassClassification",
        "rows": 1000,
        "unreadable_rows": 1,
        "unreadable_examples": ["f:1: why"],
        "merge": {"captures": 5},
        "metrics": [
            {
                "metric_name": "accuracy",
                "verdict": "cannot tell",
                "reason": told.metrics[0].reason,
                "threshold": 0.9,
                "comparison_operator": "LessThanThreshold",
                "margin": 0.05,
                "value": 0.9,
                "rows": 1000,
                "standard_error": 0.05,
                "rows_needed": 2706,
            }
        ],
    }
