"""The life of a training or processing job, as rows.

Both kinds live alike: inputs are staged, the program runs in its sandbox, outputs are uploaded. What differs (folders, what is packed)
is the business of the actions; which comes next is decided here, without I/O. A transform job has two programs: see `transform_job`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from mlsystem.engine.durable.machine import Action, CancelTimer, Event, Notice, SetTimer, Step
from mlsystem.engine.services.sagemaker.job_event import state_change
from mlsystem.engine.store.records import Record


class Phase(StrEnum):
    """Where a job is. SageMaker's two statuses follow from it."""

    STAGING = "Staging"  # inputs are being copied into the job's folder
    STARTING = "Starting"  # of a transform job: the container does not answer /ping yet
    RUNNING = "Running"  # the program runs under its shim
    UPLOADING = "Uploading"  # the program has ended, what it made is being uploaded
    CLOSING = "Closing"  # of a transform job: its programs were told to end
    ENDED = "Ended"  # nothing more happens


class Status(StrEnum):
    """TrainingJobStatus, ProcessingJobStatus and TransformJobStatus."""

    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"  # a stop was asked for, the program has not ended yet
    STOPPED = "Stopped"
    COMPLETED = "Completed"
    FAILED = "Failed"


class Job(Record):
    """Common part of the records. `request` is what the caller gave to Create; `state` is a `Status`."""

    arn: str
    request: dict[str, Any]
    phase: Phase = Phase.STAGING
    # What the job will be once its outputs are uploaded.
    verdict: Status | None = None
    failure_reason: str = ""
    exit_message: str = ""
    hit_time_limit: bool = False
    started_at: float | None = None
    ended_at: float | None = None
    # (secondary status, start, end or 0, message), oldest first
    transitions: tuple[tuple[str, float, float, str], ...] = ()
    final_metrics: tuple[tuple[str, float, float], ...] = ()
    # Of the image that it runs, which its tag may not name any more.
    image_digest: str = ""

    @property
    def process_id(self) -> str:
        """The job's name among the processes of the engine; a name that is used again later gets another."""
        return f"{self.kind.split('.')[1].replace('_', '-')}.{self.key}.{int(self.created_at * 1000):x}"

    @property
    def program_id(self) -> str:
        """The process of the user's program."""
        return self.process_id

    @classmethod
    def noun(cls) -> str:
        """Training, Processing or Transform."""
        return cls.kind.split(".")[1].split("_")[0].title()

    @property
    def uploads_continuously(self) -> bool:
        """Whether something of it is uploaded while the program runs."""
        outputs = self.request.get("ProcessingOutputConfig", {}).get("Outputs", ())
        modes = [one["S3Output"]["S3UploadMode"] for one in outputs if "S3Output" in one]
        return "CheckpointConfig" in self.request or "Continuous" in modes

    def in_transition(self, status: str, at: float, message: str) -> tuple[tuple[str, float, float, str], ...]:
        closed = [(name, start, end or at, text) for name, start, end, text in self.transitions]
        return (*closed, (status, at, 0.0, message))


class TrainingJob(Job):
    kind: ClassVar[str] = "sagemaker.training_job"


class ProcessingJob(Job):
    kind: ClassVar[str] = "sagemaker.processing_job"
    # Of the schedule that started it, if one did.
    monitoring_schedule_arn: str = ""
    # The monitoring execution for which it merges captured requests with ground truth, if it does.
    merges_for: str = ""


J = TypeVar("J", bound=Job)
SYNC = "sync"
SYNC_SECONDS = 5.0
_LAST_WORDS = {
    Status.COMPLETED: "Training job completed",
    Status.STOPPED: "Training job stopped",
    Status.FAILED: "Training job failed",
}


class JobMachine(Generic[J]):
    """`downloading`, `staged`, `synced`, `exited`, `uploaded`, `stop_requested` and `action_failed` move a job.

    Everything late or repeated is ignored.
    """

    def __init__(self, model: type[J]):
        self.model = model

    def begin(self, job: J, at: float) -> Step[J]:
        """The step that creates a job."""
        begun = job.changed(
            state=Status.IN_PROGRESS,
            phase=Phase.STAGING,
            transitions=job.in_transition("Starting", at, "Preparing the instances for training"),
        )
        return Step(begun, actions=(self._action("stage_inputs", begun),), notices=(state_change(begun),))

    def advance(self, record: J, event: Event, at: float) -> Step[J]:
        if record.phase is Phase.ENDED:
            return Step(record)
        match event.name, record.phase:
            case "downloading", Phase.STAGING:
                return self._download(record, at)
            case "staged", Phase.STAGING:
                return self._run(record.changed(image_digest=event.data.get("digest", "")), at)
            case "timer", Phase.RUNNING:
                return Step(record, actions=(self._sync(record),))
            case "synced", Phase.RUNNING:
                return Step(record, timers=(_next_sync(at),))
            case "exited", Phase.RUNNING:
                return self._upload(record, event, at)
            case "uploaded", Phase.UPLOADING:
                return self._end(record, record.verdict or Status.FAILED, event, at)
            case "action_failed", _:
                return self._fail(record, event, at)
            case "stop_requested", _:
                return self._stop(record, at)
            case _:
                return Step(record)

    def _download(self, record: J, at: float) -> Step[J]:
        if record.transitions[-1][0] != "Starting":
            return Step(record)
        return Step(record.changed(transitions=record.in_transition("Downloading", at, "Downloading input data")))

    def _run(self, record: J, at: float) -> Step[J]:
        if record.state == Status.STOPPING:
            return self._end(record, Status.STOPPED, Event("stopped"), at)
        running = record.changed(
            phase=Phase.RUNNING,
            started_at=at,
            transitions=record.in_transition(
                "Training", at, f"Training image download completed ({record.image_digest}). Training in progress."
            ),
        )
        timers = (_next_sync(at),) if running.uploads_continuously else ()
        return Step(running, actions=(self._action("start_process", running),), timers=timers)

    def _upload(self, record: J, event: Event, at: float) -> Step[J]:
        verdict = _verdict(record, event)
        uploading = record.changed(
            phase=Phase.UPLOADING,
            verdict=verdict,
            failure_reason=event.data.get("failure_reason", "") if verdict is Status.FAILED else "",
            exit_message=event.data.get("exit_message", ""),
            hit_time_limit=event.data["reason"] == "time_limit",
            transitions=record.in_transition("Uploading", at, "Uploading generated training model"),
        )
        timers = (CancelTimer(SYNC),) if record.uploads_continuously else ()
        return Step(uploading, actions=(self._action("upload_outputs", uploading),), timers=timers)

    def _fail(self, record: J, event: Event, at: float) -> Step[J]:
        """An action gave up. Where the program's own failure is known already, that stays the reason."""
        reason = record.failure_reason or f"{event.data['code']}: {event.data['reason']}"
        return self._end(record.changed(failure_reason=reason), Status.FAILED, event, at)

    def _stop(self, record: J, at: float) -> Step[J]:
        if record.state == Status.STOPPING or record.phase is Phase.UPLOADING:
            return Step(record)
        stopping = record.changed(
            state=Status.STOPPING, transitions=record.in_transition("Stopping", at, "Stopping the job")
        )
        actions = (self._action("stop_process", stopping),) if record.phase is Phase.RUNNING else ()
        return Step(stopping, actions=actions, notices=(state_change(stopping),))

    def _end(self, record: J, status: Status, event: Event, at: float) -> Step[J]:
        secondary = "MaxRuntimeExceeded" if record.hit_time_limit else str(status)
        ended = record.changed(
            state=status,
            phase=Phase.ENDED,
            ended_at=at,
            final_metrics=event.data.get("final_metrics", ()),
            transitions=record.in_transition(secondary, at, record.failure_reason or _LAST_WORDS[status]),
        )
        data = {"name": record.key, "arn": record.arn, "status": str(status), "reason": ended.failure_reason}
        return Step(
            ended,
            actions=(self._action("clear_folder", ended),),
            notices=(Notice(f"{record.kind}.ended", data), state_change(ended)),
        )

    def _sync(self, record: J) -> Action:
        """In a lane of its own: nothing else has to wait for a large file."""
        return Action(f"{record.kind}.sync_outputs", record.process_id, lane=f"{record.kind}/{record.key}/sync")

    def _action(self, verb: str, record: J) -> Action:
        """All in the record's own lane: none is carried out any more, or once more, when the job's process has been forgotten."""
        return Action(f"{record.kind}.{verb}", key=record.process_id)


def _next_sync(at: float) -> SetTimer:
    # An instant: the program's files take their time whatever the time scale.
    return SetTimer(SYNC, at=at + SYNC_SECONDS)


def _verdict(record: Job, event: Event) -> Status:
    """What the end of the program means for the job."""
    if event.data["reason"] == "exited" and event.data["exit_code"] == 0:
        return Status.COMPLETED
    if event.data["reason"] == "stopped" or record.state == Status.STOPPING:
        return Status.STOPPED
    if event.data["reason"] == "time_limit":
        # SageMaker ends such a job as Stopped (MaxRuntimeExceeded) when it is a training job: its model may be of use.
        return Status.STOPPED if record.kind == TrainingJob.kind else Status.FAILED
    return Status.FAILED
