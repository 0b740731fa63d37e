"""A scalable target: what may be scaled, and within which bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlsystem.engine.decide.errors import AwsError, NotImplementedHere

# What an activity calls the capacity of each dimension, and which service changes it.
DIMENSIONS: Mapping[str, tuple[str, str]] = {
    "sagemaker:variant:DesiredInstanceCount": ("desired instance count", "sagemaker"),
}


@dataclass(frozen=True)
class Suspended:
    """SuspendedState: what must not happen at present."""

    scaling_in: bool = False
    scaling_out: bool = False
    scheduled: bool = False


@dataclass(frozen=True)
class ScalableTarget:
    """RegisterScalableTarget."""

    resource_id: str
    dimension: str
    min_capacity: int
    max_capacity: int
    suspended: Suspended = field(default_factory=Suspended)

    def __post_init__(self) -> None:
        if self.dimension not in DIMENSIONS:
            raise NotImplementedHere(
                f"application-autoscaling of {self.dimension}", f"it scales {', '.join(DIMENSIONS)}"
            )
        if not 0 <= self.min_capacity <= self.max_capacity:
            raise AwsError(
                "ValidationException",
                f"Minimum capacity cannot be greater than maximum capacity: {self.min_capacity} and {self.max_capacity}"
                f" ({self.resource_id})",
            )

    def clamped(self, capacity: int) -> int:
        return max(self.min_capacity, min(self.max_capacity, capacity))


def read_suspended(state: Mapping[str, Any]) -> Suspended:
    """From the SuspendedState of a request."""
    return Suspended(
        scaling_in=bool(state.get("DynamicScalingInSuspended", False)),
        scaling_out=bool(state.get("DynamicScalingOutSuspended", False)),
        scheduled=bool(state.get("ScheduledScalingSuspended", False)),
    )
