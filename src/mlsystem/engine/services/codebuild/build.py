"""The life of a build, as a row."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from mlsystem.engine.durable.machine import Action, Event, Notice, Step
from mlsystem.engine.store.records import Record


class Phase(StrEnum):
    """What the engine is doing; the phases of the buildspec are told by the program that runs it."""

    DOWNLOAD_SOURCE = "DOWNLOAD_SOURCE"  # sources are fetched and unpacked
    RUNNING = "BUILD"  # the buildspec runs in its sandbox
    UPLOAD_ARTIFACTS = "UPLOAD_ARTIFACTS"  # what it made is zipped and uploaded
    COMPLETED = "COMPLETED"


class BuildStatus(StrEnum):
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    FAULT = "FAULT"  # the engine's own failure
    TIMED_OUT = "TIMED_OUT"
    STOPPED = "STOPPED"


class BuildRecord(Record):
    """`key` is the build id, `project:uuid`; `parent` the project; `plan` the project's definition with the overrides of this build."""

    kind: ClassVar[str] = "codebuild.build"
    plan: dict[str, Any]
    number: int
    initiator: str
    phase: Phase = Phase.DOWNLOAD_SOURCE
    verdict: BuildStatus | None = None
    is_stop_requested: bool = False
    phases: tuple[dict[str, Any], ...] = ()
    exported: tuple[dict[str, str], ...] = ()
    artifacts: dict[str, str] = Field(default_factory=dict)
    ended_at: float | None = None

    @property
    def process_id(self) -> str:
        return f"build.{self.key.replace(':', '.')}"


class BuildMachine:
    """`staged`, `exited`, `uploaded`, `stop_requested` and `action_failed` move a build."""

    model = BuildRecord

    def begin(self, build: BuildRecord) -> Step[BuildRecord]:
        begun = build.changed(state=BuildStatus.IN_PROGRESS)
        return Step(begun, actions=(_action("stage_sources", begun),))

    def advance(self, record: BuildRecord, event: Event, at: float) -> Step[BuildRecord]:
        if record.phase is Phase.COMPLETED:
            return Step(record)
        match event.name, record.phase:
            case "staged", Phase.DOWNLOAD_SOURCE:
                if record.is_stop_requested:
                    return self._end(record, BuildStatus.STOPPED, at)
                return Step(record.changed(phase=Phase.RUNNING), actions=(_action("start_process", record),))
            case "exited", Phase.RUNNING:
                return self._exited(record, event, at)
            case "uploaded", Phase.UPLOAD_ARTIFACTS:
                return self._end(record.changed(artifacts=event.data["artifacts"]), BuildStatus.SUCCEEDED, at)
            case "action_failed", _:
                return self._fault(record, event, at)
            case "stop_requested", _:
                stopping = record.changed(is_stop_requested=True)
                running = record.phase is Phase.RUNNING
                return Step(stopping, actions=(_action("stop_process", record),) if running else ())
            case _:
                return Step(record)

    def _exited(self, record: BuildRecord, event: Event, at: float) -> Step[BuildRecord]:
        known = record.changed(phases=(*record.phases, *event.data["phases"]), exported=tuple(event.data["exported"]))
        if event.data["reason"] == "time_limit":
            return self._end(known, BuildStatus.TIMED_OUT, at)
        if record.is_stop_requested:
            return self._end(known, BuildStatus.STOPPED, at)
        if event.data["reason"] != "exited":
            return self._end(known, BuildStatus.FAULT, at)
        if event.data["exit_code"] != 0:
            return self._end(known, BuildStatus.FAILED, at)
        return Step(known.changed(phase=Phase.UPLOAD_ARTIFACTS), actions=(_action("upload_artifacts", known),))

    def _fault(self, record: BuildRecord, event: Event, at: float) -> Step[BuildRecord]:
        contexts = [{"statusCode": event.data["code"], "message": event.data["reason"]}]
        failed = {
            "phaseType": str(record.phase),
            "phaseStatus": "FAILED",
            "startTime": at,
            "endTime": at,
            "contexts": contexts,
        }
        return self._end(record.changed(phases=(*record.phases, failed)), BuildStatus.FAILED, at)

    def _end(self, record: BuildRecord, status: BuildStatus, at: float) -> Step[BuildRecord]:
        ended = record.changed(state=status, phase=Phase.COMPLETED, ended_at=at)
        data = {"id": record.key, "project": record.parent, "status": str(status)}
        return Step(
            ended,
            actions=(_action("clear_folder", ended),),
            notices=(Notice("codebuild.build.ended", data), Notice("aws.event", _state_change(ended))),
        )


def _state_change(build: BuildRecord) -> dict[str, Any]:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html"""
    return {
        "source": "aws.codebuild",
        "detail-type": "CodeBuild Build State Change",
        "resources": [build.key],
        "detail": {"build-status": build.state, "project-name": build.parent, "build-id": build.key},
    }


def _action(verb: str, build: BuildRecord) -> Action:
    """All in the record's own lane: none is carried out any more, or once more, when the build's process has been forgotten."""
    return Action(f"codebuild.{verb}", key=build.key)
