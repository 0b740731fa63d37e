"""How a transform job lives: the pure part."""

from __future__ import annotations

from typing import Any

import pytest

from mlsystem.engine.durable.machine import Event, SetTimer, Step
from mlsystem.engine.services.sagemaker.job import Phase, Status
from mlsystem.engine.services.sagemaker.transform_job import STARTUP_SECONDS, TransformJob, TransformMachine

STAGED, STARTED, HEALTHY = Event("staged"), Event("server_started"), Event("healthy")
UPLOADED, STOP, TIMER = Event("uploaded"), Event("stop_requested"), Event("timer", {"timer": "health"})


def _exited(program: str, reason: str = "") -> Event:
    return Event("exited", {"program": program, "failure_reason": reason})


def _failed(verb: str) -> Event:
    data = {"action": f"sagemaker.transform_job.{verb}", "code": "ClientError", "reason": "it cannot be done"}
    return Event("action_failed", data)


class Life:
    """One job, and what was decided about it."""

    def __init__(self) -> None:
        self._machine = TransformMachine()
        job = TransformJob(key="j", arn="arn:j", request={"ModelName": "m"}, model={}, created_at=1.0)
        self.verbs: list[str] = []
        self.steps: list[Step[TransformJob]] = []
        self.job = self._take(self._machine.begin(job, 1.0))

    def go(self, *events: Event) -> Life:
        for event in events:
            self.job = self._take(self._machine.advance(self.job, event, 2.0))
        return self

    def _take(self, step: Step[TransformJob]) -> TransformJob:
        assert step.record is not None
        self.steps.append(step)
        self.verbs += [action.name.split(".")[2] for action in step.actions]
        return step.record

    @property
    def end(self) -> tuple[str, str]:
        assert self.job.phase is Phase.ENDED
        assert self.job.living == ()
        assert self.verbs[-1] == "clear_folder"
        assert self.verbs.count("clear_folder") == 1
        return self.job.state, self.job.failure_reason

    @property
    def statuses(self) -> list[Any]:
        """What EventBridge was told."""
        notices = [notice for step in self.steps for notice in step.notices if notice.topic == "aws.event"]
        return [notice.data["detail"]["TransformJobStatus"] for notice in notices]


def test_a_job_goes_its_way() -> None:
    life = Life().go(STAGED, STARTED, HEALTHY, _exited("client"), UPLOADED, _exited("server"))
    assert life.end == (Status.COMPLETED, "")
    assert life.verbs == [
        *("stage_inputs", "start_server", "start_client", "stop_programs", "upload_outputs"),
        *("stop_programs", "clear_folder"),
    ]
    assert life.statuses == ["InProgress", "Completed"]
    assert [notice.topic for notice in life.steps[-1].notices] == ["sagemaker.transform_job.ended", "aws.event"]


def test_a_server_that_ended_before_the_upload_is_not_waited_for() -> None:
    assert Life().go(STAGED, HEALTHY, _exited("client"), _exited("server"), UPLOADED).end == (Status.COMPLETED, "")


def test_the_time_to_become_healthy_is_an_instant_and_ends_with_a_last_look() -> None:
    life = Life().go(STAGED, STARTED)
    assert life.steps[-1].timers == (SetTimer("health", at=2.0 + STARTUP_SECONDS),)
    assert life.go(TIMER).verbs[-1] == "check_server"
    life.go(Event("unhealthy", {"failure_reason": "no answer"}), HEALTHY, _exited("server"))
    assert life.end == (Status.FAILED, "no answer")
    assert "start_client" not in life.verbs


def test_objects_that_failed_fail_the_job_after_the_upload_of_the_others() -> None:
    life = Life().go(STAGED, HEALTHY, _exited("client", "1 of 2"))
    assert life.verbs[-1] == "upload_outputs"
    assert life.go(UPLOADED, _exited("server")).end == (Status.FAILED, "1 of 2")


@pytest.mark.parametrize("client_first", [True, False])
def test_a_server_that_ends_by_itself_is_the_reason_whoever_is_heard_first(client_first: bool) -> None:
    ends = [_exited("client", "no answer"), _exited("server", "exit code 9")]
    life = Life().go(STAGED, HEALTHY, *(ends if client_first else reversed(ends)), UPLOADED)
    assert life.end == (Status.FAILED, "exit code 9")
    assert "upload_outputs" in life.verbs


def test_a_server_that_ends_before_it_is_healthy_fails_the_job() -> None:
    assert Life().go(STAGED, _exited("server", "exit code 3")).end == (Status.FAILED, "exit code 3")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], [STAGED]),
        ([STAGED], [_exited("server")]),
        ([STAGED, STARTED], [HEALTHY, _exited("server")]),
        ([STAGED, HEALTHY], [_exited("client"), _exited("server")]),
        ([STAGED, HEALTHY], [_exited("server"), _exited("client", "not all sent")]),
    ],
)
def test_a_stopped_job_stores_nothing(before: list[Event], after: list[Event]) -> None:
    life = Life().go(*before, STOP, STOP)
    assert life.job.state == Status.STOPPING
    assert life.go(*after).end == (Status.STOPPED, "")
    assert "upload_outputs" not in life.verbs
    assert life.statuses == ["InProgress", "Stopping", "Stopped"]


def test_what_is_being_uploaded_is_not_stopped() -> None:
    life = Life().go(STAGED, HEALTHY, _exited("client"), STOP, UPLOADED, STOP, _exited("server"))
    assert life.end == (Status.COMPLETED, "")


@pytest.mark.parametrize(
    ("before", "verb", "after"),
    [
        ([], "stage_inputs", []),
        ([STAGED], "start_server", []),
        ([STAGED, HEALTHY], "start_client", [_exited("server")]),
        ([STAGED, HEALTHY, _exited("client")], "upload_outputs", [_exited("server")]),
    ],
)
def test_an_action_that_cannot_be_done_fails_the_job(before: list[Event], verb: str, after: list[Event]) -> None:
    life = Life().go(*before, _failed(verb), *after)
    assert life.end == (Status.FAILED, "ClientError: it cannot be done")


def test_an_upload_that_fails_does_not_hide_why_the_job_failed() -> None:
    life = Life().go(STAGED, HEALTHY, _exited("client", "1 of 2"), _failed("upload_outputs"), _exited("server"))
    assert life.end == (Status.FAILED, "1 of 2")


def test_what_is_late_or_repeated_changes_nothing() -> None:
    life = Life().go(STAGED, HEALTHY, _exited("client"), UPLOADED, _exited("server"))
    verbs = list(life.verbs)
    life.go(STAGED, STARTED, HEALTHY, TIMER, UPLOADED, STOP, _exited("client", "x"), _exited("server", "x"))
    assert life.end == (Status.COMPLETED, "")
    assert life.verbs == verbs


def test_actions_are_done_in_the_order_in_which_they_were_decided() -> None:
    """In one lane: a stop that came after all else was removed would leave a folder for ever."""
    life = Life().go(STAGED, HEALTHY, STOP, _exited("server"), _exited("client"))
    assert {action.lane for step in life.steps for action in step.actions} == {None}
