"""Amazon SageMaker: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.runtime.workload import Machinery
from mlsystem.engine.services.sagemaker.job import JobMachine, ProcessingJob, TrainingJob
from mlsystem.engine.services.sagemaker.job_actions import JobActions
from mlsystem.engine.services.sagemaker.job_kind import Processing, Training
from mlsystem.engine.services.sagemaker.processing_jobs import ProcessingJobs
from mlsystem.engine.services.sagemaker.tags import TagOperations
from mlsystem.engine.services.sagemaker.training_jobs import TrainingJobs


def open_room(house: House, machinery: Machinery) -> Room:
    training, processing = JobMachine(TrainingJob), JobMachine(ProcessingJob)
    return Room(
        "sagemaker",
        [
            TrainingJobs(house, training),
            JobActions(house, machinery, training, Training()),
            ProcessingJobs(house, processing),
            JobActions(house, machinery, processing, Processing()),
            TagOperations(),
        ],
    )
