"""constraint_violations.json of a model's quality: the plain comparison that the original made, noise or not."""

from collections.abc import Sequence

from mlsystem.monitor import texts
from mlsystem.monitor.quality.constraints import QualityConstraint, QualityConstraints
from mlsystem.monitor.quality.evaluation import Metric, Quality

Violations = Sequence[tuple[Metric, QualityConstraint]]


def quality_violations(quality: Quality, constraints: QualityConstraints) -> Violations:
    """The metrics that lie beyond their thresholds, in the order of the constraints."""
    measured = [(quality.metric(each.metric), each) for each in constraints.metrics]
    return [(metric, each) for metric, each in measured if metric is not None and each.is_violated_by(metric.value)]


def quality_violations_document(violations: Violations) -> dict[str, object]:
    """constraint_violations.json, ready to be written."""
    entries = [
        {
            "constraint_check_type": constraint.operator.value,
            "description": texts.beyond_threshold(
                metric.name, metric.value, metric.deviation, constraint.operator.value, constraint.threshold
            ),
            "metric_name": metric.name,
        }
        for metric, constraint in violations
    ]
    return {"violations": entries}
