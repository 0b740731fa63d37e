"""Charts of how good a model is, beside the one that serves. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from mlsystem.client.data_difference import ColumnDifference
from mlsystem.client.training_run import Evaluation
from mlsystem.console.charts import Chart, bars

MOST_COLUMNS = 20


def roc_chart(new: Evaluation, champion: Evaluation | None) -> Chart | None:
    """None for a model that has no such curve."""
    found = {"this model": new, "champion": champion}
    curves = {name: one.roc for name, one in found.items() if one is not None and one.roc is not None}
    if not curves:
        return None
    drawn: list[dict[str, Any]] = [
        {"name": name, "type": "line", "showSymbol": False, "data": [list(point) for point in zip(*curve, strict=True)]}
        for name, curve in curves.items()
    ]
    drawn.append(
        {
            "name": "chance",
            "type": "line",
            "showSymbol": False,
            "lineStyle": {"type": "dashed", "color": "$faint", "width": 1},
            "itemStyle": {"color": "$faint"},
            "data": [[0, 0], [1, 1]],
        }
    )
    ends = {"type": "value", "min": 0, "max": 1}
    options = {
        "xAxis": {**ends, "name": "false alarms", "nameLocation": "middle", "nameGap": 24},
        "yAxis": {**ends, "name": "found"},
        "series": drawn,
        "grid": {"left": 8, "right": 16, "top": 44, "bottom": 28, "containLabel": True},
    }
    return Chart("What share of the positive rows is found, by the share of false alarms that it takes (ROC)", options)


def residual_chart(new: Evaluation, champion: Evaluation | None) -> Chart | None:
    """How many answers were too high by how much; both in the classes of the new model's own histogram, so the champion's only if equal."""
    if new.residuals is None:
        return None
    edges, counts = new.residuals
    series: dict[str, Sequence[float]] = {"this model": counts}
    if champion is not None and champion.residuals is not None and champion.residuals[0] == edges:
        series["champion"] = champion.residuals[1]
    names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges)]
    return bars("Rows of the test set by how much the answer was too high (below zero: too low)", names, series, "rows")


def distance_chart(columns: Sequence[ColumnDifference]) -> Chart | None:
    """Of those that could be measured, the farthest first; None where all are where they were."""
    measured = [one for one in columns if one.distance is not None][:MOST_COLUMNS]
    if not any(one.distance for one in measured):
        return None
    distances = [round(one.distance or 0.0, 4) for one in measured]
    words = "How far each column lies from the data of the model that serves"
    return bars(
        words, [one.name for one in measured], {"distance": distances}, horizontal=True, threshold=measured[0].limit
    )
