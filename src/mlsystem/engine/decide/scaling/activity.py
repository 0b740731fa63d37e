"""Scaling activities, as DescribeScalingActivities words them."""

from __future__ import annotations

from dataclasses import dataclass

from mlsystem.engine.decide.scaling.target import DIMENSIONS, ScalableTarget


@dataclass(frozen=True)
class Activity:
    """What is done, why, and what is said of it at its end."""

    description: str
    cause: str
    success: str

    def failure(self, reason: str) -> str:
        """The status message if it could not be done."""
        what = self.description.removeprefix("Setting ").rstrip(".")
        return f"Failed to set {what}. Reason: {reason}"


def capacity_activity(target: ScalableTarget, capacity: int, cause: str) -> Activity:
    """The capacity gets another value."""
    noun, service = DIMENSIONS[target.dimension]
    return Activity(
        description=f"Setting {noun} to {capacity}.",
        cause=cause,
        success=f"Successfully set {noun} to {capacity}. Change successfully fulfilled by {service}.",
    )


def bounds_activity(minimum: int, maximum: int, action_name: str) -> Activity:
    """A scheduled action has given the target other bounds."""
    bounds = f"min capacity to {minimum} and max capacity to {maximum}"
    return Activity(
        description=f"Setting {bounds}",
        cause=f"scheduled action name {action_name} was triggered",
        success=f"Successfully set {bounds}",
    )


def alarm_cause(alarm: str, policy: str) -> str:
    """Why target tracking acts."""
    return f"monitor alarm {alarm} in state ALARM triggered policy {policy}"
