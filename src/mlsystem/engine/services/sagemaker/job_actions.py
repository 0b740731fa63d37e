"""Does in the world what the job machine decided: stage, run, stop, upload. Every action may be repeated."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlsystem.engine.contract import House, Part, Principal
from mlsystem.engine.decide import log_measures
from mlsystem.engine.decide.errors import ActionFailed
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.runtime.errors import InvalidProcess, PlaceTaken, SandboxUnavailable
from mlsystem.engine.runtime.images import BrokenImage, Image
from mlsystem.engine.runtime.process import Exited, Log, ProcessSpec
from mlsystem.engine.runtime.s3_files import S3Files
from mlsystem.engine.runtime.workload import (
    Machinery,
    door,
    find_image,
    last_lines,
    log_closed,
    log_opened,
    measured_by,
)
from mlsystem.engine.services.sagemaker.continuous_upload import upload_changed
from mlsystem.engine.services.sagemaker.job import Job, JobMachine, Phase, Status
from mlsystem.engine.services.sagemaker.job_kind import LONGEST_REASON, JobKind, clear, instance_type
from mlsystem.engine.services.sagemaker.program import limits_of, not_started, out_of_memory

log = logging.getLogger(__name__)

STOP_GRACE_SECONDS = 120.0
STOPPED = "StopJob was called"


class JobActions(Part):
    """The actions of one kind of job."""

    def __init__(self, house: House, machinery: Machinery, machine: JobMachine[Any], kind: JobKind):
        self._house = house
        self._machinery = machinery
        self._machine = machine
        self._kind = kind

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        verbs = {
            "stage_inputs": self._stage,
            "start_process": self._start,
            "stop_process": self._stop,
            "sync_outputs": self._sync,
            "upload_outputs": self._upload,
            "clear_folder": self._clear,
        }
        return {f"{self._machine.model.kind}.{verb}": handler for verb, handler in verbs.items()}

    def start(self) -> None:
        """Learn of the ends that came while no engine watched."""
        self._machinery.exits.subscribe(self._machine.model.kind.split(".")[1].replace("_", "-"), self._on_exit)

    # ------------------------------------------------------------------ actions
    def _stage(self, call: ActionCall) -> Event:
        job = self._job(call)
        tree = self._tree(job)
        clear(tree.parent)
        tree.mkdir(parents=True)
        with self._house.database.transaction() as tx:
            self._house.worker.send(tx, self._machine.model, job.key, Event("downloading"))
        image = find_image(self._house, self._machinery.images, self._kind.image_uri(job), self._principal(job))
        self._kind.stage(job, tree, self._files(job))
        return Event("staged", {"digest": image.digest})

    def _start(self, call: ActionCall) -> None:
        job = self._job(call)
        spec = self._spec(job)
        with self._house.database.transaction() as tx:
            measured = measured_by(self._kind.log_group, "TrainingJobName", job.key, _definitions(job))
            opened = log_opened(self._kind.log_group, self._log_stream(job), spec.log.path, measured)
            self._house.worker.notify(tx, job.kind, job.key, opened)
        try:
            self._run(job, spec)
        except (InvalidProcess, SandboxUnavailable) as error:
            raise ActionFailed(str(error)) from error

    def _run(self, job: Job, spec: ProcessSpec) -> None:
        """While another program has a path that it needs, the worker tries again."""
        try:
            self._machinery.runner.start(spec)
        except PlaceTaken:
            if job.state != Status.STOPPING:
                raise
            self._machinery.runner.stop(spec.id, STOPPED)
            self._machinery.runner.start(spec)  # by which it has ended

    def _stop(self, call: ActionCall) -> None:
        self._machinery.runner.stop(self._job(call).process_id, STOPPED)

    def _sync(self, call: ActionCall) -> Event:
        """What cannot be uploaded now is tried again, and at the end for the last time: then the job fails of it."""
        job = self._job(call)
        tree = self._tree(job)
        try:
            upload_changed(self._kind.continuous(job, tree), tree.parent, self._files(job), is_last=False)
        except (ActionFailed, FileNotFoundError) as problem:
            log.warning("%s: not uploaded while it runs: %s", job.process_id, problem)
        return Event("synced")

    def _upload(self, call: ActionCall) -> Event:
        job = self._job(call)
        tree = self._tree(job)
        self._kind.upload(job, tree, self._files(job))
        return Event("uploaded", {"final_metrics": self._final_metrics(job)})

    def _clear(self, call: ActionCall) -> None:
        """Once its outputs are uploaded: what is left of a job are objects, log events and its record."""
        job = self._job(call)
        with self._house.database.transaction() as tx:
            self._house.worker.notify(tx, job.kind, job.key, log_closed(self._log_path(job)))
        self._machinery.runner.forget(job.process_id)
        clear(self._tree(job).parent)

    # ------------------------------------------------------------------ the end of the program
    def _on_exit(self, process_id: str, how: Exited) -> None:
        key = process_id.split(".")[1]
        with self._house.database.transaction() as tx:
            job = tx.get(self._machine.model, key)
            if job is None or job.process_id != process_id or job.phase is not Phase.RUNNING:
                return
            data = {
                "reason": how.reason,
                "exit_code": how.exit_code,
                "failure_reason": self._failure_reason(job, how),
                "exit_message": self._kind.exit_message(job, self._tree(job)),
            }
            self._house.worker.send(tx, self._machine.model, key, Event("exited", data))

    def _failure_reason(self, job: Job, how: Exited) -> str:
        """SageMaker's words, with the program's own reason, else the last lines of its log."""
        match how.reason:
            case "time_limit":
                return "ClientError: the job ran longer than its MaxRuntimeInSeconds and was stopped"
            case "memory_limit":
                return out_of_memory(instance_type(job), how.message)
            case "start_failed":
                return not_started(how.message)[:LONGEST_REASON]
            case "lost":
                return f"InternalServerError: {how.message}"[:LONGEST_REASON]
        code = how.exit_code if how.exit_code is not None else 128 + (how.signal or 0)
        words = self._kind.failure(job, self._tree(job)) or last_lines(self._log_path(job), LONGEST_REASON - 100)
        return f"AlgorithmError: {words or 'the program left no reason'}, exit code: {code}"[:LONGEST_REASON]

    def _final_metrics(self, job: Job) -> list[tuple[str, float, float]]:
        """The last value of each metric definition in the job's log: (name, value, seconds since the epoch)."""
        definitions = _definitions(job)
        if not definitions:
            return []
        text = self._log_path(job).read_text(errors="replace") if self._log_path(job).exists() else ""
        now = self._house.clock.now()
        last = dict(log_measures.measures(definitions, text.splitlines()))
        return [(name, last[name], now) for name in definitions if name in last]

    # ------------------------------------------------------------------ the process
    def _spec(self, job: Job) -> ProcessSpec:
        image = self._image(job)
        isolated = self._kind.is_isolated(job)
        credentials = self._machinery.credentials
        keys = {} if isolated else credentials.environment(job.process_id, job.request["RoleArn"], job.key)
        return ProcessSpec(
            id=job.process_id,
            argv=self._kind.argv(job, image),
            log=Log(self._log_path(job)),
            environment={"HOME": "/root", **image.environment, **keys, **self._kind.environment(job)},
            working_directory=image.working_directory,
            image=image.files,
            mounts=(*self._kind.mounts(job, self._tree(job)), *credentials.mounts()),
            outbound=() if isolated else (door(self._house, job.request["RoleArn"]),),
            time_limit_seconds=self._kind.time_limit_seconds(job),
            stop_grace_seconds=STOP_GRACE_SECONDS,
            **limits_of(instance_type(job)),
        )

    def _image(self, job: Job) -> Image:
        """The very image that the tag named when the job began."""
        if not job.image_digest:
            return find_image(self._house, self._machinery.images, self._kind.image_uri(job))
        try:
            return self._machinery.images.open(job.image_digest)
        except BrokenImage as error:
            raise ActionFailed(f"the image {job.image_digest} cannot be run: {error}", "ClientError") from error

    def _job(self, call: ActionCall) -> Any:
        with self._house.database.reading() as tx:
            job = tx.get(self._machine.model, call.owner_key)
        if job is None:
            raise ActionFailed(f"the job {call.owner_key} was deleted")
        return job

    def _tree(self, job: Job) -> Path:
        return self._house.folder.work / "jobs" / job.process_id / "ml"

    def _log_path(self, job: Job) -> Path:
        return self._house.folder.root / "logs" / f"{job.process_id}.log"

    def _log_stream(self, job: Job) -> str:
        return f"{job.key}/algo-1-{int(job.created_at)}"

    def _files(self, job: Job) -> S3Files:
        return S3Files(self._house.call, self._principal(job))

    def _principal(self, job: Job) -> Principal:
        return self._house.session_of(job.request["RoleArn"], job.key, "sagemaker")


def _definitions(job: Job) -> dict[str, str]:
    """Regular expressions by the name of the metric that they find."""
    given = job.request.get("AlgorithmSpecification", {}).get("MetricDefinitions", ())
    return {one["Name"]: one["Regex"] for one in given}
