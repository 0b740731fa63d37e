"""The pages, a file each; `ROUTES` lists what can be asked for."""

from mlsystem.console.page import Route
from mlsystem.console.pages import captures, endpoints, experiments, home, notifications, projects, settings, trying

ROUTES: tuple[Route, ...] = (
    *projects.ROUTES,
    *home.ROUTES,
    *endpoints.ROUTES,
    *trying.ROUTES,
    *captures.ROUTES,
    *experiments.ROUTES,
    *settings.ROUTES,
    *notifications.ROUTES,
)
