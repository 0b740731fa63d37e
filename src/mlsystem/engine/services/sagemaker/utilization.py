"""How much of the machine endpoints and jobs use, told to CloudWatch each minute as SageMaker tells it.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html (instance metrics). CPUUtilization is the sum over cores, so
that two busy ones are 200 %; memory and disk are those of this machine, whatever instance type was asked for.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from mlsystem.engine.contract import House, Part
from mlsystem.engine.decide.metric_data import Datum, Dimensions, Series, metric_data
from mlsystem.engine.durable.metric_notice import metric_notices
from mlsystem.engine.runtime.errors import NoSuchProcess
from mlsystem.engine.runtime.process import Running
from mlsystem.engine.runtime.usage import Usage, disk_share, machine_memory_bytes, usage
from mlsystem.engine.runtime.workload import Machinery
from mlsystem.engine.services.sagemaker.endpoint import Endpoint, Phase
from mlsystem.engine.services.sagemaker.job import Job, ProcessingJob, TrainingJob
from mlsystem.engine.services.sagemaker.job import Phase as JobPhase
from mlsystem.engine.services.sagemaker.transform_job import TransformJob
from mlsystem.engine.store.database import Transaction

log = logging.getLogger(__name__)

MINUTE = 60.0
SHORTEST_SECONDS = 1.0  # however fast time goes
CPU, MEMORY, DISK = "CPUUtilization", "MemoryUtilization", "DiskUtilization"
ENDPOINTS = "/aws/sagemaker/Endpoints"
JOBS: dict[type[Job], str] = {
    TrainingJob: "/aws/sagemaker/TrainingJobs",
    ProcessingJob: "/aws/sagemaker/ProcessingJobs",
    TransformJob: "/aws/sagemaker/TransformJobs",
}
OWNER = "sagemaker.utilization"


@dataclass(frozen=True)
class _Program:
    process_id: str
    namespace: str
    dimensions: Dimensions


class Utilization(Part):
    """Looks at the programs that run, once a minute."""

    def __init__(self, house: House, machinery: Machinery):
        self._house = house
        self._machinery = machinery
        self._seconds = max(MINUTE / house.clock.time_scale, SHORTEST_SECONDS)
        self._condition = threading.Condition()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="utilization", daemon=True)
        # What each program had used at the look before, and when that was.
        self._before: dict[str, tuple[float, Usage]] = {}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._condition:
            self._is_stopping = True
            self._condition.notify_all()
        self._thread.join()

    def _run(self) -> None:
        next_look = self._house.clock.now() + self._seconds
        while True:
            with self._condition:
                while not self._is_stopping and self._house.clock.now() < next_look:
                    self._house.clock.wait(self._condition, next_look)
                if self._is_stopping:
                    return
            # What was missed while the machine slept is not made up for.
            next_look = self._house.clock.now() + self._seconds
            try:
                self._look()
            except Exception:  # the supervisor: a full disk may have room again
                log.exception("what programs use could not be told")

    def _look(self) -> None:
        with self._house.database.reading() as tx:
            programs = [*_instances(tx), *_jobs(tx)]
        second = int(self._house.clock.now())
        observations = list(self._observations(programs, second))
        if not observations:
            return
        self._tell(metric_data(observations), second)

    def _observations(self, programs: list[_Program], second: int) -> Iterator[tuple[Series, float]]:
        before, self._before = self._before, {}
        disk = 100 * disk_share(self._house.folder.root)
        for program in programs:
            try:
                status = self._machinery.runner.status(program.process_id)
            except NoSuchProcess:
                continue
            if not isinstance(status, Running):
                continue
            at, used = time.monotonic(), usage(status.pid)
            self._before[program.process_id] = (at, used)
            values = {MEMORY: 100 * used.memory_bytes / machine_memory_bytes(), DISK: disk}
            if program.process_id in before:
                then, earlier = before[program.process_id]
                # A process that has ended, and was reaped by nobody here, takes its seconds with it.
                values[CPU] = max(0.0, 100 * (used.cpu_seconds - earlier.cpu_seconds) / (at - then))
            for name, value in values.items():
                yield Series(program.namespace, name, "Percent", program.dimensions, second), round(value, 3)

    def _tell(self, data: dict[str, list[Datum]], second: int) -> None:
        with self._house.database.transaction() as tx:
            for notice in metric_notices(data, f"utilization/{second}"):
                self._house.worker.notify(tx, OWNER, str(second), notice)


def _instances(tx: Transaction) -> Iterator[_Program]:
    for endpoint in tx.all(Endpoint):
        for instance in endpoint.instances:
            if instance.phase is Phase.SERVING:
                dimensions = (("EndpointName", endpoint.key), ("VariantName", instance.variant))
                yield _Program(endpoint.process_id(instance), ENDPOINTS, dimensions)


def _jobs(tx: Transaction) -> Iterator[_Program]:
    for model, namespace in JOBS.items():
        for job in tx.all(model, state="InProgress"):
            if job.phase is JobPhase.RUNNING:
                yield _Program(job.program_id, namespace, (("Host", f"{job.key}/algo-1"),))
