"""The monitor's schedule, and all its executions: when production was checked, and when it will be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.client.drift.executions import ExecutionPage, Executions
from mlsystem.client.drift.expression import in_words, next_run
from mlsystem.client.drift.schedules import Production, Schedules, ScheduleView, production_of
from mlsystem.client.errors import NotFound
from mlsystem.console.log_links import job_log_url
from mlsystem.console.page import Action, Done, Page
from mlsystem.console.ranges import with_query
from mlsystem.console.security.people import Role
from mlsystem.console.visit import Visit

A_PAGE = 25
STATUSES = ("Completed", "CompletedWithViolations", "Failed", "InProgress", "Pending", "Stopped")
EVERYWHERE = "all"


def load(visit: Visit) -> Mapping[str, Any]:
    production = production_of(visit.connection, visit.project)
    schedule = None
    if production and production.schedule:
        schedule = Schedules(visit.connection).describe(production.schedule)
    found = _executions(visit, production)
    return {
        "tab": "executions",
        "production": production,
        "schedule": schedule,
        "expression": in_words(schedule.expression) if schedule else "",
        "next_run": _next(visit, schedule),
        "statuses": STATUSES,
        "status": visit.query.get("status", ""),
        "of": visit.query.get("of", ""),
        "rows": [(one, one.job and job_log_url(visit, one.job)) for one in found.executions],
        "before": with_query(visit.query, token="") if visit.query.get("token") else "",
        "after": with_query(visit.query, token=found.next_token) if found.next_token else "",
    }


def _executions(visit: Visit, production: Production | None) -> ExecutionPage:
    executions, token = Executions(visit.connection), visit.query.get("token", "")
    status = visit.query.get("status", "")
    status = status if status in STATUSES else ""
    if visit.query.get("of") == EVERYWHERE:
        return executions.everywhere(A_PAGE, token, status=status)
    if production is None:
        return ExecutionPage((), "")
    return executions.of_endpoint(production.endpoint, A_PAGE, token, status=status)


def _next(visit: Visit, schedule: ScheduleView | None) -> Any:
    return next_run(schedule.expression, visit.now) if schedule and schedule.status == "Scheduled" else None


def switch(visit: Visit) -> Done:
    """Start or stop it."""
    production = production_of(visit.connection, visit.project)
    if production is None or production.schedule is None:
        raise NotFound("production has no monitoring schedule: the pipeline makes one when it deploys")
    is_on = visit.path["what"] == "start"
    Schedules(visit.connection).switch(production.schedule, is_on)
    said = (
        "The schedule runs."
        if is_on
        else "The schedule is stopped. Nobody checks production until it is started again."
    )
    return Done("/monitor/executions", said)


ROUTES = (
    Page("/monitor/executions", "monitor_executions.html", load, live_seconds=5),
    Action("/monitor/schedule/{what}", switch, Role.ADMIN),
)
