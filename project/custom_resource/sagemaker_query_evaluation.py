"""Query Evaluation Results: the metric that the gate compares, from the eval.json of a Model Evaluation Job.

The workflow compares; this function only finds the figures. Whatever is missing raises, so that the state fails and says
what is missing: no figure, no deployment.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

import boto3
from s3_object import EvidenceError, read_json

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# What a model must reach where mlsystem.yaml has no gate. A regression has none: its unit is not known here.
DEFAULT_GATES: dict[str, dict[str, Any]] = {
    "binary_classification_metrics": {"Metric": "auc", "Comparison": "GreaterThan", "Threshold": 0.7},
    "multiclass_classification_metrics": {"Metric": "weighted_f1", "Comparison": "GreaterThan", "Threshold": 0.6},
}
GATE_KEYS = ("Metric", "Comparison", "Threshold")

log = logging.getLogger(__name__)


def query_evaluation(s3: S3Client, event: dict[str, Any]) -> dict[str, Any]:
    """`event`: EvaluationUri; Gate, empty or with Metric, Comparison and Threshold.

    Returns the gate with the metric's Value and what it was Measured by, which tells whether two values can be compared.
    Raises EvidenceError.
    """
    uri = event["EvaluationUri"]
    report = read_json(s3, uri)
    group, metrics = _metrics(uri, report)
    gate = event["Gate"] or DEFAULT_GATES.get(group)
    if gate is None:
        raise EvidenceError(f"{uri}: holds {group}, which have no gate of their own; state one in mlsystem.yaml")
    missing = [key for key in GATE_KEYS if key not in gate]
    if missing:
        raise EvidenceError(f"the gate lacks {', '.join(missing)}")
    found = {"Value": _value(uri, group, metrics, gate["Metric"]), "Measured": f"{group} of {_rows(report)}"}
    result = {key: gate[key] for key in GATE_KEYS} | found
    log.info("gate %s", result)
    return result


def _metrics(uri: str, report: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The one group of metrics in SageMaker's model-quality schema."""
    groups = {name: value for name, value in report.items() if name.endswith("_metrics") and isinstance(value, dict)}
    if len(groups) != 1:
        raise EvidenceError(f"{uri}: holds {len(groups)} groups of metrics ({', '.join(groups)}) instead of one")
    return next(iter(groups.items()))


def _rows(report: dict[str, Any]) -> str:
    """How many rows were evaluated, as far as the program tells: Model Monitor's `dataset`."""
    dataset = report.get("dataset")
    count = dataset.get("item_count") if isinstance(dataset, dict) else None
    return "rows that it does not count" if count is None else f"{count} rows"


def _value(uri: str, group: str, metrics: dict[str, Any], name: str) -> float:
    if name not in metrics:
        raise EvidenceError(f"{uri}: {group} has no {name}; it has {', '.join(metrics) or 'nothing'}")
    value = metrics[name].get("value") if isinstance(metrics[name], dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise EvidenceError(f"{uri}: {group}.{name} has no finite number as its value: {metrics[name]!r}")
    return value


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return query_evaluation(boto3.client("s3"), event)
