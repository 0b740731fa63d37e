"""The pages, a file each; `ROUTES` lists what can be asked for."""

from mlsystem.console.page import Route
from mlsystem.console.pages import (
    approval,
    approval_parts,
    captures,
    endpoints,
    experiments,
    history,
    home,
    logs,
    notifications,
    pipeline,
    projects,
    rollout,
    settings,
    trying,
    workflow,
)

ROUTES: tuple[Route, ...] = (
    *projects.ROUTES,
    *home.ROUTES,
    *pipeline.ROUTES,
    *workflow.ROUTES,
    *approval.ROUTES,
    *approval_parts.ROUTES,
    *rollout.ROUTES,
    *endpoints.ROUTES,
    *trying.ROUTES,
    *captures.ROUTES,
    *logs.ROUTES,
    *experiments.ROUTES,
    *history.ROUTES,
    *notifications.ROUTES,
    *settings.ROUTES,
)
