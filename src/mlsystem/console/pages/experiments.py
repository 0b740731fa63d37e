"""Experiments: the runs of the training workflow, and a few of them side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from starlette.datastructures import QueryParams

from mlsystem.client.errors import ClientFailure
from mlsystem.client.experiments import Experiments
from mlsystem.console.documents import DOCUMENTS
from mlsystem.console.page import Page
from mlsystem.console.run_comparison import (
    FEWEST,
    MOST,
    MOST_COLUMNS,
    artefact_rows,
    durations_chart,
    environment_rows,
    history_chart,
    metric_names,
    metric_rows,
    metrics_chart,
    parameter_rows,
    shared_parameters,
    short,
)
from mlsystem.console.visit import Visit

BARS = 8


def load(visit: Visit) -> Mapping[str, Any]:
    found = Experiments(visit.connection, visit.project, DOCUMENTS).page(visit.query.get("older", ""))
    engine = visit.connection.engine
    return {
        "found": found,
        "metrics": metric_names(found.runs)[:MOST_COLUMNS],
        "shared": shared_parameters(found.runs),
        "chart_of_runs": history_chart(found.runs),
        "short": short,
        "has_mlflow": engine is not None and bool(engine.mlflow_tracking_uri),
    }


def compare(visit: Visit) -> Mapping[str, Any]:
    names = list(dict.fromkeys(cast(QueryParams, visit.query).getlist("run")))
    if not FEWEST <= len(names) <= MOST:
        raise ClientFailure(f"choose {FEWEST} to {MOST} runs on the page Experiments: {len(names)} were chosen")
    runs = Experiments(visit.connection, visit.project, DOCUMENTS).named(names)
    metrics = metric_rows(runs)
    return {
        "runs": runs,
        "parameters": parameter_rows(runs),
        "environment": environment_rows(runs),
        "artefacts": artefact_rows(runs),
        "metrics": metrics,
        "metrics_chart": metrics_chart(runs, [row.name for row in metrics][:BARS]),
        "durations_chart": durations_chart(runs),
        "short": short,
    }


ROUTES = (
    Page("/experiments", "experiments.html", load),
    Page("/experiments/compare", "comparison.html", compare),
)
