"""What a model's quality must keep to: a threshold for each metric, as a baseline suggests it and users edit it.

The members are the original's: `threshold` and `comparison_operator`, which names what is a violation. Ours is `margin`,
by how much a metric may be worse than its threshold before it matters; other readers leave it alone.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass

from mlsystem.monitor.document import Node
from mlsystem.monitor.quality.binary import BINARY_METRICS, CONSTANT
from mlsystem.monitor.quality.evaluation import Quality
from mlsystem.monitor.quality.multiclass import MULTICLASS_METRICS
from mlsystem.monitor.quality.problem import ProblemType
from mlsystem.monitor.quality.regression import REGRESSION_METRICS

VERSION = 0.0
METRICS: Mapping[ProblemType, tuple[str, ...]] = {
    ProblemType.REGRESSION: REGRESSION_METRICS,
    ProblemType.BINARY: BINARY_METRICS,
    ProblemType.MULTICLASS: MULTICLASS_METRICS,
}
# Of these, less is better.
_ERRORS = {"mae", "mse", "rmse", "false_positive_rate", "false_negative_rate"}
# A tenth of an error; an error squared is then a fifth. Anything from 0 to 1, and r2, may lose five points in a hundred.
_RELATIVE_MARGINS = {"mae": 0.1, "rmse": 0.1, "mse": 0.2}
_MARGIN = 0.05


class Operator(enum.Enum):
    """What is a violation, by its name in the files."""

    LESS = "LessThanThreshold"
    GREATER = "GreaterThanThreshold"


@dataclass(frozen=True)
class QualityConstraint:
    """The threshold of one metric. `margin` None: the metric's own."""

    metric: str
    threshold: float
    operator: Operator
    margin: float | None = None

    def is_violated_by(self, value: float) -> bool:
        """Whether the value lies beyond the threshold; what is not defined does not."""
        return value < self.threshold if self.operator is Operator.LESS else value > self.threshold

    def shortfall(self, value: float) -> float:
        """By how much the value is worse than the threshold; below 0 if it is better."""
        return self.threshold - value if self.operator is Operator.LESS else value - self.threshold

    @property
    def tolerance(self) -> float:
        """By how much a value may be worse before it matters, in the unit of the metric."""
        if self.margin is not None:
            return self.margin
        share = _RELATIVE_MARGINS.get(self.metric)
        return _MARGIN if share is None else share * abs(self.threshold)


@dataclass(frozen=True)
class QualityConstraints:
    """The constraints of a model, in the order of the file."""

    type: ProblemType
    metrics: tuple[QualityConstraint, ...]


def suggest_quality_constraints(quality: Quality) -> QualityConstraints:
    """The constraints that the measured quality itself just satisfies; none on what was not defined."""
    suggested = [
        QualityConstraint(metric.name, metric.value, Operator.GREATER if metric.name in _ERRORS else Operator.LESS)
        for metric in quality.metrics
        if math.isfinite(metric.value) and not metric.name.endswith(CONSTANT)
    ]
    return QualityConstraints(quality.type, tuple(suggested))


def quality_constraints_document(constraints: QualityConstraints) -> dict[str, object]:
    """constraints.json, ready to be written."""
    members = {
        each.metric: {"threshold": each.threshold, "comparison_operator": each.operator.value}
        | ({"margin": each.margin} if each.margin is not None else {})
        for each in constraints.metrics
    }
    return {"version": VERSION, f"{constraints.type.key}_constraints": members}


def parse_quality_constraints(document: object, kind: ProblemType) -> QualityConstraints:
    """The constraints of a document. Raises DocumentError that names the place of what means nothing."""
    members = Node(document)[f"{kind.key}_constraints"]
    found = [_parse(Node(value, f"{members.path}.{name}"), name, kind) for name, value in _items(members)]
    if not found:
        members.fail("holds no constraint, so that nothing would be checked")
    return QualityConstraints(kind, tuple(found))


def _items(node: Node) -> list[tuple[str, object]]:
    return list(node.value.items()) if isinstance(node.value, dict) else node.fail("is not an object")


def _parse(node: Node, name: str, kind: ProblemType) -> QualityConstraint:
    if name not in METRICS[kind]:
        node.fail(f"is no metric of {kind.value}; these are: {', '.join(METRICS[kind])}")
    threshold, margin = node["threshold"].number(), node.get("margin")
    if margin is not None and margin.number() < 0.0:
        margin.fail(f"is {margin.number()}; allowed: 0 and more")
    operator = node["comparison_operator"].one_of(*(each.value for each in Operator))
    return QualityConstraint(name, threshold, Operator(operator), margin.number() if margin else None)
