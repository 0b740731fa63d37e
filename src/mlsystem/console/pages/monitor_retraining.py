"""Retraining: what the system decided about training anew, why, and whether it may now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from mlsystem.client.errors import NotFound
from mlsystem.client.retraining import Retraining, allowance
from mlsystem.console.documents import DOCUMENTS
from mlsystem.console.log_links import FUNCTIONS, log_url
from mlsystem.console.page import Action, Done, Page
from mlsystem.console.security.people import Role
from mlsystem.console.visit import Visit

SHOWN, READ = 20, 40
LOOKED_BACK = timedelta(days=62)  # this month at least, and the longest cool-down that makes sense


def load(visit: Visit) -> Mapping[str, Any]:
    values = {"tab": "retraining", "trouble": "", "decisions": (), "guards": None, "allowance": None}
    retraining = Retraining(visit.connection, visit.project, DOCUMENTS)
    try:
        guards = retraining.guards()
        decisions = retraining.decisions(READ, visit.now - LOOKED_BACK)
    except NotFound as error:
        return {**values, "trouble": str(error), "log_url": ""}
    return {
        **values,
        "decisions": decisions[:SHOWN],
        "guards": guards,
        "allowance": allowance(guards, decisions, visit.now) if guards else None,
        "log_url": log_url(visit, f"{FUNCTIONS}{visit.project.pipeline}-retrain"),
    }


def ask(visit: Visit) -> Done:
    endpoint = Retraining(visit.connection, visit.project).ask()
    return Done(
        "/monitor/retraining",
        f"Asked whether the requests of {endpoint} are worth a training. The decision appears here.",
    )


ROUTES = (
    Page("/monitor/retraining", "monitor_retraining.html", load, live_seconds=4),
    Action("/monitor/retrain", ask, Role.ADMIN),
)
