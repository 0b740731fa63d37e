"""The pipeline, live: what stands in which stage, what it started, what a person may do about it; and its executions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.client.delivery import Delivery
from mlsystem.client.errors import ClientFailure
from mlsystem.console.gantt import gantt
from mlsystem.console.page import Action, Done, Page
from mlsystem.console.security.people import Role
from mlsystem.console.started import links
from mlsystem.console.trigger import person, trigger_words
from mlsystem.console.visit import Visit

PIPELINE = "/pipeline"
RUNNING = ("InProgress", "Stopping")


def _delivery(visit: Visit) -> Delivery:
    return Delivery(visit.connection, visit.project)


def _words(visit: Visit) -> Mapping[str, Any]:
    """What templates of this file ask."""
    name = visit.project.pipeline
    return {
        "links": links,
        "who": person,
        "why": lambda view: trigger_words(view.trigger, view.trigger_detail, name),
        "running": RUNNING,
    }


def load(visit: Visit) -> Mapping[str, Any]:
    delivery = _delivery(visit)
    page = delivery.page(visit.query.get("older", ""))
    stages = delivery.board()
    busy = [stage.execution_id for stage in stages if stage.status in RUNNING]
    back = [one for one in page.executions if one.status == "Succeeded" and not one.back_to]
    return {"stages": stages, "page": page, "stoppable": list(dict.fromkeys(busy)), "targets": back, **_words(visit)}


def load_execution(visit: Visit) -> Mapping[str, Any]:
    execution = _delivery(visit).in_full(visit.path["id"])
    return {"execution": execution, "rows": gantt(execution.view.runs, visit.now), **_words(visit)}


def start(visit: Visit) -> Done:
    execution = _delivery(visit).start()
    return Done(PIPELINE, f"Execution {execution[:8]} has begun.")


def stop(visit: Visit) -> Done:
    execution, abandons = visit.form.get("execution", ""), visit.form.get("abandon") == "yes"
    reason = visit.form.get("reason", "").strip() or "no reason given"
    _delivery(visit).stop(execution, abandons, f"{visit.person.name}: {reason}"[:200])
    how = "at once" if abandons else "when its actions have ended"
    return Done(PIPELINE, f"Execution {execution[:8]} stops {how}.")


def retry(visit: Visit) -> Done:
    stage, execution = visit.form.get("stage", ""), visit.form.get("execution", "")
    _delivery(visit).retry_stage(stage, execution, visit.form.get("what") == "all")
    return Done(PIPELINE, f"{stage} is tried again.")


def roll_back(visit: Visit) -> Done:
    stage, target = visit.form.get("stage", ""), visit.form.get("target", "")
    execution = _delivery(visit).roll_back_stage(stage, target)
    return Done(PIPELINE, f"{stage} goes back to execution {target[:8]}, by execution {execution[:8]}.")


def set_transition(visit: Visit) -> Done:
    stage = visit.form.get("stage", "")
    if visit.form.get("open") == "yes":
        _delivery(visit).open(stage)
        return Done(PIPELINE, f"{stage} takes executions in again.")
    reason = visit.form.get("reason", "").strip()
    if not reason:
        raise ClientFailure(f"say why {stage} is closed: others will read it")
    _delivery(visit).close(stage, f"{visit.person.name} - {reason}")
    return Done(PIPELINE, f"{stage} is closed: executions wait before it.")


ROUTES = (
    Page(PIPELINE, "pipeline.html", load, live_seconds=2),
    Page("/pipeline/executions/{id}", "pipeline_execution.html", load_execution, live_seconds=2),
    Action("/pipeline/start", start, Role.ADMIN),
    Action("/pipeline/stop", stop, Role.ADMIN),
    Action("/pipeline/retry", retry, Role.ADMIN),
    Action("/pipeline/rollback", roll_back, Role.ADMIN),
    Action("/pipeline/transition", set_transition, Role.ADMIN),
)
