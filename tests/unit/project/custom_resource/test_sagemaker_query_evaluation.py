"""Query Evaluation Results gives the gate's figures, or fails and says what is missing."""

import json
from typing import Any

import pytest
from s3_object import EvidenceError
from sagemaker_query_evaluation import query_evaluation

from tests.aws.clients import body, scripted

URI = "s3://artifacts/mls-demo/runs/job/evaluation/eval.json"
AUC = {"binary_classification_metrics": {"auc": {"value": 0.81, "standard_deviation": "NaN"}}}
UNCOUNTED = "binary_classification_metrics of rows that it does not count"
GATE = {"Metric": "auc", "Comparison": "GreaterThan", "Threshold": 0.75}


def query(report: object, gate: dict[str, Any]) -> dict[str, Any]:
    content = report if isinstance(report, bytes) else json.dumps(report).encode()
    with scripted("s3") as s3:
        s3.answers(
            "get_object",
            {"Body": body(content)},
            {"Bucket": "artifacts", "Key": "mls-demo/runs/job/evaluation/eval.json"},
        )
        return query_evaluation(s3.client, {"EvaluationUri": URI, "Gate": gate})


def test_the_metric_of_the_gate_is_returned_with_the_gate() -> None:
    assert query(AUC, GATE) == {**GATE, "Value": 0.81, "Measured": UNCOUNTED}


def test_without_a_gate_a_binary_model_must_reach_an_auc_of_70_percent() -> None:
    default = {"Metric": "auc", "Comparison": "GreaterThan", "Threshold": 0.7}
    assert query(AUC, {}) == {**default, "Value": 0.81, "Measured": UNCOUNTED}


def test_without_a_gate_a_multiclass_model_must_reach_a_weighted_f1_of_60_percent() -> None:
    report = {"multiclass_classification_metrics": {"weighted_f1": {"value": 0.5}, "macro_f1": {"value": 0.9}}}
    expected = {"Metric": "weighted_f1", "Comparison": "GreaterThan", "Threshold": 0.6, "Value": 0.5}
    assert query(report, {}).items() >= expected.items()


def test_the_kind_of_model_and_the_number_of_rows_tell_what_a_value_was_measured_by() -> None:
    report = {**AUC, "dataset": {"item_count": 1200}}
    assert query(report, GATE)["Measured"] == "binary_classification_metrics of 1200 rows"


def test_a_regression_without_a_gate_fails() -> None:
    with pytest.raises(EvidenceError, match=r"state one in mlsystem.yaml"):
        query({"regression_metrics": {"rmse": {"value": 3}}}, {})


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        (b"[1]", "does not hold a JSON object"),
        (b'{"binary_classification_metrics": {"auc": {"value": NaN}}}', "NaN is no number"),
        ({}, "0 groups of metrics"),
        ({"binary_classification_metrics": {}, "regression_metrics": {}}, "2 groups of metrics"),
        ({"binary_classification_metrics": {"f1": {"value": 1}}}, "has no auc; it has f1"),
        ({"binary_classification_metrics": {"auc": 0.9}}, "no finite number"),
        ({"binary_classification_metrics": {"auc": {"value": "0.9"}}}, "no finite number"),
        ({"binary_classification_metrics": {"auc": {"value": True}}}, "no finite number"),
        ({"binary_classification_metrics": {"auc": {"value": None}}}, "no finite number"),
    ],
)
def test_evidence_that_is_not_what_it_should_be_fails_and_says_why(report: object, reason: str) -> None:
    with pytest.raises(EvidenceError, match=reason):
        query(report, GATE)


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_a_report_that_cannot_be_read_fails_and_names_it(code: str) -> None:
    with scripted("s3") as s3:
        s3.fails("get_object", code)
        with pytest.raises(EvidenceError, match=f"{URI}.*{code}"):
            query_evaluation(s3.client, {"EvaluationUri": URI, "Gate": GATE})


def test_half_a_gate_fails() -> None:
    with pytest.raises(EvidenceError, match="lacks Comparison, Threshold"):
        query(AUC, {"Metric": "auc"})
