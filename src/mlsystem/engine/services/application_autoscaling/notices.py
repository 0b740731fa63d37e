"""What the parts of this room tell each other."""

from __future__ import annotations

from collections.abc import Mapping

from mlsystem.engine.durable.machine import Notice

DEREGISTERED = "application_autoscaling.target.deregistered"
DUE = "application_autoscaling.scheduled_action.due"


def deregistered(target: str) -> Notice:
    return Notice(DEREGISTERED, {"target": target})


def due(target: str, name: str, capacities: Mapping[str, int]) -> Notice:
    """`capacities`: min, max or both."""
    return Notice(DUE, {"target": target, "name": name, "capacities": dict(capacities)})
