"""The pages, a file each; `ROUTES` lists what can be asked for."""

from mlsystem.console.page import Route
from mlsystem.console.pages import home, monitor, projects

ROUTES: tuple[Route, ...] = (*projects.ROUTES, *home.ROUTES, *monitor.ROUTES)
