"""Does in the world what the transform machine decided. Every action may be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.errors import ActionFailed
from mlsystem.engine.durable.machine import Event, Machine
from mlsystem.engine.durable.worker import ActionCall, ActionHandler
from mlsystem.engine.runtime.errors import InvalidProcess, SandboxUnavailable
from mlsystem.engine.runtime.process import Exited, ProcessSpec
from mlsystem.engine.runtime.s3_files import S3Files
from mlsystem.engine.runtime.workload import Machinery, last_lines, log_closed, log_opened
from mlsystem.engine.services.sagemaker.instance_watch import InstanceWatch, ping
from mlsystem.engine.services.sagemaker.job import Phase
from mlsystem.engine.services.sagemaker.job_kind import LONGEST_REASON, clear
from mlsystem.engine.services.sagemaker.model_server import ModelServer, ServedModel, Serving
from mlsystem.engine.services.sagemaker.program import not_started, out_of_memory
from mlsystem.engine.services.sagemaker.transform_folder import TransformFolder, container_environment
from mlsystem.engine.services.sagemaker.transform_job import (
    CLIENT,
    SERVER,
    STARTUP_SECONDS,
    TransformJob,
    TransformMachine,
)

OWNER = "transform-job"
LOG_GROUP = "/aws/sagemaker/TransformJobs"
LONGEST_WORDS = 700
STOPPED = "the transform job ends"


class TransformActions(Part):
    """Stages, starts both programs, uploads, clears."""

    def __init__(self, house: House, machinery: Machinery, machine: TransformMachine):
        self._house = house
        self._machinery = machinery
        self._machine = machine
        self._server = ModelServer(house, machinery)
        self._watch = InstanceWatch()

    def machines(self) -> Sequence[Machine[Any]]:
        return (self._machine,)

    def actions(self) -> Mapping[str, ActionHandler]:
        verbs = {
            "stage_inputs": self._stage,
            "start_server": self._start_server,
            "check_server": self._check_server,
            "start_client": self._start_client,
            "stop_programs": self._stop_programs,
            "upload_outputs": self._upload,
            "clear_folder": self._clear,
        }
        return {f"{TransformJob.kind}.{verb}": handler for verb, handler in verbs.items()}

    def start(self) -> None:
        """Learn of the ends that came while no engine watched, and go on waiting for what was waited for."""
        self._machinery.exits.subscribe(OWNER, self._on_exit)
        with self._house.database.reading() as tx:
            jobs = tx.all(TransformJob, state="InProgress")
        for job in jobs:
            if job.phase is Phase.STARTING:
                self._await_health(job)

    def stop(self) -> None:
        self._watch.stop()

    # ------------------------------------------------------------------ actions
    def _stage(self, call: ActionCall) -> Event:
        job = self._job(call)
        folder = self._folder(job)
        clear(folder.root)
        folder.root.mkdir(parents=True)
        self._server.stage(_served(job), job.key, folder.root)
        folder.stage(self._files(job))
        return Event("staged")

    def _start_server(self, call: ActionCall) -> Event:
        job = self._job(call)
        folder = self._folder(job)
        serving = Serving(
            process_id=job.id_of(SERVER),
            user=job.key,
            session=job.key,
            log_path=folder.log_path(SERVER),
            socket=folder.socket,
            instance_type=_instance_type(job),
            environment=container_environment(job.request),
        )
        # Before the start: its end, which may come at once and ends the waiting, is told after this.
        self._await_health(job)
        try:
            self._run(job, SERVER, self._server.spec(_served(job), serving, folder.root / "model"))
        except ActionFailed:
            self._watch.forget(job.process_id)
            raise
        return Event("server_started")

    def _check_server(self, call: ActionCall) -> Event:
        """The time to become healthy is over: a last look."""
        job = self._job(call)
        if ping(self._folder(job).socket):
            return Event("healthy")
        reason = f"the container did not answer GET /ping with 200 within {STARTUP_SECONDS:.0f} s."
        return Event("unhealthy", {"failure_reason": self._with_log(job, f"AlgorithmError: {reason}")})

    def _start_client(self, call: ActionCall) -> None:
        job = self._job(call)
        self._run(job, CLIENT, self._folder(job).client())

    def _run(self, job: TransformJob, program: str, spec: ProcessSpec) -> None:
        with self._house.database.transaction() as tx:
            opened = log_opened(LOG_GROUP, self._folder(job).log_stream(program), spec.log.path)
            self._house.worker.notify(tx, job.kind, job.key, opened)
        try:
            self._machinery.runner.start(spec)
        except (InvalidProcess, SandboxUnavailable) as error:
            raise ActionFailed(str(error)) from error

    def _stop_programs(self, call: ActionCall) -> None:
        job = self._job(call)
        self._watch.forget(job.process_id)
        for program in job.living:
            self._machinery.runner.stop(job.id_of(program), STOPPED)

    def _upload(self, call: ActionCall) -> Event:
        job = self._job(call)
        self._folder(job).upload(self._files(job))
        return Event("uploaded")

    def _clear(self, call: ActionCall) -> None:
        """What is left of a job are objects, log events and its record."""
        job = self._job(call)
        folder = self._folder(job)
        with self._house.database.transaction() as tx:
            for program in (SERVER, CLIENT):
                self._house.worker.notify(tx, job.kind, job.key, log_closed(folder.log_path(program)))
        for program in (SERVER, CLIENT):
            self._machinery.runner.forget(job.id_of(program))
        folder.socket.unlink(missing_ok=True)
        clear(folder.root)

    # ------------------------------------------------------------------ what the programs do by themselves
    def _await_health(self, job: TransformJob) -> None:
        def told() -> None:
            with self._house.database.transaction() as tx:
                self._house.worker.send(tx, TransformJob, job.key, Event("healthy"))

        self._watch.until_healthy(job.process_id, self._folder(job).socket, told)

    def _on_exit(self, process_id: str, how: Exited) -> None:
        _, key, _, program = process_id.split(".")
        with self._house.database.transaction() as tx:
            job = tx.get(TransformJob, key)
            if job is None or job.id_of(program) != process_id or program not in job.living:
                return
            self._watch.forget(job.process_id)
            reason = self._end_of_server(job, how) if program == SERVER else self._end_of_client(job, how)
            data = {"program": program, "failure_reason": reason}
            self._house.worker.send(tx, TransformJob, key, Event("exited", data))

    def _end_of_server(self, job: TransformJob, how: Exited) -> str:
        """Nothing where it was told to end."""
        if how.reason == "stopped":
            return ""
        if how.reason == "memory_limit":
            return out_of_memory(_instance_type(job), how.message)
        if how.reason == "start_failed":
            return not_started(how.message)[:LONGEST_REASON]
        if how.reason == "lost":
            return f"InternalServerError: {how.message}"[:LONGEST_REASON]
        code = how.exit_code if how.exit_code is not None else 128 + (how.signal or 0)
        return self._with_log(job, f"AlgorithmError: the container ended before the job did, exit code: {code}.")

    def _end_of_client(self, job: TransformJob, how: Exited) -> str:
        """Nothing where all objects were transformed."""
        result = self._folder(job).result()
        if result is None:
            words = last_lines(self._folder(job).log_path(CLIENT), LONGEST_WORDS)
            return f"InternalServerError: the records were not all sent ({how.reason} {how.message}) {words}".strip()
        if not result.failures:
            return ""
        first = result.failures[0]
        return (
            f"ClientError: {len(result.failures)} of {result.count} objects failed. {first.name}: "
            f"{first.reason[:LONGEST_WORDS]}. See the log stream {self._folder(job).log_stream(CLIENT)} of {LOG_GROUP}."
        )[:LONGEST_REASON]

    def _with_log(self, job: TransformJob, reason: str) -> str:
        words = last_lines(self._folder(job).log_path(SERVER), LONGEST_WORDS)
        return f"{reason} {f'Its last log lines: {words}' if words else 'It wrote no log.'}"[:LONGEST_REASON]

    # ------------------------------------------------------------------ records
    def _job(self, call: ActionCall) -> TransformJob:
        with self._house.database.reading() as tx:
            job = tx.get(TransformJob, call.owner_key)
        if job is None:
            raise ActionFailed(f"the job {call.owner_key} was deleted")
        return job

    def _folder(self, job: TransformJob) -> TransformFolder:
        return TransformFolder(self._house.folder, job)

    def _files(self, job: TransformJob) -> S3Files:
        return S3Files(self._house.call, self._server.principal(_served(job), job.key))


def _served(job: TransformJob) -> ServedModel:
    return ServedModel(job.request["ModelName"], job.model, job.digest)


def _instance_type(job: TransformJob) -> str:
    return str(job.request["TransformResources"]["InstanceType"])
