"""What is compared: something that can be put in service, and is ended whole after each turn."""

from __future__ import annotations

import http.client
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.served.environments import PEERS, environment
from benchmarks.served.wire import CSV, Wire
from benchmarks.served.workload import Workload, WrongAnswerError

WORKERS = 2
READY_SECONDS = 180.0
PAUSE_SECONDS = 0.02
CHECKED_ROWS = 20
PORTS = range(20_000, 32_000)
_LAST_CHARACTERS = 1500


class NotRunError(Exception):
    """A contender that cannot run on this machine, and why."""


@dataclass(frozen=True)
class Service:
    """It answers: where, in what form, and how long that took."""

    port: int
    path: str
    wire: Wire
    start_seconds: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    def ask(self, rows: Sequence[str]) -> bytes:
        """Raises WrongAnswerError for another status than 200, and OSError and HTTPException where there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Content-Type": self.wire.content_type}
            connection.request("POST", self.path, self.wire.body(rows), headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise WrongAnswerError(f"{answer.status} {body[:500]!r}")
        return body

    def require_right_answers(self, workload: Workload) -> None:
        """Row by row, and for all rows at once. Raises WrongAnswerError."""
        for place in range(CHECKED_ROWS):
            workload.require(self.wire.read(self.ask(workload.rows[place : place + 1])), place)
        workload.require(self.wire.read(self.ask(workload.rows)), 0)


class Contender(Protocol):
    @property
    def name(self) -> str: ...

    def serving(self, workload: Workload, folder: Path) -> AbstractContextManager[Service]:
        """In service, with `folder` of its own for what it writes. Raises NotRunError."""
        ...


@dataclass(frozen=True)
class Place:
    """Where a program runs: the folder is its own, `bin` is its environment's."""

    workload: Workload
    folder: Path
    bin: Path
    port: int


@dataclass(frozen=True)
class Program:
    """A contender that one command starts."""

    name: str
    requirements: Path
    command: Callable[[Place], Sequence[object]]
    wire: Wire = CSV
    path: str = "/invocations"
    variables: Callable[[Place], Mapping[str, object]] = lambda _: {}
    prepare: Callable[[Place], None] = lambda _: None
    needs: tuple[str, ...] = ()

    @contextmanager
    def serving(self, workload: Workload, folder: Path) -> Iterator[Service]:
        for tool in self.needs:
            if not shutil.which(tool):
                raise NotRunError(f"the program {tool} is not installed")
        try:
            place = Place(workload, folder, environment(self.requirements) / "bin", free_port())
        except subprocess.CalledProcessError as error:
            raise NotRunError(f"its environment cannot be made: {error}") from error
        self.prepare(place)
        log = folder / "log"
        with log.open("wb") as output:
            began = time.monotonic()
            command = [str(word) for word in self.command(place)]
            process = subprocess.Popen(
                command, cwd=folder, env=self._environment(place), stdout=output, stderr=subprocess.STDOUT
            )
        service = Service(place.port, self.path, self.wire, 0.0)
        try:
            _await_answer(service, workload, process, log)
            yield Service(place.port, self.path, self.wire, time.monotonic() - began)
        finally:
            process.terminate()

    def _environment(self, place: Place) -> dict[str, str]:
        own = {
            "PATH": f"{place.bin}:{os.environ['PATH']}",
            "PYTHONPATH": PEERS,
            "PYTHONDONTWRITEBYTECODE": "",
            "BENCH_MODEL": place.workload.folder,
            "OMP_NUM_THREADS": 1,
            "OPENBLAS_NUM_THREADS": 1,
            "HOME": place.folder,
            **self.variables(place),
        }
        return {**os.environ, **{name: str(value) for name, value in own.items()}}


def _await_answer(service: Service, workload: Workload, process: subprocess.Popen[bytes], log: Path) -> None:
    """Raises NotRunError with its last words."""
    deadline = time.monotonic() + READY_SECONDS
    problem = ""
    while process.poll() is None and time.monotonic() < deadline:
        try:
            service.ask(workload.rows[:1])
            return
        except (OSError, http.client.HTTPException, WrongAnswerError) as error:
            problem = str(error)
        time.sleep(PAUSE_SECONDS)
    said = log.read_text(errors="replace")[-_LAST_CHARACTERS:]
    raise NotRunError(f"it does not answer: {problem} {said}")


def free_port() -> int:
    """Among the lower ones: the inference toolkit's server takes none from 32767 on."""
    for port in random.sample(PORTS, len(PORTS)):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise NotRunError("no port is free")
