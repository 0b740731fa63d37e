"""The life of a batch transform job: pure.

It has two programs, each under its own shim: the server, which is the model's container, and the client, which sends it the records.
Whatever ends a job, both are told to end and have ended before it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from mlsystem.engine.durable.machine import CancelTimer, Event, SetTimer, Step
from mlsystem.engine.services.sagemaker.job import Job, JobMachine, Phase, Status
from mlsystem.engine.services.sagemaker.job_event import state_change

SERVER, CLIENT = "server", "client"
Move = Callable[["TransformJob", Event, float], Step["TransformJob"]]
HEALTH = "health"
# What SageMaker gives an endpoint's container by default; for a transform job it names no limit.
STARTUP_SECONDS = 600.0


class TransformJob(Job):
    """`model` and `digest` are what the model was when the job was created; `living` are the programs that have not ended yet."""

    kind: ClassVar[str] = "sagemaker.transform_job"
    model: dict[str, Any]
    digest: str = ""
    living: tuple[str, ...] = ()

    @property
    def program_id(self) -> str:
        return self.id_of(SERVER)

    def id_of(self, program: str) -> str:
        """The process of the server or the client."""
        return f"{self.process_id}.{program}"

    def without(self, program: str) -> TransformJob:
        return self.changed(living=tuple(one for one in self.living if one != program))


class TransformMachine(JobMachine[TransformJob]):
    """Everything late or repeated is ignored."""

    def __init__(self) -> None:
        super().__init__(TransformJob)
        self._moves: dict[tuple[str, Phase], Move] = {
            ("staged", Phase.STAGING): self._start_server,
            ("server_started", Phase.STARTING): self._await_health,
            ("timer", Phase.STARTING): self._check_server,
            ("healthy", Phase.STARTING): self._start_client,
            ("unhealthy", Phase.STARTING): self._fail,
            ("uploaded", Phase.UPLOADING): self._uploaded,
        }
        self._moves_of_all: dict[str, Move] = {
            "exited": self._exited,
            "action_failed": self._give_up,
            "stop_requested": self._stop_requested,
        }

    def advance(self, record: TransformJob, event: Event, at: float) -> Step[TransformJob]:
        move = self._moves.get((event.name, record.phase)) or self._moves_of_all.get(event.name)
        if record.phase is Phase.ENDED or move is None:
            return Step(record)
        return move(record, event, at)

    def _start_server(self, record: TransformJob, event: Event, at: float) -> Step[TransformJob]:
        if record.state == Status.STOPPING:
            return self._close(record, Status.STOPPED, at)
        starting = record.changed(phase=Phase.STARTING, started_at=at, living=(SERVER,))
        return Step(starting, actions=(self._action("start_server", starting),))

    def _await_health(self, record: TransformJob, event: Event, at: float) -> Step[TransformJob]:
        """For an instant, since a program needs its time whatever the time scale."""
        return Step(record, timers=(SetTimer(HEALTH, at=at + STARTUP_SECONDS),))

    def _check_server(self, record: TransformJob, event: Event, at: float) -> Step[TransformJob]:
        return Step(record, actions=(self._action("check_server", record),))

    def _start_client(self, record: TransformJob, event: Event, at: float) -> Step[TransformJob]:
        running = record.changed(phase=Phase.RUNNING, living=(SERVER, CLIENT))
        return Step(running, actions=(self._action("start_client", running),), timers=(CancelTimer(HEALTH),))

    def _fail(self, record: TransformJob, event: Event, at: float) -> Step[TransformJob]:
        return self._close(record, Status.FAILED, at, event.data["failure_reason"])

    def _uploaded(self, record: TransformJob, event: Event, at: float) -> Step[TransformJob]:
        return self._close(record, record.verdict or Status.FAILED, at)

    def _exited(self, before: TransformJob, event: Event, at: float) -> Step[TransformJob]:
        program, reason = event.data["program"], event.data["failure_reason"]
        if program not in before.living:
            return Step(before)
        record = before.without(program)
        if program == SERVER and reason and record.verdict is Status.FAILED:
            # It ended by itself, which is why the client failed, whose end was told first.
            record = record.changed(failure_reason=reason)
        match program, record.phase:
            case _, Phase.CLOSING:
                return self._end_when_closed(record, at)
            case "server", Phase.STARTING:
                return self._close(record, Status.FAILED, at, reason)
            case "server", Phase.RUNNING:
                # What is whole is uploaded, once the client has ended too.
                failed = record.changed(verdict=Status.FAILED, failure_reason=reason)
                return Step(failed, actions=(self._action("stop_programs", failed),))
            case "client", Phase.RUNNING:
                return self._upload_whole(record, reason)
            case _:
                return Step(record)

    def _upload_whole(self, record: TransformJob, reason: str) -> Step[TransformJob]:
        verdict = record.verdict or (Status.FAILED if reason else Status.COMPLETED)
        uploading = record.changed(
            phase=Phase.UPLOADING, verdict=verdict, failure_reason=record.failure_reason or reason
        )
        return Step(
            uploading, actions=(self._action("stop_programs", uploading), self._action("upload_outputs", uploading))
        )

    def _give_up(self, record: TransformJob, event: Event, at: float) -> Step[TransformJob]:
        """An action cannot be done. A program that it was to start does not live."""
        verb = event.data["action"].rsplit(".", 1)[-1]
        left = record.without(verb.removeprefix("start_"))
        return self._close(left, Status.FAILED, at, f"{event.data['code']}: {event.data['reason']}")

    def _stop_requested(self, record: TransformJob, event: Event, at: float) -> Step[TransformJob]:
        """What is being uploaded, or ends anyhow, is not stopped."""
        if record.state == Status.STOPPING or record.phase in (Phase.UPLOADING, Phase.CLOSING):
            return Step(record)
        stopping = record.changed(state=Status.STOPPING)
        step = (
            Step(stopping)
            if stopping.phase is Phase.STAGING
            else self._close(stopping, stopping.verdict or Status.STOPPED, at)
        )
        return Step(step.record, step.actions, step.timers, (state_change(stopping), *step.notices))

    def _close(self, record: TransformJob, verdict: Status, at: float, reason: str = "") -> Step[TransformJob]:
        """The first reason counts."""
        closing = record.changed(phase=Phase.CLOSING, verdict=verdict, failure_reason=record.failure_reason or reason)
        if not closing.living:
            return self._end_when_closed(closing, at)
        return Step(closing, actions=(self._action("stop_programs", closing),), timers=(CancelTimer(HEALTH),))

    def _end_when_closed(self, record: TransformJob, at: float) -> Step[TransformJob]:
        if record.living:
            return Step(record)
        ended = self._end(record, record.verdict or Status.FAILED, Event("closed"), at)
        return Step(ended.record, ended.actions, (CancelTimer(HEALTH),), ended.notices)
