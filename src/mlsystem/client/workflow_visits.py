"""What each state of an execution did, made of its history. Pure.

An event belongs to the visit of a state in which it happened: that of the event before it, unless it enters a state itself. So the
events of branches that run side by side are told apart.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    CAUGHT = "caught"  # it failed, and went where its Catch leads
    FAILED = "failed"
    ABORTED = "aborted"  # another branch failed, or the execution was stopped


@dataclass(frozen=True)
class StateVisit:
    """One pass through a state. `attempts` counts how often its work was begun; input, output and arguments are JSON's text."""

    state: str
    kind: str
    entered: datetime
    exited: datetime | None = None
    outcome: Outcome = Outcome.RUNNING
    attempts: int = 0
    resource: str = ""
    arguments: str = ""
    input: str = ""
    output: str = ""
    submitted: str = ""  # what the service answered when the work was begun: the ARN of a job
    error: str = ""
    cause: str = ""


@dataclass
class Visits:
    """By the name of the state, oldest first. Names are unique in a workflow."""

    by_state: dict[str, list[StateVisit]] = field(default_factory=dict)

    def of(self, state: str) -> list[StateVisit]:
        return self.by_state.get(state, [])

    def outcome(self, state: str) -> Outcome | None:
        """Of all its visits, the one that matters most; None where it was not reached."""
        found = {visit.outcome for visit in self.of(state)}
        order = (Outcome.FAILED, Outcome.RUNNING, Outcome.CAUGHT, Outcome.ABORTED, Outcome.SUCCEEDED)
        return next((one for one in order if one in found), None)


_COMPOUND = ("Parallel", "Map")
_ENDS = {
    "ExecutionSucceeded": Outcome.SUCCEEDED,
    "ExecutionFailed": Outcome.FAILED,
    "ExecutionTimedOut": Outcome.FAILED,
    "ExecutionAborted": Outcome.ABORTED,
}
_FAILURES = ("Failed", "TimedOut", "StartFailed", "SubmitFailed", "ScheduleFailed")
_ATTEMPTS = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")


def visits_of(events: Iterable[Mapping[str, Any]]) -> Visits:
    """Of `events` in their order."""
    history = _History()
    for event in events:
        history.take(event)
    result = Visits()
    for visit in history.visits.values():
        result.by_state.setdefault(visit.state, []).append(_ended(visit, history.end))
    return result


class _History:
    """Visits by the events that entered them; `_owner` is the visit of each event, `_before` the visit before each visit."""

    def __init__(self) -> None:
        self.visits: dict[int, StateVisit] = {}
        self.end: Outcome | None = None
        self._owner: dict[int, int] = {}
        self._before: dict[int, int] = {}

    def take(self, event: Mapping[str, Any]) -> None:
        kind, number = event["type"], event["id"]
        here = self._owner.get(event.get("previousEventId", 0), 0)
        if kind.endswith("StateEntered"):
            self._owner[number], self._before[number] = number, here
            self.visits[number] = _entered(event)
            return
        if kind.startswith("Execution"):
            self.end = _ENDS.get(kind, self.end)
            return
        here = self._around(here, event)
        self._owner[number] = here
        if here in self.visits:
            self.visits[here] = _after(self.visits[here], event)

    def _around(self, here: int, event: Mapping[str, Any]) -> int:
        """A state with branches is left, and fails, by an event that follows one of a branch."""
        kind = event["type"]
        name = _details(event).get("name") if kind.endswith("StateExited") else None
        compound = next((one for one in _COMPOUND if kind.startswith(f"{one}State")), None)
        if name is None and compound is None:
            return here
        visit = here
        while visit in self.visits:
            found = self.visits[visit]
            if found.exited is None and name in (None, found.state) and compound in (None, found.kind):
                return visit
            visit = self._before[visit]
        return here


def _entered(event: Mapping[str, Any]) -> StateVisit:
    details = event["stateEnteredEventDetails"]
    kind = event["type"].removesuffix("StateEntered")
    # A Fail state is left by failing.
    outcome = Outcome.FAILED if kind == "Fail" else Outcome.RUNNING
    exited = event["timestamp"] if kind == "Fail" else None
    return StateVisit(details["name"], kind, event["timestamp"], exited, outcome, input=details.get("input", ""))


def _after(visit: StateVisit, event: Mapping[str, Any]) -> StateVisit:
    """A visit once an event has happened in it."""
    kind, details = event["type"], _details(event)
    if kind.endswith("StateExited"):
        outcome = Outcome.CAUGHT if visit.error else Outcome.SUCCEEDED
        return replace(visit, exited=event["timestamp"], outcome=outcome, output=details.get("output", ""))
    if kind in _ATTEMPTS:
        resource = ":".join(details[name] for name in ("resourceType", "resource") if name in details)
        arguments = details.get("parameters", details.get("input", ""))
        again = replace(visit, attempts=visit.attempts + 1, error="", cause="")
        return replace(again, resource=resource, arguments=arguments)
    if kind == "TaskSubmitted":
        return replace(visit, submitted=details.get("output", ""))
    if kind.endswith(_FAILURES) and not kind.startswith("MapIteration"):
        return replace(visit, error=details.get("error") or kind, cause=details.get("cause", ""))
    return visit


def _ended(visit: StateVisit, end: Outcome | None) -> StateVisit:
    """What was under way when the execution ended: it failed with it, or was cut off."""
    if end is None or visit.outcome is not Outcome.RUNNING:
        return visit
    has_failed = end is Outcome.FAILED and (visit.error != "" or visit.kind in _COMPOUND)
    return replace(visit, outcome=Outcome.FAILED if has_failed else Outcome.ABORTED)


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """AWS names the member after the event's type."""
    return next((value for name, value in event.items() if name.endswith("EventDetails")), {})
