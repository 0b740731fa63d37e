"""The training workflow as a picture of its states, coloured by what happened in an execution; and what each state did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.client.errors import NotFound
from mlsystem.client.workflow import Workflow
from mlsystem.client.workflow_visits import Outcome, Visits
from mlsystem.console.graph.layout import layout
from mlsystem.console.graph.machine import find_state, read
from mlsystem.console.page import Page
from mlsystem.console.started import workflow_path
from mlsystem.console.state_view import job, pretty, retries, ways
from mlsystem.console.visit import Visit

# A sign for each outcome, so that it is told by more than a colour.
SIGNS = {
    Outcome.RUNNING: "●",
    Outcome.SUCCEEDED: "✓",
    Outcome.CAUGHT: "↷",
    Outcome.FAILED: "✕",
    Outcome.ABORTED: "■",
}
MOST_VISITS = 20


def load(visit: Visit) -> Mapping[str, Any]:
    try:
        workflow = Workflow(visit.connection, visit.project)
        page = workflow.runs(visit.query.get("older", ""))
        chosen = visit.query.get("execution") or (page.runs[0].name if page.runs else "")
        definition = workflow.definition(chosen)
    except NotFound:
        if visit.query.get("execution"):
            raise
        return {"picture": None}
    record = workflow.record(chosen) if chosen else None
    return {
        "picture": layout(read(definition)),
        "page": page,
        "run": workflow.run(chosen) if chosen else None,
        "visits": record.visits if record else Visits(),
        "is_whole": record is None or record.is_whole,
        "signs": SIGNS,
        "outcomes": list(Outcome),
        "path_of": workflow_path,
        "pretty": pretty,
        **(_state(visit, workflow, definition, chosen) if visit.query.get("state") else {"state": None}),
    }


def load_state(visit: Visit) -> Mapping[str, Any]:
    workflow, chosen = Workflow(visit.connection, visit.project), visit.query.get("execution", "")
    return _state(visit, workflow, workflow.definition(chosen), chosen)


def _state(visit: Visit, workflow: Workflow, definition: Mapping[str, Any], chosen: str) -> Mapping[str, Any]:
    name = visit.query.get("state", "")
    state = find_state(definition, name)
    if state is None:
        raise NotFound(f"the workflow has no state {name!r}")
    found = workflow.record(chosen, with_data=True).visits.of(name) if chosen else []
    return {
        "state": state,
        "name": name,
        "chosen": chosen,
        "passes": [(one, job(one)) for one in reversed(found[-MOST_VISITS:])],
        "is_running": any(one.outcome is Outcome.RUNNING for one in found),
        "signs": SIGNS,
        "ways": ways(state),
        "retries": retries(state),
        "pretty": pretty,
        "state_path": f"/workflow/state{workflow_path(chosen, name).removeprefix('/workflow')}",
    }


ROUTES = (
    Page("/workflow", "workflow.html", load, live_seconds=2),
    Page("/workflow/state", "parts/workflow_state.html", load_state),
)
