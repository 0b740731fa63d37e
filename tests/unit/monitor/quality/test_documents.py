"""The files of a model's quality: what a baseline writes a check reads, and what a user broke is named."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mlsystem.monitor.document import DocumentError
from mlsystem.monitor.jackson import write
from mlsystem.monitor.quality.constraints import (
    METRICS,
    Operator,
    parse_quality_constraints,
    quality_constraints_document,
    suggest_quality_constraints,
)
from mlsystem.monitor.quality.evaluation import Quality
from mlsystem.monitor.quality.metric_data import quality_metric_data
from mlsystem.monitor.quality.pairs import Answer
from mlsystem.monitor.quality.problem import Problem, ProblemType
from mlsystem.monitor.quality.statistics_document import parse_quality_statistics, quality_statistics_document
from mlsystem.monitor.quality.violations import quality_violations, quality_violations_document
from tests.unit.monitor.quality.made import judge, labelled, scored, some_scores

NOW = datetime(2026, 11, 24, 3, 30, tzinfo=timezone(timedelta(hours=1)))


def each() -> list[Quality]:
    regression = Problem(ProblemType.REGRESSION, inference="a")
    return [
        judge(regression, [Answer(str(n), str(n + n % 3)) for n in range(10)]),
        scored(*some_scores(250)),
        labelled(list("abcab"), list("abcba")),
    ]


@pytest.mark.parametrize("quality", each(), ids=lambda quality: quality.type.key)
def test_a_check_reads_what_a_baseline_writes(quality: Quality) -> None:
    constraints = suggest_quality_constraints(quality)
    assert parse_quality_constraints(quality_constraints_document(constraints), quality.type) == constraints
    statistics = parse_quality_statistics(quality_statistics_document(quality, NOW), quality.type)
    assert statistics.rows == quality.rows
    assert statistics.values == {metric.name: metric.value for metric in quality.metrics}
    assert quality_violations(quality, constraints) == []


def test_statistics_are_written_as_aws_shows_them() -> None:
    quality = labelled(["1", "0"], ["1", "0"], ProblemType.BINARY)
    text = write(quality_statistics_document(quality, NOW))
    assert text.startswith(
        """{
  "version" : 0.0,
  "dataset" : {
    "item_count" : 2,
    "evaluation_time" : "2026-11-24T02:30:00Z"
  },
  "binary_classification_metrics" : {
    "confusion_matrix" : {
      "0" : {
        "0" : 1,
        "1" : 0
      },
      "1" : {
        "0" : 0,
        "1" : 1
      }
    },
    "recall" : {
      "value" : 1.0,
      "standard_deviation" : "NaN"
    },
"""
    )


def test_the_members_come_in_the_order_of_aws_pages() -> None:
    _, binary, multiclass = (quality_statistics_document(quality, NOW) for quality in each())
    members = binary["binary_classification_metrics"]
    assert isinstance(members, dict)
    assert list(members) == [
        *("confusion_matrix", "recall", "precision", "accuracy"),
        *(f"{name}_best_constant_classifier" for name in ("recall", "precision", "accuracy")),
        *("true_positive_rate", "true_negative_rate", "false_positive_rate", "false_negative_rate"),
        *("receiver_operating_characteristic_curve", "precision_recall_curve", "auc", "au_prc", "f0_5", "f1", "f2"),
        *(f"{name}_best_constant_classifier" for name in ("f0_5", "f1", "f2")),
    ]
    several = multiclass["multiclass_classification_metrics"]
    assert isinstance(several, dict)
    assert list(several)[:3] == ["confusion_matrix", "accuracy", "weighted_recall"]


def test_a_baseline_suggests_no_threshold_for_a_constant_and_for_what_is_not_defined() -> None:
    suggested = suggest_quality_constraints(scored([0, 0, 0], [0.1, 0.2, 0.7]))
    assert {each.metric: each.operator for each in suggested.metrics} == {
        "precision": Operator.LESS,
        "accuracy": Operator.LESS,
        "true_negative_rate": Operator.LESS,
        "false_positive_rate": Operator.GREATER,
        "f0_5": Operator.LESS,
        "f1": Operator.LESS,
        "f2": Operator.LESS,
    }


def test_a_margin_is_kept() -> None:
    entry = {"threshold": 1, "comparison_operator": "GreaterThanThreshold", "margin": 0.5}
    found = parse_quality_constraints({"regression_constraints": {"mae": entry}}, ProblemType.REGRESSION)
    assert quality_constraints_document(found)["regression_constraints"] == {"mae": entry}


@pytest.mark.parametrize(
    ("member", "fault"),
    [
        ({}, r"\$\.regression_constraints holds no constraint"),
        ([], r"\$\.regression_constraints is not an object"),
        ({"mape": {}}, "mape is no metric of Regression; these are: mae, mse, rmse, r2"),
        ({"mae": {"comparison_operator": "LessThanThreshold"}}, "mae has no member 'threshold'"),
        ({"mae": {"threshold": 1}}, "mae has no member 'comparison_operator'"),
        ({"mae": {"threshold": "low"}}, "threshold is not a number"),
        ({"mae": {"threshold": float("inf")}}, "threshold is not a finite number"),
        ({"mae": {"threshold": 1, "margin": -1}}, "margin is -1.0; allowed: 0 and more"),
        ({"mae": {"threshold": 1, "comparison_operator": "Less"}}, "is 'Less'; allowed: LessThanThreshold"),
    ],
)
def test_a_constraint_that_means_nothing_is_named(member: object, fault: str) -> None:
    with pytest.raises(DocumentError, match=fault):
        parse_quality_constraints({"regression_constraints": member}, ProblemType.REGRESSION)


def test_constraints_of_another_problem_are_no_constraints() -> None:
    with pytest.raises(DocumentError, match="has no member 'binary_classification_constraints'"):
        parse_quality_constraints({"regression_constraints": {}}, ProblemType.BINARY)


def test_a_violation_is_the_plain_comparison() -> None:
    constraints = suggest_quality_constraints(labelled(["a", "a"], ["a", "a"]))
    violations = quality_violations(labelled(["a", "b"], ["a", "a"]), constraints)
    assert [metric.name for metric, _ in violations] == [name for name in METRICS[ProblemType.MULTICLASS][:6]]
    entries = quality_violations_document(violations)["violations"]
    assert isinstance(entries, list)
    assert entries[0] == {
        "constraint_check_type": "LessThanThreshold",
        "description": "Metric accuracy with 0.5 +/- NaN was LessThanThreshold 1.0",
        "metric_name": "accuracy",
    }


def test_every_figure_that_is_defined_is_a_metric() -> None:
    data = list(
        quality_metric_data(scored([0, 0], [0.1, 0.7]), [{"Name": "Endpoint", "Value": "e"}], datetime.now(UTC))
    )
    found = {datum["MetricName"]: datum["Value"] for datum in data}
    assert found["accuracy"] == 0.5
    assert "auc" not in found
