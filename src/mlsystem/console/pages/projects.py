"""What is deployed: the first page, where there is more than one project, or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.console.page import Page
from mlsystem.console.visit import Visit


def load(visit: Visit) -> Mapping[str, Any]:
    return {"projects": visit.projects, "target": visit.connection.target}


ROUTES = (Page("//", "projects.html", load, live_seconds=5),)
