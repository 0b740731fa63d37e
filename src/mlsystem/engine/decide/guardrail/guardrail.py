"""What guards an update of an endpoint, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from mlsystem.engine.decide.guardrail.capacity import CapacitySize


class Shifting(StrEnum):
    """How the traffic moves from the old fleet (blue) to the new one (green)."""

    ALL_AT_ONCE = "ALL_AT_ONCE"  # in one step, once the whole green fleet is healthy
    CANARY = "CANARY"  # first a part of the green fleet, then all of it
    LINEAR = "LINEAR"  # in steps of one size
    ROLLING = "ROLLING"  # batch by batch: each is started, gets traffic, and as many of the blue fleet end


class Guardrail(BaseModel):
    """`size` is that of the canary, of a linear step or of a rolling batch.

    After each step but the last the green fleet is baked for `wait_seconds`, after the last one for `last_wait_seconds`; an alarm that is
    in ALARM meanwhile takes everything back. An update that is not over after `limit_seconds` is taken back too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shifting: Shifting = Shifting.ALL_AT_ONCE
    size: CapacitySize | None = None
    rollback_size: CapacitySize | None = None
    wait_seconds: float = 0
    last_wait_seconds: float = 0
    limit_seconds: float | None = None
    alarms: tuple[str, ...] = ()

    @property
    def is_rolling(self) -> bool:
        return self.shifting is Shifting.ROLLING

    def steps(self, counts: Mapping[str, int]) -> list[dict[str, int]]:
        """For each step: how many of the new fleet's instances have traffic after it, by variant. `counts`: all that there will be."""
        if self.size is None:
            return [dict(counts)]
        sizes = {name: self.size.instances(count) for name, count in counts.items()}
        if self.shifting is Shifting.CANARY:
            return [sizes, dict(counts)]
        number = max(-(-count // sizes[name]) for name, count in counts.items())
        return [
            {name: min(count, sizes[name] * step) for name, count in counts.items()} for step in range(1, number + 1)
        ]

    def bake_seconds(self, step: int, counts: Mapping[str, int]) -> float:
        """After the step with this number, from 1."""
        return self.last_wait_seconds if step >= len(self.steps(counts)) else self.wait_seconds

    def rollback_batch(self, count: int) -> int:
        """How many instances of the old fleet are brought back at once: all, unless it is said otherwise."""
        return count if self.rollback_size is None else self.rollback_size.instances(count)
