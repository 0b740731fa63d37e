"""Parts of the page Approval that take longer: how data and code differ from what serves, and what the run costs on AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.client.approval import Approvals, Candidate
from mlsystem.client.code_difference import code_difference
from mlsystem.client.cost import prices
from mlsystem.client.cost.run_cost import run_cost
from mlsystem.client.data_difference import DataDifference, data_difference, read_baseline
from mlsystem.client.errors import NotFound
from mlsystem.client.missing import or_missing
from mlsystem.client.training_run import TrainingRun, read_run, read_versions
from mlsystem.console.evidence_charts import distance_chart
from mlsystem.console.page import Page
from mlsystem.console.visit import Visit

MOST_COLUMNS = 100


def data(visit: Visit) -> Mapping[str, Any]:
    run = _run(visit)
    champion = run.champion.job if run.champion else ""
    baseline = or_missing(lambda: read_baseline(visit.connection, run.uri))
    if not champion:
        return {"run": run, "baseline": baseline, "difference": None}
    found = or_missing(lambda: data_difference(visit.connection, run.of(champion), run.uri))
    versions = or_missing(lambda: read_versions(visit.connection, champion))
    chart = distance_chart(found.columns) if isinstance(found, DataDifference) else None
    return {
        "run": run,
        "baseline": baseline,
        "difference": found,
        "versions": versions,
        "distances": chart,
        "most": MOST_COLUMNS,
    }


def code(visit: Visit) -> Mapping[str, Any]:
    run = _run(visit)
    if run.champion is None or not run.champion.job:
        return {"run": run, "difference": None, "execution": visit.query.get("execution", "")}
    champion = run.champion.job

    def read() -> Any:
        before = read_versions(visit.connection, champion).commit
        if not before or not run.commit:
            raise NotFound(
                f"the tags of {champion if not before else run.job} do not name the commit that it was made of"
            )
        return code_difference(visit.connection, visit.project, before, run.commit, visit.query.get("page", ""))

    return {"run": run, "difference": or_missing(read), "execution": visit.query.get("execution", "")}


def cost(visit: Visit) -> Mapping[str, Any]:
    candidate = _candidate(visit)
    job = candidate.training.rpartition(":")[2]
    table = prices.read(visit.project.folder)
    found = run_cost(visit.connection, job, table, candidate.build_seconds, candidate.action_seconds)
    return {"cost": found, "is_local": visit.connection.target == "local"}


def _candidate(visit: Visit) -> Candidate:
    found = Approvals(visit.connection, visit.project).candidate(visit.query.get("execution", ""))
    if visit.link:
        visit.link.check_waiting(found.question)
    return found


def _run(visit: Visit) -> TrainingRun:
    candidate = _candidate(visit)
    if not candidate.training:
        raise NotFound("this execution did not come as far as a trained model")
    return read_run(visit.connection, candidate.training)


ROUTES = (
    Page("/approval/data", "parts/approval_data.html", data, by_link=True),
    Page("/approval/code", "parts/approval_code.html", code, by_link=True),
    Page("/approval/cost", "parts/approval_cost.html", cost, by_link=True),
)
