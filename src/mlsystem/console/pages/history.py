"""What happened to the project, newest first, in one list: executions, approvals, deployments, what served, retraining decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from mlsystem.client.history import Kind, page
from mlsystem.client.history_sources import HistorySources
from mlsystem.console.documents import DOCUMENTS
from mlsystem.console.page import Page
from mlsystem.console.trigger import person, trigger_words
from mlsystem.console.visit import Visit

WORDS = {
    Kind.EXECUTION: "Executions",
    Kind.APPROVAL: "Approvals",
    Kind.DEPLOYMENT: "Deployments and rollbacks",
    Kind.SERVED: "What served when",
    Kind.RETRAINING: "Retraining",
}
# What served is told by deployments too: together it would be told twice.
TOGETHER = tuple(kind for kind in Kind if kind is not Kind.SERVED)


def load(visit: Visit) -> Mapping[str, Any]:
    wanted = next((kind for kind in Kind if kind == visit.query.get("kind", "")), None)
    sources = HistorySources(visit.connection, visit.project, DOCUMENTS).all()
    asked = {kind: sources[kind] for kind in ([wanted] if wanted else TOGETHER)}
    found = page(asked, visit.query.get("older", ""))
    pipeline = visit.project.pipeline
    return {
        "found": found,
        "kinds": WORDS,
        "wanted": wanted,
        "kind_of": Kind,
        "who": person,
        "why": lambda about: trigger_words(about["trigger"], about["detail"], pipeline),
        "url_of": lambda **given: visit.url("/history") + _query(**given),
    }


def _query(**given: str) -> str:
    query = urlencode({name: value for name, value in given.items() if value})
    return f"?{query}" if query else ""


ROUTES = (Page("/history", "history.html", load, live_seconds=5),)
