"""The pages, a file each; `ROUTES` lists what can be asked for."""

from mlsystem.console.page import Route
from mlsystem.console.pages import (
    alarms,
    dashboard,
    home,
    monitor,
    monitor_quality,
    monitor_retraining,
    monitor_schedule,
    projects,
)

ROUTES: tuple[Route, ...] = (
    *projects.ROUTES,
    *home.ROUTES,
    *monitor.ROUTES,
    *monitor_schedule.ROUTES,
    *monitor_quality.ROUTES,
    *monitor_retraining.ROUTES,
    *dashboard.ROUTES,
    *alarms.ROUTES,
)
