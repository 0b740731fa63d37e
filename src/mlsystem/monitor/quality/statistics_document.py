"""statistics.json of a model's quality, and what a check needs of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mlsystem.monitor.document import Node
from mlsystem.monitor.quality.constraints import METRICS, VERSION
from mlsystem.monitor.quality.evaluation import Metric, Quality
from mlsystem.monitor.quality.problem import ProblemType

NOT_A_NUMBER = "NaN"  # as text: JSON has no number for it, and the original writes it so

# Where AWS's example has what is no single figure: each stands before this metric.
_BEFORE = {
    "confusion_matrix": ("recall", "accuracy"),
    "receiver_operating_characteristic_curve": ("auc",),
    "precision_recall_curve": ("auc",),
}


@dataclass(frozen=True)
class QualityStatistics:
    """Of a baseline: how many rows it was made of, and the values that it found."""

    rows: int
    values: Mapping[str, float]


def quality_statistics_document(quality: Quality, timestamp: datetime) -> dict[str, object]:
    """statistics.json, ready to be written."""
    others: dict[str, object] = dict(quality.curves)
    if quality.confusion is not None:
        others["confusion_matrix"] = quality.confusion
    members: dict[str, object] = {}
    for metric in quality.metrics:
        for name in [name for name in _BEFORE if name in others and metric.name in _BEFORE[name]]:
            members[name] = others.pop(name)
        members[metric.name] = _entry(metric)
    evaluated = timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "version": VERSION,
        "dataset": {"item_count": quality.rows, "evaluation_time": evaluated},
        f"{quality.type.key}_metrics": members,
    }


def parse_quality_statistics(document: object, kind: ProblemType) -> QualityStatistics:
    """A baseline's statistics. Raises DocumentError that names the place of what cannot be read."""
    root = Node(document)
    members = root[f"{kind.key}_metrics"]
    found = {name: member["value"] for name in METRICS[kind] if (member := members.get(name)) is not None}
    values = {name: value.number() for name, value in found.items() if value.value != NOT_A_NUMBER}
    return QualityStatistics(root["dataset"]["item_count"].whole_number(), values)


def _entry(metric: Metric) -> dict[str, object]:
    return {"value": number_or_nan(metric.value), "standard_deviation": number_or_nan(metric.deviation)}


def number_or_nan(number: float) -> float | str:
    """A number as the files have it."""
    return float(number) if math.isfinite(number) else NOT_A_NUMBER
