"""What a state did is told by its own events, whatever runs beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mlsystem.client.workflow_visits import Outcome, visits_of

AT = datetime(2026, 1, 1, tzinfo=UTC)
TASK = {"resourceType": "lambda", "resource": "invoke"}


class History:
    """Events as GetExecutionHistory has them; each says which came before it."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def add(self, kind: str, before: int, **details: Any) -> int:
        number = len(self.events) + 1
        member = {"details_EventDetails": details} if details else {}
        self.events.append({"id": number, "previousEventId": before, "type": kind, "timestamp": AT, **member})
        return number

    def enter(self, name: str, before: int, kind: str = "Task") -> int:
        number = self.add(f"{kind}StateEntered", before)
        self.events[-1]["stateEnteredEventDetails"] = {"name": name, "input": "{}"}
        return number

    def leave(self, name: str, before: int, kind: str = "Task") -> int:
        return self.add(f"{kind}StateExited", before, name=name, output='"done"')

    def outcomes(self) -> dict[str, Outcome | None]:
        visits = visits_of(self.events)
        return {name: visits.outcome(name) for name in visits.by_state}


def test_a_state_that_is_tried_again_and_succeeds_has_succeeded() -> None:
    history = History()
    entered = history.enter("Ask", 0)
    failed = history.add("TaskFailed", history.add("TaskScheduled", entered, **TASK), error="Busy", cause="wait")
    again = history.add("TaskScheduled", failed, **TASK, parameters='{"a": 1}')
    history.leave("Ask", history.add("TaskSucceeded", again, output="1"))
    (visit,) = visits_of(history.events).of("Ask")
    assert (visit.outcome, visit.attempts, visit.error) == (Outcome.SUCCEEDED, 2, "")
    assert (visit.resource, visit.arguments, visit.output) == ("lambda:invoke", '{"a": 1}', '"done"')


def test_a_failure_that_is_caught_is_told_beside_one_that_is_not() -> None:
    history = History()
    scheduled = history.add("TaskScheduled", history.enter("Ask", 0), **TASK)
    left = history.leave("Ask", history.add("TaskFailed", scheduled, error="Broken", cause="why"))
    history.add("ExecutionFailed", history.enter("Give Up", left, "Fail"), error="GaveUp")
    assert history.outcomes() == {"Ask": Outcome.CAUGHT, "Give Up": Outcome.FAILED}
    assert visits_of(history.events).of("Ask")[0].cause == "why"


def test_branches_that_run_side_by_side_are_told_apart() -> None:
    history = History()
    started = history.add("ParallelStateStarted", history.enter("Both", 0, "Parallel"))
    left, right = history.enter("Left", started), history.enter("Right", started)
    history.add("TaskScheduled", left, **TASK)
    history.leave("Left", left)
    assert history.outcomes() == {"Both": Outcome.RUNNING, "Left": Outcome.SUCCEEDED, "Right": Outcome.RUNNING}
    after = history.leave("Right", right)
    # Parallel is left by an event that follows one of its branches.
    history.enter("Next", history.leave("Both", history.add("ParallelStateSucceeded", after), "Parallel"))
    assert history.outcomes()["Both"] == Outcome.SUCCEEDED
    assert history.outcomes()["Next"] == Outcome.RUNNING


def test_what_a_failing_branch_cut_off_is_aborted_and_what_holds_it_has_failed() -> None:
    history = History()
    started = history.add("ParallelStateStarted", history.enter("Both", 0, "Parallel"))
    history.enter("Right", started)
    failed = history.enter("Stop", history.enter("Left", started), "Fail")
    history.add("ExecutionFailed", history.add("ParallelStateFailed", failed, error="Stop"), error="Stop")
    outcomes = history.outcomes()
    assert (outcomes["Both"], outcomes["Right"], outcomes["Stop"]) == (
        Outcome.FAILED,
        Outcome.ABORTED,
        Outcome.FAILED,
    )


def test_a_state_that_was_not_reached_has_no_outcome() -> None:
    assert visits_of([]).outcome("Ask") is None
