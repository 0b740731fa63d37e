"""A request to a provider, event by event: the first end counts."""

from __future__ import annotations

import pytest

from mlsystem.engine.durable.machine import Action, CancelTimer, Event, Notice, SetTimer
from mlsystem.engine.services.cloudformation.custom_request import CustomRequest, CustomRequestMachine, Progress

MACHINE = CustomRequestMachine()
ANSWERED = Event("answered", {"answer": {"succeeded": True, "physical_id": "one"}})
ENDS = {
    Progress.ANSWERED: ANSWERED,
    Progress.UNANSWERED: Event("timer", {"timer": "service_timeout"}),
    Progress.UNDELIVERED: Event("action_failed", {"reason": "Function not found"}),
}


def pending() -> CustomRequest:
    document = {"RequestId": "r-1"}
    made = CustomRequest(key="r-1", service_token="arn", principal="arn", seconds=30, document=document)
    record = MACHINE.begin(made).record
    assert record is not None
    return record


def test_a_request_is_sent_and_its_time_runs() -> None:
    step = MACHINE.begin(pending())
    assert step.actions == (Action("cloudformation.send_custom_request", key="r-1"),)
    assert step.timers == (SetTimer("service_timeout", after_seconds=30),)


@pytest.mark.parametrize("progress", ENDS)
def test_each_end_is_announced_once_and_stops_the_clock(progress: Progress) -> None:
    step = MACHINE.advance(pending(), ENDS[progress], 0.0)
    assert step.record is not None and step.record.state == progress and step.record.answer is not None
    assert step.notices == (Notice("cloudformation.custom_resource.answered", {"request": "r-1"}),)
    assert step.timers == (CancelTimer("service_timeout"),)


@pytest.mark.parametrize("first", ENDS)
@pytest.mark.parametrize("second", ENDS)
def test_what_comes_after_the_end_changes_nothing(first: Progress, second: Progress) -> None:
    ended = MACHINE.advance(pending(), ENDS[first], 0.0).record
    assert ended is not None
    step = MACHINE.advance(ended, ENDS[second], 1.0)
    assert step.record == ended and not step.notices and not step.timers


def test_only_an_answer_succeeds() -> None:
    ended = {progress: MACHINE.advance(pending(), event, 0.0).record for progress, event in ENDS.items()}
    succeeded = {progress: record.answer.succeeded for progress, record in ended.items() if record and record.answer}
    assert succeeded == {Progress.ANSWERED: True, Progress.UNANSWERED: False, Progress.UNDELIVERED: False}
