"""A deployment while one event is being worked into it."""

from __future__ import annotations

from typing import Any

from mlsystem.engine.decide.traffic.deployment import Deployment, LifecycleEventStatus
from mlsystem.engine.decide.traffic.step import Action, CancelTimer, SetTimer, Step


class Draft:
    """The deployment so far, and the actions and timers that have come up."""

    def __init__(self, deployment: Deployment, at: float):
        self.deployment = deployment
        self.at = at
        self._before = deployment
        self._actions: list[Action] = []
        self._timers: list[SetTimer | CancelTimer] = []

    def step(self) -> Step:
        if self.deployment != self._before:
            self.set(updated_at=self.at)
        return Step(self.deployment, tuple(self._actions), tuple(self._timers))

    def set(self, **values: Any) -> None:
        self.deployment = self.deployment.model_copy(update=values)

    def do(self, action: Action) -> None:
        self._actions.append(action)

    def wait(self, name: str, seconds: float) -> None:
        self._timers.append(SetTimer(name, seconds))

    def forget(self, name: str) -> None:
        self._timers.append(CancelTimer(name))

    def key(self, *parts: object) -> str:
        return "/".join(str(part) for part in (self.deployment.deployment_id, *parts))

    def status(self, lifecycle_event: str) -> LifecycleEventStatus:
        return self.deployment.event(lifecycle_event).status

    def mark(self, name: str, status: LifecycleEventStatus, message: str = "") -> None:
        """Give a lifecycle event another status, with its time."""
        begins = status is LifecycleEventStatus.IN_PROGRESS
        times = {"started_at": self.at} if begins else {"ended_at": self.at, "message": message}
        events = tuple(
            event.model_copy(update={"status": status, **times}) if event.name == name else event
            for event in self.deployment.events
        )
        self.set(events=events)
