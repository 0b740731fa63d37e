"""What EventBridge is told of jobs."""

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
