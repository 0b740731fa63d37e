"""The life of a pipeline execution, as a row: stages one after the other, actions by run order.

Whether an execution may enter a stage is not decided here but by the stage (`stage.py`), of which there is one for all executions.
https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from mlsystem.engine.durable.machine import Action, CancelTimer, Event, Notice, SetTimer, Step
from mlsystem.engine.services.codepipeline.events import action_event, execution_event, stage_event
from mlsystem.engine.services.codepipeline.outcome import outcome_metrics
from mlsystem.engine.store.records import Record

# https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
APPROVAL_SECONDS = 7 * 86400.0
INVOKE_SECONDS = 20 * 60.0


class Status(StrEnum):
    """PipelineExecutionStatus."""

    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"  # a stop was asked for; actions that run are waited for
    STOPPED = "Stopped"
    SUCCEEDED = "Succeeded"
    SUPERSEDED = "Superseded"  # a newer execution took its place before a stage
    FAILED = "Failed"


ENDED = (Status.STOPPED, Status.SUCCEEDED, Status.SUPERSEDED, Status.FAILED)


class RunStatus(StrEnum):
    """ActionExecutionStatus."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ABANDONED = "Abandoned"


class Run(BaseModel):
    """One run of one action. `id` is the action execution id, and the key under which the provider is asked for its work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    stage: str
    action: str
    status: RunStatus = RunStatus.IN_PROGRESS
    started_at: float
    updated_at: float
    external_id: str = ""
    external_url: str = ""
    summary: str = ""
    error: dict[str, str] = Field(default_factory=dict)
    revision: dict[str, str] = Field(default_factory=dict)
    variables: dict[str, str] = Field(default_factory=dict)
    artifacts: dict[str, tuple[str, str]] = Field(default_factory=dict)
    configuration: dict[str, str] = Field(default_factory=dict)
    token: str = ""
    updated_by: str = ""


class Execution(Record):
    """`key` is the execution id, `parent` the pipeline, `definition` the pipeline as it was when the execution started."""

    kind: ClassVar[str] = "codepipeline.execution"
    definition: dict[str, Any]
    trigger: dict[str, str]
    variables: dict[str, str] = Field(default_factory=dict)
    stage: int = 0
    is_inside: bool = False
    runs: tuple[Run, ...] = ()
    stage_status: dict[str, str] = Field(default_factory=dict)
    reason: str = ""
    attempt: int = 0
    # Of a rollback: the execution that is gone back to. It has the runs of the stages before, which its own stage builds on.
    rollback_of: str = ""
    # By source action and kind of revision, where whoever started it chose them.
    source_revisions: dict[str, dict[str, str]] = Field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def stages(self) -> list[dict[str, Any]]:
        return list(self.definition["stages"])

    @property
    def stage_name(self) -> str:
        return str(self.stages[self.stage]["name"])

    @property
    def artifacts(self) -> dict[str, tuple[str, str]]:
        """Bucket and key of each artifact that was made so far."""
        return {
            name: place
            for run in self.runs
            if run.status is RunStatus.SUCCEEDED
            for name, place in run.artifacts.items()
        }

    @property
    def own_runs(self) -> tuple[Run, ...]:
        """Without those that a rollback took over."""
        return tuple(run for run in self.runs if run.id.startswith(f"{self.key}."))

    def latest(self, stage: str, action: str) -> Run | None:
        """The last run of an action in this execution."""
        return next((run for run in reversed(self.runs) if (run.stage, run.action) == (stage, action)), None)

    def action(self, stage: str, name: str) -> dict[str, Any]:
        return next(a for s in self.stages if s["name"] == stage for a in s["actions"] if a["name"] == name)

    def with_run(self, run: Run) -> Execution:
        return self.changed(runs=tuple(run if known.id == run.id else known for known in self.runs))


class ExecutionMachine:
    """`entered`, `action_started`, `action_ended`, `stop_requested`, `superseded` and `retry_requested` move an execution."""

    model = Execution

    def begin(self, execution: Execution) -> Step[Execution]:
        begun = execution.changed(state=Status.IN_PROGRESS)
        return Step(begun, notices=(_request(begun), execution_event(begun, "STARTED")))

    def advance(self, record: Execution, event: Event, at: float) -> Step[Execution]:
        match event.name:
            case "entered" if record.state == Status.IN_PROGRESS and not record.is_inside:
                return self._enter(record, at)
            case "entered" if not record.is_inside:
                return Step(record, notices=(_release(record),))
            case "action_started":
                return self._started(record, event, at)
            case "action_ended" | "action_failed" | "timer":
                return self._ended(record, event, at)
            case "stop_requested" if record.state == Status.IN_PROGRESS:
                return self._stop(record, event, at)
            case "superseded" if record.state == Status.IN_PROGRESS and not record.is_inside:
                superseded = record.changed(state=Status.SUPERSEDED)
                return Step(superseded, notices=(execution_event(superseded, "SUPERSEDED"),))
            case "retry_requested" if record.state in (Status.FAILED, Status.STOPPED):
                return self._retry(record, event)
            case _:
                return Step(record)

    # ------------------------------------------------------------------ stages
    def _enter(self, record: Execution, at: float) -> Step[Execution]:
        status = {**record.stage_status, record.stage_name: "InProgress"}
        inside = record.changed(is_inside=True, stage_status=status)
        step = self._continue(inside, at)
        return _more(step, (stage_event(inside, "STARTED"),))

    def _continue(self, record: Execution, at: float) -> Step[Execution]:
        """Start what is due in this stage, or leave it."""
        actions = record.stages[record.stage]["actions"]
        latest = {action["name"]: self._current(record, action["name"]) for action in actions}
        if any(run is not None and run.status is RunStatus.IN_PROGRESS for run in latest.values()):
            return Step(record)
        if record.state == Status.STOPPING:
            return self._leave(record, Status.STOPPED, at)
        if any(run is not None and run.status is not RunStatus.SUCCEEDED for run in latest.values()):
            return self._leave(record, Status.FAILED, at)
        missing = [action for action in actions if latest[action["name"]] is None]
        if not missing:
            return self._leave(record, Status.SUCCEEDED, at)
        order = min(action.get("runOrder", 1) for action in missing)
        return self._start(record, [action for action in missing if action.get("runOrder", 1) == order], at)

    def _current(self, record: Execution, action: str) -> Run | None:
        """The run that counts: the last one of this attempt at the stage, or one that succeeded before."""
        run = record.latest(record.stage_name, action)
        if run is None or run.status in (RunStatus.SUCCEEDED, RunStatus.IN_PROGRESS):
            return run
        return run if run.id.endswith(f".{record.attempt}") else None

    def _start(self, record: Execution, actions: list[dict[str, Any]], at: float) -> Step[Execution]:
        runs, timers, orders, notices = [], [], [], []
        for action in actions:
            run_id = f"{record.key}.{record.stage_name}.{action['name']}.{record.attempt}"
            run = Run(id=run_id, stage=record.stage_name, action=action["name"], started_at=at, updated_at=at)
            runs.append(run)
            orders.append(Action("codepipeline.start_action", key=run_id, data={"run": run_id}, lane=run_id))
            notices.append(action_event(record, run, action, "STARTED"))
            timers += _limits(run_id, action["actionTypeId"], at)
        started = record.changed(runs=(*record.runs, *runs))
        return Step(started, actions=tuple(orders), timers=tuple(timers), notices=tuple(notices))

    def _leave(self, record: Execution, status: Status, at: float) -> Step[Execution]:
        stages = {**record.stage_status, record.stage_name: str(status)}
        left = record.changed(is_inside=False, stage_status=stages)
        notices = (stage_event(left, status.upper()), _release(left))
        if status is Status.SUCCEEDED and left.stage + 1 < len(left.stages) and not left.rollback_of:
            ahead = left.changed(stage=left.stage + 1)
            return Step(ahead, notices=(*notices, _request(ahead)))
        ended = left.changed(state=status)
        told = (*notices, execution_event(ended, status.upper()), *outcome_metrics(ended, at))
        wants_rollback = ended.stages[ended.stage].get("onFailure", {}).get("result") == "ROLLBACK"
        if status is Status.FAILED and wants_rollback and not ended.rollback_of:
            told = (*told, Notice("codepipeline.stage.rollback_wanted", _place(ended)))
        return Step(ended, notices=told)

    # ------------------------------------------------------------------ actions
    def _started(self, record: Execution, event: Event, at: float) -> Step[Execution]:
        run = _find(record, event.data["run"])
        if run is None or run.status is not RunStatus.IN_PROGRESS:
            return Step(record)
        members = {name: value for name, value in event.data.items() if name != "run"}
        return Step(record.with_run(Run.model_validate({**run.model_dump(), **members, "updated_at": at})))

    def _ended(self, record: Execution, event: Event, at: float) -> Step[Execution]:
        run = _find(record, event.data.get("run", ""))
        if run is None or run.status is not RunStatus.IN_PROGRESS:
            return Step(record)
        members = {name: value for name, value in event.data.items() if name in Run.model_fields}
        if event.name == "action_failed":
            members = {
                "status": RunStatus.FAILED,
                "error": {"code": event.data["code"], "message": event.data["reason"]},
            }
        elif event.name == "timer":
            members = {
                "status": RunStatus.FAILED,
                "error": {"code": "Timeout", "message": "The action ran out of time."},
            }
        ended = Run.model_validate({**run.model_dump(), **members, "updated_at": at})
        known = record.with_run(ended)
        notice = action_event(known, ended, known.action(run.stage, run.action), str(ended.status).upper())
        if not record.is_inside:
            return Step(known, notices=(notice,))
        step = self._continue(known, at)
        cancel = (CancelTimer(f"timeout/{run.id}"),)
        return Step(step.record, step.actions, (*cancel, *step.timers), (notice, *step.notices))

    def _stop(self, record: Execution, event: Event, at: float) -> Step[Execution]:
        stopping = record.changed(state=Status.STOPPING, reason=event.data.get("reason", ""))
        if not record.is_inside:
            stopped = stopping.changed(state=Status.STOPPED)
            return Step(stopped, notices=(execution_event(stopped, "STOPPED"),))
        if event.data["abandon"]:
            runs = tuple(
                run.model_copy(update={"status": RunStatus.ABANDONED, "updated_at": at})
                if run.status is RunStatus.IN_PROGRESS
                else run
                for run in record.runs
            )
            stopping = stopping.changed(runs=runs)
        return _more(self._continue(stopping, at), (execution_event(stopping, "STOPPING"),))

    def _retry(self, record: Execution, event: Event) -> Step[Execution]:
        """Another attempt at the stage in which it ended; `all` also forgets what succeeded there."""
        attempt = record.attempt + 1
        runs = record.runs
        if event.data["all"]:
            runs = tuple(run for run in runs if run.stage != record.stage_name)
        retried = record.changed(state=Status.IN_PROGRESS, attempt=attempt, runs=runs, reason="")
        return Step(retried, notices=(_request(retried), execution_event(retried, "RESUMED")))


def _limits(run_id: str, kind: Mapping[str, str], at: float) -> list[SetTimer]:
    """Until when it must have ended. What a function does takes its time whatever the time scale."""
    name, data = f"timeout/{run_id}", {"run": run_id}
    match kind["category"], kind["provider"]:
        case "Approval", _:
            return [SetTimer(name, after_seconds=APPROVAL_SECONDS, data=data)]
        case "Invoke", "Lambda":
            return [SetTimer(name, at=at + INVOKE_SECONDS, data=data)]
        case _:
            return []


def _find(record: Execution, run_id: str) -> Run | None:
    return next((run for run in record.runs if run.id == run_id), None)


def _request(execution: Execution) -> Notice:
    return Notice("codepipeline.stage.requested", _place(execution))


def _release(execution: Execution) -> Notice:
    return Notice("codepipeline.stage.released", _place(execution))


def _place(execution: Execution) -> Mapping[str, str]:
    return {"pipeline": execution.parent, "stage": execution.stage_name, "execution": execution.key}


def _more(step: Step[Execution], notices: tuple[Notice, ...]) -> Step[Execution]:
    return Step(step.record, step.actions, step.timers, (*notices, *step.notices), step.history)
