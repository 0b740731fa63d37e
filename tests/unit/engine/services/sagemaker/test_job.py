"""How a job lives, and what EventBridge is told of it: the pure part."""

from __future__ import annotations

import pytest

from mlsystem.engine.durable.machine import Event, Step
from mlsystem.engine.services.sagemaker.job import Job, JobMachine, ProcessingJob, TrainingJob


def _events(step: Step[Job]) -> list[tuple[str, dict[str, object]]]:
    told = [notice.data for notice in step.notices if notice.topic == "aws.event"]
    return [(data["detail-type"], data["detail"]) for data in told]


@pytest.mark.parametrize(("model", "noun"), [(TrainingJob, "Training"), (ProcessingJob, "Processing")])
def test_every_status_of_a_job_is_told(model: type[Job], noun: str) -> None:
    machine = JobMachine(model)
    job = model(key="j", arn="arn:j", request={"RoleArn": "arn:role", "Tags": []}, created_at=1.0)
    begun = machine.begin(job, 1.0)
    assert begun.record is not None
    stopping = machine.advance(begun.record, Event("stop_requested"), 2.0)
    assert stopping.record is not None
    ended = machine.advance(stopping.record, Event("staged"), 3.0)
    told = [event for step in (begun, stopping, ended) for event in _events(step)]
    assert [kind for kind, _ in told] == [f"SageMaker {noun} Job State Change"] * 3
    assert [detail[f"{noun}JobStatus"] for _, detail in told] == ["InProgress", "Stopping", "Stopped"]
    assert told[-1][1][f"{noun}EndTime"] == 3000


def test_a_job_is_stopped_and_forgotten_in_the_order_in_which_that_was_decided() -> None:
    """In one lane: a stop that came after all else was removed would leave a folder for ever."""
    machine = JobMachine(TrainingJob)
    job: TrainingJob | None = TrainingJob(key="j", arn="arn:j", request={"RoleArn": "arn:role"}, created_at=1.0)
    lanes = {}
    exited = Event("exited", {"reason": "stopped", "exit_code": 0})
    for event in (Event("staged"), Event("stop_requested"), exited, Event("uploaded")):
        assert job is not None
        step = machine.advance(job, event, 2.0)
        job = step.record
        lanes.update({action.name.split(".")[2]: action.lane for action in step.actions})
    assert lanes == dict.fromkeys(("start_process", "stop_process", "upload_outputs", "clear_folder"))
