"""Alarms: those of the project first, what is raised, why, since when, and what each does; and one of them over time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from mlsystem.client.alarms.alarm import STATES, AlarmView
from mlsystem.client.alarms.alarms import Alarms
from mlsystem.client.alarms.words import change, condition, does, watched, why
from mlsystem.client.dashboard.fitted import least_period
from mlsystem.client.errors import ClientFailure
from mlsystem.console import charts
from mlsystem.console.charts import Chart, Series
from mlsystem.console.log_links import ENDPOINTS, FUNCTIONS, log_url
from mlsystem.console.page import Action, Done, Page
from mlsystem.console.ranges import Choice, Range, range_of, with_query
from mlsystem.console.security.people import Role
from mlsystem.console.visit import Visit

A_PAGE, CHANGES = 25, 20
RANGES, USUAL_RANGE = ("1h", "3h", "12h", "1d", "1w"), "3h"
PROJECT, SCALING, ALL = "", "scaling", "all"
KINDS = {"": "everything", "StateUpdate": "states", "Action": "actions", "ConfigurationUpdate": "changes of the alarm"}
SHORTEST = 60


def load(visit: Visit) -> Mapping[str, Any]:
    state, begins, token = (visit.query.get(name, "") for name in ("state", "begins", "token"))
    state = state if state in STATES else ""
    alarms, base = Alarms(visit.connection), _base(visit)
    found = alarms.page(base + begins, state, A_PAGE, token)
    counts = alarms.counts(base + begins)
    # Names are CloudWatch's order. What is raised comes first all the same, however far down the list it stands.
    raised = () if state or token else counts["ALARM"].first
    rest = [one for one in found.alarms if one.name not in {other.name for other in raised}]
    return {
        "tabs": _tabs(visit),
        "of": visit.query.get("of", ""),
        "base": base,
        "begins": begins,
        "state": state,
        "counts": [(one, counts[one], _filtered(visit, state="" if one == state else one)) for one in STATES],
        "rows": [(one, why(one), _actions(one)) for one in (*raised, *rest)],
        "before": with_query(visit.query, token="") if token else "",
        "after": with_query(visit.query, token=found.next_token) if found.next_token else "",
    }


def _base(visit: Visit) -> str:
    """What the names of the alarms begin with that are asked for."""
    project = visit.project
    scaling = f"TargetTracking-endpoint/{project.prefix}-{project.model_name}-"
    return {SCALING: scaling, ALL: ""}.get(visit.query.get("of", PROJECT), f"{project.pipeline}-")


def _tabs(visit: Visit) -> list[Choice]:
    of = visit.query.get("of", PROJECT)
    named = ((PROJECT, "Of the project"), (SCALING, "Of its scaling"), (ALL, "All of the account"))
    return [Choice(words, _filtered(visit, of=name, begins=""), of == name) for name, words in named]


def _filtered(visit: Visit, **changes: str) -> str:
    """From the beginning of the list."""
    return with_query(visit.query, **{"token": "", **changes})


def _actions(alarm: AlarmView) -> list[str]:
    """What it does when it is raised, each once."""
    return list(dict.fromkeys(does(arn) for arn in alarm.actions["ALARM"]))


def load_one(visit: Visit) -> Mapping[str, Any]:
    alarms = Alarms(visit.connection)
    alarm = alarms.one(visit.path["name"])
    looked = range_of(visit.query, visit.now, RANGES, USUAL_RANGE)
    token, kind = visit.query.get("token", ""), visit.query.get("kind", "")
    kind = kind if kind in KINDS else ""
    history = alarms.history(alarm.name, CHANGES, token, kind)
    drawn, trouble = _graph(alarms, alarm, looked)
    return {
        "alarm": alarm,
        "why": why(alarm),
        "condition": condition(alarm.rule) if alarm.rule else "",
        "watched": watched(alarm.rule) if alarm.rule else "",
        "others": alarms.states(alarm.others),
        "actions": [(state, [does(arn) for arn in arns]) for state, arns in alarm.actions.items() if arns],
        "drawn": drawn,
        "trouble": trouble,
        "range": looked,
        "links": _links(visit, alarm),
        "changes": [(one, *change(one.kind, one.summary, one.data)) for one in history.changes],
        "kinds": [
            Choice(words, with_query(visit.query, kind=name, token=""), kind == name) for name, words in KINDS.items()
        ],
        "before": with_query(visit.query, token="") if token else "",
        "after": with_query(visit.query, token=history.next_token) if history.next_token else "",
    }


def _graph(alarms: Alarms, alarm: AlarmView, looked: Range) -> tuple[Chart | None, str]:
    """None where there is nothing to draw; and why it could not be asked for."""
    if alarm.rule is None:
        return None, ""
    try:
        lines = alarms.lines(alarm, looked.since, looked.until, max(least_period(looked.length), SHORTEST))
    except ClientFailure as error:
        return None, str(error)
    series = [Series(one.label, one.at, one.values) for one in lines if one.values]
    until = looked.until.replace(second=0, microsecond=0) + timedelta(minutes=1)
    words = f"{watched(alarm.rule)} over time"
    return (charts.lines(words, series, "", alarm.rule.threshold, until - looked.length, until) if series else None), ""


def _links(visit: Visit, alarm: AlarmView) -> list[tuple[str, str]]:
    """To where more is known of what it watches."""
    named = alarm.rule.dimensions if alarm.rule else {}
    links = [("Dashboard", visit.url("/dashboard"))]
    if "MonitoringSchedule" in named:
        links.append(("Monitor", visit.url("/monitor")))
    if "FunctionName" in named:
        links.append(("Log of the function", log_url(visit, FUNCTIONS + named["FunctionName"])))
    if "EndpointName" in named:
        links.append(("Endpoint", visit.url(f"/endpoints/{quote(named['EndpointName'])}")))
        links.append(("Log of the endpoint", log_url(visit, ENDPOINTS + named["EndpointName"])))
    return links


def switch(visit: Visit) -> Done:
    name, is_on = visit.path["name"], visit.path["what"] == "enable"
    Alarms(visit.connection).switch(name, is_on)
    said = (
        f"{name} acts again when its state changes."
        if is_on
        else f"{name} still has a state, and does nothing when it changes."
    )
    return Done(f"/alarms/{quote(name)}", said)


ROUTES = (
    Page("/alarms", "alarms.html", load, live_seconds=4),
    Page("/alarms/{name:path}", "alarm.html", load_one, live_seconds=5),
    Action("/alarms/{name:path}/actions/{what}", switch, Role.ADMIN),
)
