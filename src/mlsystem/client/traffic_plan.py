"""In which steps a deployment moves traffic, as a plan for a person. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

MOST_STEPS = 100


@dataclass(frozen=True)
class Step:
    """From `minutes` after the begin on the new version gets `share` of the traffic."""

    minutes: float
    share: float


@dataclass(frozen=True)
class Plan:
    """`words` say it in a sentence."""

    name: str
    words: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class StepNow:
    """`state`: done, now or later. `at` None: it is not known yet."""

    share: float
    minutes: float
    at: datetime | None
    state: str


def read_plan(name: str, routing: Mapping[str, Any]) -> Plan:
    """Of a deployment configuration's trafficRoutingConfig."""
    kind = routing.get("type", "AllAtOnce")
    if kind == "TimeBasedCanary":
        told = routing["timeBasedCanary"]
        first, minutes = told["canaryPercentage"], told["canaryInterval"]
        words = f"{first} % for {_minutes(minutes)}, then all"
        return Plan(name, words, (Step(0, first / 100), Step(minutes, 1.0)))
    if kind == "TimeBasedLinear":
        told = routing["timeBasedLinear"]
        part, minutes = told["linearPercentage"], told["linearInterval"]
        count = -(-100 // part)
        steps = tuple(Step(at * minutes, min(1.0, (at + 1) * part / 100)) for at in range(count))
        return Plan(name, f"{part} %, and {part} % more every {_minutes(minutes)}", steps[:MOST_STEPS])
    return Plan(name, "all at once", (Step(0, 1.0),))


def steps_now(plan: Plan, began: datetime | None, scale: float, weight: float | None, has_ended: bool) -> list[StepNow]:
    """`weight` is the share that the new version has; `scale` is by how much minutes are shorter than they are called."""
    reached = [step for step in plan.steps if began and weight and step.share <= weight + 1e-9]
    found = []
    for step in plan.steps:
        at = began + timedelta(minutes=step.minutes / scale) if began else None
        state = "later"
        if step in reached:
            state = "now" if step is reached[-1] and not has_ended else "done"
        found.append(StepNow(step.share, step.minutes, at, state))
    return found


def _minutes(count: int) -> str:
    return "1 minute" if count == 1 else f"{count} minutes"
