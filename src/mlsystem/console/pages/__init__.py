"""The pages, a file each; `ROUTES` lists what can be asked for."""

from mlsystem.console.page import Route
from mlsystem.console.pages import approval, approval_parts, home, projects, rollout

ROUTES: tuple[Route, ...] = (*projects.ROUTES, *home.ROUTES, *approval.ROUTES, *approval_parts.ROUTES, *rollout.ROUTES)
