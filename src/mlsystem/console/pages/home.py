"""Home: is production healthy, what happens, and what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.console.page import Page
from mlsystem.console.visit import Visit


def load(visit: Visit) -> Mapping[str, Any]:
    return {"pipeline": visit.project.pipeline}


ROUTES = (Page("/", "home.html", load, live_seconds=2),)
