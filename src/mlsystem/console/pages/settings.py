"""Settings: what the project is set to and what that means, its stacks, where it runs, and who may use this console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsystem.client.deployed_settings import read_committed, read_stacks
from mlsystem.client.place import read_place
from mlsystem.console.page import Page
from mlsystem.console.security.people import People, Role
from mlsystem.console.visit import Visit


def load(visit: Visit) -> Mapping[str, Any]:
    is_admin = visit.person.may(Role.ADMIN)
    return {
        "committed": read_committed(visit.connection, visit.project),
        "stacks": read_stacks(visit.connection, visit.project),
        "where": read_place(visit.connection),
        "people": People(visit.connection.home).all() if is_admin else [],
    }


ROUTES = (Page("/settings", "settings.html", load),)
