"""A size of a fleet's part: a number of instances, or a percentage of all.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CapacitySize.html
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict


class CapacitySize(BaseModel):
    """Traffic is turned on instance by instance, so a percentage is rounded up to whole ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["INSTANCE_COUNT", "CAPACITY_PERCENT"]
    value: int

    def instances(self, total: int) -> int:
        """How many of `total` instances, at least one and at most all."""
        wanted = self.value if self.type == "INSTANCE_COUNT" else math.ceil(total * self.value / 100)
        return max(1, min(total, wanted))

    def percent(self, total: int) -> float:
        """What was asked for, in percent of `total` instances."""
        return self.value / total * 100 if self.type == "INSTANCE_COUNT" else float(self.value)
