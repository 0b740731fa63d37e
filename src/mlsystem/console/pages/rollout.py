"""Rollout: what is being rolled out and how it fares; else what serves, and how the last deployments ended.

Going back begins here and is not waited for: the page shows its course as that of any deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from mlsystem.client.deployment_course import Deployment
from mlsystem.client.errors import ClientFailure, NotFound
from mlsystem.client.rollout import Course, Rollout
from mlsystem.client.traffic_plan import Plan, steps_now
from mlsystem.client.version_figures import figures_of
from mlsystem.console.page import Action, Done, Page
from mlsystem.console.rollout_view import serving_since, shares, traffic_chart, window
from mlsystem.console.security.people import Role
from mlsystem.console.visit import Visit

MOST_VERSIONS = 12


def load(visit: Visit) -> Mapping[str, Any]:
    """The deployment that the query names, else one that is under way, else what serves."""
    try:
        rollout = Rollout(visit.connection, visit.project)
    except NotFound:
        return {"rollout": None}
    newest = rollout.newest()
    named = visit.query.get("deployment", "")
    shown = rollout.deployment(named) if named else next((one for one in newest if one.is_under_way), None)
    weights = rollout.releases.shares()
    versions = [shown.old, shown.new] if shown else sorted(weights, key=int)
    course = rollout.course(shown) if shown else None
    span = window(course, visit.now)
    releases = {one.version: one for one in rollout.releases.named(versions, weights)}
    figures = figures_of(
        visit.connection, visit.project.pipeline, rollout.function, versions, span.counted, span.drawn, visit.now
    )
    return {
        "rollout": rollout,
        "newest": newest,
        "course": course,
        "steps": _steps(visit, course),
        "shares": shares(weights, versions),
        "releases": releases,
        "figures": figures,
        "span": span,
        "chart_of": traffic_chart(figures, span.drawn, visit.now),
        "updates": rollout.updates([one.endpoint for one in releases.values()]),
        "since": {version: serving_since(version, newest) for version in versions},
    }


def _steps(visit: Visit, course: Course | None) -> list[Any]:
    if course is None or not isinstance(course.plan, Plan):
        return []
    began = course.shifting.began if course.shifting else None
    has_ended = not course.deployment.is_under_way
    return steps_now(course.plan, began, visit.connection.time_scale(), course.weight, has_ended)


def releases(visit: Visit) -> Mapping[str, Any]:
    """The versions of the newest deployments: which serve, and to which traffic may go back."""
    rollout = Rollout(visit.connection, visit.project)
    newest = rollout.newest()
    weights = rollout.releases.shares()
    known = {int(version) for one in newest for version in (one.old, one.new)} | set(map(int, weights))
    chosen = [str(version) for version in sorted(known, reverse=True)[:MOST_VERSIONS]]
    under_way = next((one for one in newest if one.is_under_way), None)
    return {
        "releases": rollout.releases.named(chosen, weights),
        "under_way": under_way,
        "may_go_back": visit.person.may(Role.ADMIN),
    }


def deployments(visit: Visit) -> Mapping[str, Any]:
    found, older = Rollout(visit.connection, visit.project).deployments(visit.query.get("page", ""))
    return {"newest": found, "older": older}


def stop(visit: Visit) -> Done:
    deployment, reason = visit.form.get("deployment", ""), visit.form.get("reason", "")
    rollout = Rollout(visit.connection, visit.project)
    found: Deployment = rollout.deployment(deployment)
    rollout.stop(deployment, reason, visit.person.name, visit.now)
    place = urlencode({"deployment": deployment})
    return Done(f"/rollout?{place}", f"{deployment} is being stopped: traffic goes back to version {found.old}.")


def go_back(visit: Visit) -> Done:
    version, reason = visit.form.get("version", ""), " ".join(visit.form.get("reason", "").split())
    if not version or not reason:
        raise ClientFailure("choose a version, and say why: those who come later will want to know")
    releases = Rollout(visit.connection, visit.project).releases
    deployment = releases.start_roll_back(releases.standing(version), f"{reason} ({visit.person.name}, console)")
    place = urlencode({"deployment": deployment})
    return Done(f"/rollout?{place}", f"All traffic goes to version {version}, at once: {deployment}.")


ROUTES = (
    Page("/rollout", "rollout.html", load, live_seconds=2),
    Page("/rollout/releases", "parts/rollout_releases.html", releases),
    Page("/rollout/deployments", "rollout_deployments.html", deployments, live_seconds=5),
    Action("/rollout/stop", stop, Role.ADMIN),
    Action("/rollout/back", go_back, Role.ADMIN),
)
