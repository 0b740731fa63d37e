"""The pages, a file each; `ROUTES` lists what can be asked for."""

from mlsystem.console.page import Route
from mlsystem.console.pages import history, home, logs, pipeline, projects, workflow

ROUTES: tuple[Route, ...] = (
    *projects.ROUTES,
    *home.ROUTES,
    *pipeline.ROUTES,
    *workflow.ROUTES,
    *logs.ROUTES,
    *history.ROUTES,
)
