"""The turns: of each contender and case a load on the bare handler, and at once the same load on the contender."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.served import processes
from benchmarks.served.contender import Contender, NotRunError, Service
from benchmarks.served.endpoint import Endpoint, LostCaptureError, captured_count
from benchmarks.served.workload import Workload, WrongAnswerError
from benchmarks.served.wrk import Load, load

WARM_SECONDS = 1
# Those that are on their way when wrk ends, and the answers that were checked before.
UNCOUNTED_REQUESTS = 64 + 64


@dataclass(frozen=True)
class Case:
    rows: int
    connections: int

    @property
    def name(self) -> str:
        return f"{self.rows} row{'s' if self.rows > 1 else ''}, {self.connections} connections"


@dataclass(frozen=True)
class Turn:
    """A load on a contender, the one on the bare handler before it, and the processors' seconds that each took of its server."""

    load: Load
    bare: Load
    cpu_seconds: float
    bare_cpu_seconds: float


@dataclass
class Found:
    """Of one contender, by rounds; `problem` says why it was not measured."""

    turns: dict[Case, list[Turn]] = field(default_factory=dict)
    start_seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    captured: list[int] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    problem: str = ""


class Measuring:
    def __init__(
        self,
        bare: Contender,
        contenders: Sequence[Contender],
        cases: Sequence[Case],
        seconds: int,
        workload: Workload,
        folder: Path,
        end: Callable[[Set[int]], None] = processes.end,
    ):
        self.bare, self.contenders, self.cases = bare, contenders, cases
        self.found = {one.name: Found() for one in (bare, *contenders)}
        self._seconds, self._workload, self._folder = seconds, workload, folder
        self._end = end
        self._bare_processes: set[int] = set()

    def run(self, rounds: int) -> None:
        processes.adopt_orphans()
        with self._serving(self.bare) as (bare, _):
            bare.require_right_answers(self._workload)
            # With what made the model or will make environments, which is over before.
            self._bare_processes = processes.descendants(os.getpid())
            for number in range(rounds):
                for contender in self.contenders:
                    found = self.found[contender.name]
                    if not found.problem:
                        print(f"round {number + 1}: {contender.name}", file=sys.stderr, flush=True)
                        self._turn(contender, found, bare)
            self.found[self.bare.name].megabytes.append(processes.megabytes(self._bare_processes))

    def _turn(self, contender: Contender, found: Found, bare: Service) -> None:
        try:
            with self._serving(contender) as (service, folder):
                service.require_right_answers(self._workload)
                answered = sum(self._load_both(case, found, service, bare) for case in self.cases)
                found.megabytes.append(processes.megabytes(self._own()))
                if isinstance(contender, Endpoint) and contender.is_captured:
                    _require_captured(service, folder, found, answered)
        except (NotRunError, WrongAnswerError) as error:
            found.problem = f"{type(error).__name__}: {error}"
            print(f"{contender.name}: {found.problem}", file=sys.stderr, flush=True)
        finally:
            self._end(self._bare_processes)

    def _load_both(self, case: Case, found: Found, service: Service, bare: Service) -> int:
        """How many requests the contender answered."""
        warm = self._load(case, service, WARM_SECONDS)
        before = processes.cpu_seconds(self._bare_processes)
        bare_load = self._load(case, bare, self._seconds)
        between, own_before = processes.cpu_seconds(self._bare_processes), processes.cpu_seconds(self._own())
        own_load = self._load(case, service, self._seconds)
        cpu_seconds = processes.cpu_seconds(self._own()) - own_before
        found.turns.setdefault(case, []).append(Turn(own_load, bare_load, cpu_seconds, between - before))
        told = f"{own_load.rate:,.0f} requests/s, the bare handler {bare_load.rate:,.0f}"
        print(f"  {case.name}: {told}", file=sys.stderr, flush=True)
        return warm.requests + own_load.requests

    def _load(self, case: Case, service: Service, seconds: int) -> Load:
        body = self._folder / "body"
        body.write_bytes(service.wire.body(self._workload.rows[: case.rows]))
        return load(service.url, body, service.wire.content_type, case.connections, seconds)

    def _own(self) -> set[int]:
        return processes.descendants(os.getpid()) - self._bare_processes

    @contextmanager
    def _serving(self, contender: Contender) -> Iterator[tuple[Service, Path]]:
        with tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as name:
            with contender.serving(self._workload, Path(name)) as service:
                self.found[contender.name].start_seconds.append(service.start_seconds)
                yield service, Path(name)
            if contender is self.bare:
                self._end(set())


def _require_captured(service: Service, folder: Path, found: Found, answered: int) -> None:
    """Raises LostCaptureError."""
    captured = captured_count(service.url.partition("/endpoints/")[0], folder)
    found.captured.append(captured)
    found.answered.append(answered)
    loads = 2 * len(found.turns)
    if not answered <= captured <= answered + loads * UNCOUNTED_REQUESTS:
        raise LostCaptureError(f"{answered} requests were answered, {captured} captured")
