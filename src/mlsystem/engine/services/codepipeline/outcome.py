"""What CloudWatch is told of an execution that ended: how long it took, and whether it failed.

https://docs.aws.amazon.com/codepipeline/latest/userguide/metrics-dimensions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlsystem.engine.decide.metric_data import Series, metric_data
from mlsystem.engine.durable.machine import Notice
from mlsystem.engine.durable.metric_notice import metric_notices

if TYPE_CHECKING:
    from mlsystem.engine.services.codepipeline.execution import Execution

CODEPIPELINE = "AWS/CodePipeline"


def outcome_metrics(execution: Execution, at: float) -> Iterator[Notice]:
    """Of one that succeeded or failed; a failure is counted as 0 where there was none."""
    if execution.state not in ("Succeeded", "Failed"):
        return
    dimensions = (("PipelineName", execution.parent),)
    told = {
        ("PipelineDuration", "Seconds"): at - execution.created_at,
        ("FailedPipelineExecutions", "Count"): float(execution.state == "Failed"),
    }
    data = metric_data(
        (Series(CODEPIPELINE, name, unit, dimensions, int(at)), value) for (name, unit), value in told.items()
    )
    yield from metric_notices(data, f"codepipeline/{execution.key}/{execution.attempt}")
