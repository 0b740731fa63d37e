"""What the picture of a state machine says of each state, by events in the form and order of GetExecutionHistory."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from tests.notebooks.running import ROOT

sys.path.append(str(ROOT / "exp_nbs"))
drawing: Any = importlib.import_module("drawing")


class History:
    """Events of one execution; each is given the number of the one before it on its way."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def add(self, kind: str, previous: int, **details: Any) -> int:
        self.events.append({"id": len(self.events) + 1, "type": kind, "previousEventId": previous, **details})
        return len(self.events)

    def enter(self, name: str, previous: int, kind: str = "TaskStateEntered") -> int:
        return self.add(kind, previous, stateEnteredEventDetails={"name": name})

    def leave(self, name: str, previous: int) -> int:
        return self.add("TaskStateExited", previous, stateExitedEventDetails={"name": name})


def test_an_error_belongs_to_its_own_branch_and_one_that_is_caught_is_no_failure() -> None:
    history = History()
    left = history.enter("Left", 0)
    right = history.enter("Right", 0)
    failed = history.add("TaskFailed", history.add("TaskScheduled", left))
    history.leave("Right", history.add("TaskSucceeded", right))
    history.enter("Left Failed", history.leave("Left", failed), "FailStateEntered")
    assert drawing.happened(history.events) == {"Left": "caught", "Right": "succeeded", "Left Failed": "failed"}


def test_a_retry_that_succeeds_leaves_no_trace_in_colour_and_what_has_not_ended_runs() -> None:
    history = History()
    asked = history.enter("Ask", 0)
    again = history.add("TaskScheduled", history.add("TaskFailed", history.add("TaskScheduled", asked)))
    history.enter("Next", history.leave("Ask", history.add("TaskSucceeded", again)))
    assert drawing.happened(history.events) == {"Ask": "succeeded", "Next": "running"}


def test_a_state_stands_below_all_that_lead_to_it_and_fail_states_that_were_not_reached_are_left_out() -> None:
    machine = {
        "StartAt": "Choose",
        "States": {
            "Choose": {"Type": "Choice", "Choices": [{"Next": "End"}], "Default": "Work"},
            "Work": {"Type": "Task", "Next": "End", "Catch": [{"Next": "Failed"}]},
            "End": {"Type": "Pass", "Next": "Choose"},
            "Failed": {"Type": "Fail"},
        },
    }
    places = {block.name: block.y for block in drawing._placed(machine, {})[0]}
    assert list(places) == ["Choose", "Work", "End"]
    assert places["Choose"] < places["Work"] < places["End"]
