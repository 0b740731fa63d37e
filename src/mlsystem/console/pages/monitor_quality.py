"""Model quality: is the model worse, by what turned out later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mlsystem.client.drift.executions import Executions, ExecutionView
from mlsystem.client.drift.quality import QualityFindings, read_quality
from mlsystem.client.drift.schedules import Schedules, ScheduleView, production_of
from mlsystem.client.drift.trends import Trends
from mlsystem.client.errors import ClientFailure
from mlsystem.console.documents import DOCUMENTS
from mlsystem.console.drift_view import Spark, spark
from mlsystem.console.log_links import job_log_url
from mlsystem.console.page import Page
from mlsystem.console.ranges import with_query
from mlsystem.console.visit import Visit

A_PAGE = 15
TREND = timedelta(days=14)
MOST_METRICS = 40
STYLES = {"worse": "bad", "not worse": "good"}
TITLES = {"worse": "The model is worse", "not worse": "The model is not worse"}


@dataclass(frozen=True)
class Judged:
    """The newest execution that found something, None where there is none; `trouble` says why it cannot be read."""

    findings: QualityFindings | None
    execution: ExecutionView | None
    trends: Mapping[str, Spark | None]
    trouble: str = ""


def load(visit: Visit) -> Mapping[str, Any]:
    production = production_of(visit.connection, visit.project)
    values: dict[str, Any] = {"tab": "quality", "production": production, "names": [], "schedule": None, "judged": None}
    lists = {"rows": (), "before": "", "after": "", "style": "", "title": ""}
    schedules = Schedules(visit.connection)
    names = schedules.of_quality(production.endpoint) if production else []
    wanted = visit.query.get("schedule", "")
    name = wanted if wanted in names else next(iter(names), "")
    schedule = schedules.describe(name) if name else None
    if schedule is None:
        return {**values, **lists}
    token = visit.query.get("token", "")
    found = Executions(visit.connection).of_schedule(name, A_PAGE, token)
    judged = _judged(visit, schedule, found.executions)
    verdict = judged.findings.verdict if judged.findings else ""
    return {
        **values,
        "names": [(one, with_query({}, schedule=one)) for one in names],
        "schedule": schedule,
        "judged": judged,
        "style": STYLES.get(verdict, "warn"),
        "title": TITLES.get(verdict, "Nobody can tell whether the model is worse"),
        "rows": [(one, one.job and job_log_url(visit, one.job)) for one in found.executions],
        "before": with_query(visit.query, token="") if token else "",
        "after": with_query(visit.query, token=found.next_token) if found.next_token else "",
    }


def _judged(visit: Visit, schedule: ScheduleView, executions: tuple[ExecutionView, ...]) -> Judged:
    newest = next((one for one in executions if one.has_found and one.job), None)
    if newest is None:
        return Judged(None, None, {})
    try:
        folder = Executions(visit.connection).outcome(newest.job).folder
        findings = read_quality(visit.connection, DOCUMENTS, folder)
    except ClientFailure as error:
        return Judged(None, newest, {}, str(error))
    names = [one.name for one in findings.metrics[:MOST_METRICS]]
    trends = Trends(visit.connection, schedule.endpoint, visit.now - TREND, visit.now).of_quality(schedule.name, names)
    thresholds = {one.name: one.threshold for one in findings.metrics}
    return Judged(findings, newest, {name: spark(trend, thresholds[name]) for name, trend in trends.items()})


ROUTES = (Page("/monitor/quality", "monitor_quality.html", load, live_seconds=10),)
