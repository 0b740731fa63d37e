"""What the parts of this room tell each other."""

from __future__ import annotations

from mlsystem.engine.durable.machine import Notice

DEREGISTERED = "application_autoscaling.target.deregistered"


def deregistered(target: str) -> Notice:
    return Notice(DEREGISTERED, {"target": target})
