"""quality.json: the verdict on a model, what it rests on, and what became of each record. Ours alone."""

from collections.abc import Mapping

from mlsystem.monitor.quality.constraints import VERSION
from mlsystem.monitor.quality.evaluation import Quality
from mlsystem.monitor.quality.statistics_document import number_or_nan
from mlsystem.monitor.quality.verdicts import MetricVerdict, ModelVerdict
from mlsystem.monitor.unreadable import Unreadable


def quality_document(
    quality: Quality, verdict: ModelVerdict, unreadable: Unreadable, merge: Mapping[str, int] | None
) -> dict[str, object]:
    """quality.json, ready to be written; `merge` has the counts of merging, if the run merged."""
    document: dict[str, object] = {
        "version": VERSION,
        "verdict": verdict.verdict.value,
        "summary": verdict.sentence,
        "problem_type": quality.type.value,
        "rows": quality.rows,
        "unreadable_rows": unreadable.count,
        "unreadable_examples": list(unreadable.examples),
    }
    if merge is not None:
        document["merge"] = dict(merge)
    return {**document, "metrics": [_entry(metric) for metric in verdict.metrics]}


def _entry(found: MetricVerdict) -> dict[str, object]:
    constraint, metric = found.constraint, found.metric
    optional = {
        "value": number_or_nan(metric.value) if metric else None,
        "rows": metric.rows if metric else None,
        "standard_error": number_or_nan(found.error) if found.error is not None else None,
        "rows_needed": found.rows_needed,
    }
    return {
        "metric_name": constraint.metric,
        "verdict": found.verdict.value,
        "reason": found.reason,
        "threshold": constraint.threshold,
        "comparison_operator": constraint.operator.value,
        "margin": constraint.tolerance,
        **{key: value for key, value in optional.items() if value is not None},
    }
